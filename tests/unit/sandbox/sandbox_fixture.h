// Real sandboxes over a small base of their own, with the attacker program (attacker.cc) in the
// workspace as ./attacker, and looks at the host from outside. Skips where the host gives none.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runner_worker/sandbox.h"

namespace ghost::runner::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string slurp(const std::string& path);
void spit(const std::string& path, const std::string& text);

// True as soon as `condition` holds, false when it does not within the deadline.
bool wait_until(const std::function<bool()>& condition, int deadline_ms = 20'000);

// Processes of the host, in whatever namespace, that have `mark` in their command line.
std::vector<int> processes_with(const std::string& mark);

// Living processes below this one, whatever namespace they are in.
std::vector<int> descendants();

// A word that no other process has in its command line.
std::string unique_mark();

struct Outcome {
  GateRun run;
  std::string out, err;
};

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest();
  void SetUp() override;

  // A sandbox over base(), with the attacker in it.
  std::unique_ptr<Sandbox> open(const SandboxSpec& spec);
  std::unique_ptr<Sandbox> open() { return open(spec()); }
  SandboxSpec spec() const;
  std::string base() const { return dir_.path() + "/base"; }
  std::string scratch() const { return dir_.path() + "/scratch"; }
  virtual SandboxOptions options() const;

  static Outcome run(Sandbox& box, std::vector<std::string> argv, uint64_t timeout_ms = 30'000);
  static Outcome shell(Sandbox& box, const std::string& script, uint64_t timeout_ms = 30'000) {
    return run(box, {"sh", "-c", script}, timeout_ms);
  }

  TempDir dir_;
  std::unique_ptr<SandboxPool> pool_;
};

FileChange file(const std::string& path, const std::string& text, uint32_t mode = 0100644);
FileChange removed(const std::string& path);

}  // namespace ghost::runner::test
