// What every command that talks to a relay has: the relay's URL, the connection, the terminal, and
// how failures are told. For the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/text.h"
#include "http/client.h"
#include "http/json.h"

namespace ghost::cli {

// What scripts can rely on. A request that the relay refuses as wrong counts as usage.
enum ExitCode {
  kPassed = 0,
  kFailed = 1,
  kUsage = 2,
  kUnreachable = 3,
  kStopped = 4,  // cancelled or expired
  kDead = 5,
  kWaitTimedOut = 6,
  kInterrupted = 130,  // as a shell shows a death by Ctrl-C
};

struct Globals {
  std::string url = "http://127.0.0.1:5050";
  std::string token;  // "@FILE": read from there
  std::string ca_file;
  bool json = false;
};

class Session {
 public:
  // Errors: bad_field for a URL or token file that cannot be used.
  static Result<std::unique_ptr<Session>> open(Globals globals);

  // One request. The answer of another status than 2xx is an Error made of its problem document.
  Result<http::Response> send(const http::Request& request);
  Result<http::Response> get(const std::string& target, int64_t idle_ms = 30'000);
  // The same with JSON bodies; a null body sends none.
  Result<http::Json> call(const std::string& method, const std::string& target,
                          const http::Json& body = nullptr);
  // The same for a call that is answered with a job.
  Result<http::Json> call_job(const std::string& method, const std::string& target);
  // The error of an answer that no relay would give.
  Error not_a_relay(const std::string& why) const;
  // One request that an interrupt does not stop: what is said on leaving.
  Result<http::Response> farewell(const std::string& method, const std::string& target);
  // Pieces of a 2xx answer as they come.
  Status stream(const http::Request& request, const std::function<bool(std::string_view)>& piece);

  // From now on SIGINT and SIGTERM end what is under way instead of the program.
  void catch_interrupts();
  bool interrupted() const;
  // Waits without a busy loop; false when interrupted meanwhile.
  bool pause_ms(int64_t ms) const;

  // Says what went wrong, to stderr (with --json also a problem document to stdout), and gives the
  // exit code for it.
  int fail(const Error& error) const;
  // The same for what was typed wrong: kUsage.
  int usage_error(const std::string& message) const;

  // A document on standard output: readable, or one a line when the command prints several.
  void print_document(const http::Json& document) const;
  void set_one_a_line() { one_a_line_ = true; }

  bool json() const { return globals_.json; }
  const std::string& url() const { return globals_.url; }
  // Standard output and standard error as terminals.
  bool out_is_terminal() const { return out_terminal_; }
  bool err_is_terminal() const { return err_terminal_; }
  const Style& out_style() const { return out_style_; }
  const Style& err_style() const { return err_style_; }
  size_t width() const { return width_; }
  size_t height() const;  // of the terminal as it is now
  // Of tables and reports: the terminal's, or 0 (no clipping) when the output goes elsewhere.
  size_t table_width() const { return out_terminal_ ? width_ : 0; }

 private:
  explicit Session(Globals globals);
  Result<http::Response> checked(Result<http::Response> answer);

  Globals globals_;
  std::unique_ptr<http::Client> client_;
  std::string last_problem_;  // body of the last answer, when it was a problem document
  bool one_a_line_ = false;
  bool out_terminal_ = false, err_terminal_ = false;
  Style out_style_, err_style_;
  size_t width_ = 80;
};

// Writes all of it to standard output and flushes; a closed pipe ends the program quietly.
void print(std::string_view text);
void print_json_document(const http::Json& document);
// "ghost: " + message to stderr, with `json` also a problem document to stdout; gives kUsage.
int usage_error(const std::string& message, bool json);
// Says it and gives the exit code, where no relay was asked.
int fail_offline(const Error& error);

}  // namespace ghost::cli
