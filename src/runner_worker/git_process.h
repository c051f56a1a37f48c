// Runs the git program: the transport of Ghost (fetch, push, ls-remote). Every call has an
// environment of its own making: no system or user configuration, no hooks, no prompts, an
// allow-list of protocols; it is ended by its time limit and by the job's stop. Stateless after
// make; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runner_worker/cutoff.h"
#include "wire/repo_url.h"

namespace ghost::runner {

// How to speak to one catalogue repository. Nothing of it ever stands on a command line or in a
// log.
struct GitRemote {
  std::string name;             // catalogue name, for messages
  std::string url;              // checked by GitProgram::check_url
  std::string credential_file;  // empty: none
};

struct GitCall {
  std::vector<std::string> args;        // behind "git"
  std::string git_dir{};                // empty: none
  const GitRemote* remote = nullptr;    // known to git as "origin" in this call
  uint64_t time_ms_max = 10 * 60'000;   // also bounded by the cutoff
  size_t output_bytes_max = 256 << 20;  // of stdout, more is an error; stderr keeps 64 KiB
};

struct GitDone {
  int exit_code = 0;
  std::string out, err;  // err is without the remote's URL and control characters
  // The last telling line of `err`.
  std::string complaint() const;
};

class GitProgram {
 public:
  // `dir` holds the empty home and the configuration that every call uses; made when missing.
  // `protocols` as GIT_ALLOW_PROTOCOL takes them ("file:git:https:ssh").
  // Error code bad_config when there is no git.
  // Names are looked up by `resolve`; what is not public must be in `allowed`.
  static Result<GitProgram> make(const std::string& dir, const std::string& protocols,
                                 wire::Networks allowed = {},
                                 wire::Resolve resolve = wire::resolve_host);

  // Error codes: git_error (could not be started, too much output), timeout, stopping; url_refused,
  // io_error (where the remote is, or that it cannot be found). A git that
  // ends with a non-zero exit code is no Error.
  Result<GitDone> run(const GitCall& call, const Cutoff& cutoff) const;

  // What can be said of a URL without looking anything up. Error code url_refused; the message does
  // not hold the URL.
  Status check_url(const std::string& url) const;

 private:
  struct Pinned {  // a remote that leads to judged addresses alone
    std::string url, curl, ssh;
  };
  Status pin(const GitRemote& remote, Pinned* out) const;
  std::vector<std::string> environment(const GitCall& call, const Pinned& pinned) const;

  std::string dir_, protocols_;
  wire::Networks allowed_;
  wire::Resolve resolve_;
};

// The path when `url` names a repository on this host ("/srv/a.git", "file:///srv/a.git"), empty
// otherwise.
std::string local_path_of(const std::string& url);

// Is `file` a private key for ssh rather than git's "username=", "password=" lines? Error code
// bad_config when it is missing, empty or readable by others.
Result<bool> credential_is_ssh_key(const std::string& file);

}  // namespace ghost::runner
