#include "git_fixture.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ghost::runner::test {

TempDir::TempDir() {
  char name[] = "/tmp/ghost-test-XXXXXX";
  if (!::mkdtemp(name)) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string sh(const std::string& command, const std::string& cwd, int expected) {
  const std::string all =
      "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=/nonexistent LC_ALL=C "
      "GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Cem "
      "GIT_COMMITTER_EMAIL=cem@example.org; cd '" +
      cwd + "' && { " + command + "\n} 2>&1";
  FILE* pipe = ::popen(all.c_str(), "r");
  if (!pipe) throw std::runtime_error("popen");
  std::string out;
  char buffer[4096];
  for (size_t n; (n = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  const int status = ::pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
    throw std::runtime_error(command + ": status " + std::to_string(status) + "\n" + out);
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void spit(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
}

Origin::Origin() {
  sh("git init -q --bare -b main origin.git && git init -q -b main work && cd work && "
     "git remote add origin ../origin.git",
     dir_.path());
}

std::string Origin::git(const std::string& arguments) const {
  return sh("git " + arguments, work());
}

void Origin::write(const std::string& path, const std::string& text) const {
  spit(work() + "/" + path, text);
}

std::string Origin::commit(const std::string& message) const {
  git("add -A");
  git("commit -q --allow-empty -m '" + message + "'");
  git("push -q origin HEAD");
  return git("rev-parse HEAD");
}

std::string Origin::remote_ref(const std::string& ref) const {
  return sh("git --git-dir='" + url() + "' rev-parse -q --verify '" + ref + "' || true");
}

}  // namespace ghost::runner::test

// libgit2 1.5 leaks what a pattern was matched with where it does not match: once for each line of
// the configuration of a repository of format 1. No repository that Ghost takes is one.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpcre2-8";
}
