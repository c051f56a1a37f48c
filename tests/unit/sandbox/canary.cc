#include "canary.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "sandbox_fixture.h"

namespace ghost::runner::test {

Canary::Canary(std::string folder) : folder_(std::move(folder)) {
  spit(file(), "canary\n");
  spit(folder_ + "/deep/er/file", "deep canary\n");
  spit(folder_ + "/program", "#!/bin/sh\nexit 7\n");
  (void)!::symlink("file", (folder_ + "/link").c_str());
  (void)!::mkfifo((folder_ + "/pipe").c_str(), 0666);
  for (const char* path : {"", "/deep", "/deep/er", "/program"}) {
    (void)::chmod((folder_ + path).c_str(), 0777);
  }
  for (const char* path : {"/file", "/deep/er/file", "/pipe"}) {
    (void)::chmod((folder_ + path).c_str(), 0666);
  }
  before_ = snapshot();
}

std::string Canary::snapshot() const {
  std::vector<std::string> paths{folder_};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::string out;
  for (const std::string& path : paths) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) continue;
    out += path.substr(folder_.size());
    for (const auto number : {uint64_t{info.st_mode}, uint64_t{info.st_uid}, uint64_t{info.st_gid},
                              uint64_t{info.st_nlink}, static_cast<uint64_t>(info.st_size),
                              static_cast<uint64_t>(info.st_ctim.tv_sec),
                              static_cast<uint64_t>(info.st_ctim.tv_nsec)}) {
      out += " " + std::to_string(number);
    }
    out += S_ISREG(info.st_mode) ? " " + slurp(path) : "\n";
  }
  return out;
}

std::string Canary::changes() const {
  const std::string now = snapshot();
  return now == before_ ? "" : "before:\n" + before_ + "now:\n" + now;
}

std::vector<int> processes_in(const std::string& link) {
  std::vector<int> out;
  DIR* dir = ::opendir("/proc");
  while (const dirent* entry = ::readdir(dir)) {
    const int pid = std::atoi(entry->d_name);
    std::array<char, 64> text{};
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
    if (pid <= 0 || ::readlink(path.c_str(), text.data(), text.size() - 1) <= 0 ||
        link != text.data()) {
      continue;
    }
    // A dead one that its parent has not asked for yet runs no more.
    const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
    const size_t name_end = stat.rfind(") ");
    if (name_end != std::string::npos && stat[name_end + 2] != 'Z') out.push_back(pid);
  }
  ::closedir(dir);
  return out;
}

}  // namespace ghost::runner::test
