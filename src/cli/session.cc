#include "cli/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/fs.h"
#include "http/problem.h"
#include "wire/errors.gen.h"

namespace ghost::cli {
namespace {

// Written by the signal handler, read by whoever waits. Never drained: an interrupt stays.
int g_wake_pipe[2] = {-1, -1};

void on_signal(int) {
  const int saved = errno;
  (void)!write(g_wake_pipe[1], "x", 1);
  errno = saved;
}

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

size_t terminal_width() {
  winsize size{};
  for (const int fd : {1, 2}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  }
  return 80;
}

// Code of an answer that no relay gives: something else listens there.
constexpr const char* kNoRelay = "no_relay";

// What a proxy says of a relay that is away for a moment.
bool of_a_gateway(int status) {
  return status == 502 || status == 503 || status == 504;
}

int exit_code_of(const Error& error) {
  if (error.code == "unavailable" || error.code == "io_error" || error.code == "timeout" ||
      error.code == "stopping" || error.code == kNoRelay) {
    return kUnreachable;
  }
  switch (wire::error_info(error.code).status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
    case 431:
      return kUsage;
    default:
      return kFailed;
  }
}

}  // namespace

Session::Session(Globals globals) : globals_(std::move(globals)) {
  out_terminal_ = isatty(1) == 1;
  err_terminal_ = isatty(2) == 1;
  out_style_.colour = wants_colour(1);
  err_style_.colour = wants_colour(2);
  width_ = terminal_width();
  if (pipe2(g_wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) g_wake_pipe[0] = g_wake_pipe[1] = -1;
}

Result<std::unique_ptr<Session>> Session::open(Globals globals) {
  while (globals.url.ends_with('/')) globals.url.pop_back();
  if (globals.url.find("://") == std::string::npos) globals.url = "http://" + globals.url;
  auto base = http::parse_base_url(globals.url);
  if (!base) return Error{"bad_field", "--url " + globals.url + ": " + base.error().message, ""};
  if (globals.token.starts_with('@')) {
    auto text = read_file(globals.token.substr(1));
    if (!text) return Error{"bad_field", "--token: " + text.error().message, ""};
    globals.token = *text;
    while (!globals.token.empty() && std::isspace(static_cast<unsigned char>(globals.token.back())))
      globals.token.pop_back();
  }
  for (const char c : globals.token) {
    if (c < 0x21 || c > 0x7e) {
      return Error{"bad_field", "--token: a bearer token has no blanks or control characters", ""};
    }
  }
  std::unique_ptr<Session> session(new Session(std::move(globals)));
  http::ClientOptions options;
  options.ca_file = session->globals_.ca_file;
  options.wake_fd = g_wake_pipe[0];
  options.token = session->globals_.token;
  options.user_agent = "ghost/" GHOST_VERSION;
  session->client_ = std::make_unique<http::Client>(*base, options);
  return session;
}

Result<http::Response> Session::checked(Result<http::Response> answer) {
  last_problem_.clear();
  if (!answer || answer->ok()) return answer;
  const Error error = http::parse_problem(answer->status, answer->body);
  const auto document = http::parse_json(answer->body);
  if (document && !http::get_string(*document, "code").empty()) {
    last_problem_ = answer->body;
    return error;
  }
  if (of_a_gateway(answer->status)) {
    return Error{"unavailable", "HTTP status " + std::to_string(answer->status), ""};
  }
  return not_a_relay("HTTP status " + std::to_string(answer->status));
}

Result<http::Response> Session::send(const http::Request& request) {
  return checked(client_->send(request));
}

Result<http::Response> Session::get(const std::string& target, int64_t idle_ms) {
  return send({.target = target, .idle_ms = idle_ms});
}

Result<http::Json> Session::call(const std::string& method, const std::string& target,
                                 const http::Json& body) {
  http::Request request{.method = method, .target = target};
  if (!body.is_null()) {
    request.body = http::print_json(body);
    request.headers.emplace_back("Content-Type", "application/json");
  }
  auto answer = send(request);
  if (!answer) return answer.error();
  if (answer->body.empty()) return http::Json(http::JsonObject());
  auto parsed = http::parse_json(answer->body);
  if (!parsed) return not_a_relay(parsed.error().message);
  if (!parsed->is_object()) return not_a_relay("expected a JSON object");
  return parsed;
}

Result<http::Json> Session::call_job(const std::string& method, const std::string& target) {
  auto job = call(method, target);
  if (job && (http::get_string(*job, "id").empty() || http::get_string(*job, "state").empty())) {
    return not_a_relay("expected a job");
  }
  return job;
}

Error Session::not_a_relay(const std::string& why) const {
  return {kNoRelay, globals_.url + " does not answer like a relay: " + why, ""};
}

Result<http::Response> Session::farewell(const std::string& method, const std::string& target) {
  auto base = http::parse_base_url(globals_.url);
  if (!base) return base.error();
  http::Client client(
      *base,
      {.ca_file = globals_.ca_file, .token = globals_.token, .user_agent = "ghost/" GHOST_VERSION});
  return checked(client.send({.method = method, .target = target, .idle_ms = 5'000}));
}

Status Session::stream(const http::Request& request,
                       const std::function<bool(std::string_view)>& piece) {
  auto answer = checked(client_->stream(request, piece));
  if (!answer) return answer.error();
  return ok_status();
}

void Session::catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

size_t Session::height() const {
  winsize size{};
  return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

bool Session::interrupted() const {
  return !pause_ms(0);
}

bool Session::pause_ms(int64_t ms) const {
  pollfd wake{g_wake_pipe[0], POLLIN, 0};
  int got;
  do got = poll(&wake, 1, static_cast<int>(ms));
  while (got < 0 && errno == EINTR);
  return got == 0;
}

int Session::fail(const Error& error) const {
  if (error.code == "stopping" && interrupted()) return kInterrupted;
  if (globals_.json) {
    const Error told{error.code == kNoRelay ? "unavailable" : error.code, error.message,
                     error.field};
    print((last_problem_.empty() ? http::print_json(http::problem_json(told)) : last_problem_) +
          "\n");
  }
  std::string text = err_style_.red("ghost: ") + safe_block(error.message);
  if (error.code == "unavailable" && last_problem_.empty()) {
    text = err_style_.red("ghost: ") + "cannot reach the relay at " + safe_line(globals_.url) +
           ": " + safe_line(error.message) +
           "\n  `ghost up` starts a farm on this machine; --url or GHOST_URL names another relay.";
  }
  if (!error.field.empty() && wire::error_info(error.code).status != 404 &&
      error.message.find(error.field) == std::string::npos) {
    text += " (" + safe_line(error.field) + ")";
  }
  std::cerr << text << "\n";
  return exit_code_of(error);
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(1, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) std::_Exit(errno == EPIPE ? 0 : kFailed);
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

void print_json_document(const http::Json& document) {
  print(http::print_json_pretty(document));
}

int Session::usage_error(const std::string& message) const {
  return cli::usage_error(message, globals_.json);
}

void Session::print_document(const http::Json& document) const {
  print(one_a_line_ ? http::print_json(document) + "\n" : http::print_json_pretty(document));
}

int fail_offline(const Error& error) {
  std::cerr << "ghost: " << safe_block(error.message) << "\n";
  return error.code == "bad_field" || error.code == "bad_config" ? kUsage : kFailed;
}

int usage_error(const std::string& message, bool json) {
  if (json) print(http::print_json(http::problem_json({"bad_request", message, ""})) + "\n");
  std::cerr << "ghost: " << safe_block(message) << "\n";
  return kUsage;
}

}  // namespace ghost::cli
