// A tree of the host's beside the sandboxes' own folders, open to everybody, so that nothing but
// the sandbox keeps a gate from it; and a look at what processes of a sandbox are left.
#pragma once

#include <string>
#include <vector>

namespace ghost::runner::test {

class Canary {
 public:
  explicit Canary(std::string folder);
  const std::string& folder() const { return folder_; }
  std::string file() const { return folder_ + "/file"; }
  // What differs from the beginning: content, kind, owner, mode, links, change time. Empty:
  // nothing.
  std::string changes() const;

 private:
  std::string snapshot() const;
  const std::string folder_;
  std::string before_;
};

// The host's living processes in the pid namespace that a gate knows as `link`
// ("pid:[4026532000]").
std::vector<int> processes_in(const std::string& link);

}  // namespace ghost::runner::test
