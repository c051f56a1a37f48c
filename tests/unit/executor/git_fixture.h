// Real repositories for tests, made by the git program in a folder of their own that goes with the
// fixture.
#pragma once

#include <string>
#include <vector>

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

// What a program printed; fails the test (throws) when it ended with another code than expected.
std::string sh(const std::string& command, const std::string& cwd = "/", int expected = 0);

std::string slurp(const std::string& path);
void spit(const std::string& path, const std::string& text);

// A bare "remote" with a working clone of it.
class Origin {
 public:
  Origin();
  std::string url() const { return dir_.path() + "/origin.git"; }
  std::string work() const { return dir_.path() + "/work"; }
  // Runs git in the working clone.
  std::string git(const std::string& arguments) const;
  void write(const std::string& path, const std::string& text) const;
  // Commits everything, pushes the current branch, gives the commit's id.
  std::string commit(const std::string& message) const;
  // What a ref of the bare repository points to; empty when there is none.
  std::string remote_ref(const std::string& ref) const;

 private:
  TempDir dir_;
};

}  // namespace ghost::runner::test
