// ghost submit: reads a patch, sends it under an idempotency key of its own, and waits if asked.
#include <unistd.h>

#include <iostream>

#include "base/fs.h"
#include "base/ids.h"
#include "base/time.h"
#include "cli/follow.h"
#include "cli/request.h"
#include "cli/watch.h"

namespace ghost::cli {
namespace {

constexpr int64_t kPatienceMs = 60'000;
constexpr size_t kInputBytesMax = size_t{64} << 20;

Result<std::string> read_stdin() {
  if (isatty(0) == 1) {
    std::cerr << "ghost: reading the patch from the terminal; end it with Ctrl-D\n";
  }
  std::string out;
  char piece[65536];
  for (;;) {
    const ssize_t got = read(0, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"bad_field", "cannot read standard input", ""};
    if (got == 0) return out;
    out.append(piece, static_cast<size_t>(got));
    if (out.size() > kInputBytesMax) return Error{"too_large", "standard input is too large", ""};
  }
}

// Sends until there is an answer. The key makes it safe: the same request under it is one job.
Result<http::Response> send_submission(Session& session, const http::Request& request) {
  const MonoMs until = mono_now_ms() + kPatienceMs;
  int64_t pause_ms = 250;
  for (bool first = true;; first = false) {
    auto answer = session.send(request);
    if (answer || !passes_by_itself(answer.error()) || session.interrupted()) return answer;
    // Nobody listens there at all: most likely a wrong URL or no farm, and nothing was sent.
    if (first && answer.error().code == "unavailable" &&
        answer.error().message.starts_with("connect to")) {
      return answer;
    }
    if (mono_now_ms() >= until) return answer;
    if (first) {
      std::cerr << "ghost: " << safe_line(answer.error().message) << "; trying again\n";
    }
    session.pause_ms(pause_ms);
    pause_ms = std::min<int64_t>(4'000, pause_ms * 2);
  }
}

}  // namespace

int run_submit(Session& session, const SubmitOptions& options) {
  std::string text;
  if (!options.no_patch) {
    auto read = options.file == "-" ? read_stdin() : read_file(options.file);
    if (!read) return session.usage_error(read.error().message);
    text = std::move(*read);
  }
  auto body = build_request(options, text, wall_now_ms());
  if (!body) {
    const std::string where = options.file.empty()  ? ""
                              : options.file == "-" ? "standard input: "
                                                    : options.file + ": ";
    const bool about_file =
        body.error().code == "bad_json" || body.error().message.starts_with("there is nothing");
    return session.usage_error((about_file ? where : "") + body.error().message);
  }
  if (options.dry_run) {
    print_json_document(*body);
    return kPassed;
  }
  std::string key = options.key;
  if (key.empty()) key = http::get_string(*body, "idempotencyKey");
  if (key.empty()) key = "ghost-" + mint_ulid(wall_now_ms());
  http::Request request{.method = "POST", .target = "/v1/patches"};
  request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}};
  request.body = http::print_json(*body);
  if (options.wait.wait) session.catch_interrupts();
  auto answer = send_submission(session, request);
  if (!answer) {
    const int code = session.fail(answer.error());
    if (code == kUnreachable && !answer.error().message.starts_with("connect to")) {
      std::cerr << "  Whether the patch was taken is not known; the same command with --key " << key
                << " is safe: it finds the job or makes it.\n";
    }
    return code;
  }
  auto job = http::parse_json(answer->body);
  const std::string id = job ? http::get_string(*job, "id") : "";
  if (id.empty()) return session.fail(session.not_a_relay("expected a job"));
  if (!options.wait.wait) {
    if (session.json()) {
      print_json_document(*job);
    } else {
      print(id + "\n");
      if (session.err_is_terminal()) {
        std::cerr << session.err_style().dim("ghost wait " + id + " shows its verdict") << "\n";
      }
    }
    return kPassed;
  }
  if (!session.json() && !options.wait.quiet) {
    std::cerr << session.err_style().dim("job " + id +
                                         (answer->header("idempotency-replayed") == "true"
                                              ? " (submitted before)"
                                              : ""))
              << std::endl;
  }
  return watch_job(session, id, options.wait);
}

}  // namespace ghost::cli
