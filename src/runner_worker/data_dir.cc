#include "runner_worker/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/ids.h"

namespace ghost::runner {
namespace {

Error io_error(const std::string& what, const std::string& path) {
  return {"io_error", what + " " + path + ": " + std::strerror(errno), ""};
}

// A host's name as the beginning of an instance name.
std::string name_of_host(const std::string& host) {
  std::string name;
  for (const char c : host.substr(0, host.find('.')).substr(0, 60)) {
    name += is_name(std::string(1, c)) || (!name.empty() && c == '-') ? c : '-';
  }
  return is_name(name) ? name : "runner";
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Result<std::unique_ptr<DataDir>> DataDir::open(const std::string& path) {
  if (Status made = make_dirs(path, 0700); !made) return made.error();
  const std::string lock = path + "/lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("open", lock);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const Error error =
        errno == EWOULDBLOCK
            ? Error{"conflict", "data directory " + path + " is in use by another ghost-runner", ""}
            : io_error("lock", lock);
    ::close(fd);
    return error;
  }
  return std::unique_ptr<DataDir>(new DataDir(path, fd));
}

DataDir::~DataDir() {
  ::close(lock_fd_);
}

// What `file` holds, or `fresh` once it is written there.
Result<std::string> DataDir::keep(const std::string& file, const std::string& fresh) {
  const std::string path = path_ + "/" + file;
  if (::access(path.c_str(), F_OK) == 0) {
    Result<std::string> kept = read_file(path);
    if (!kept) return kept.error();
    return trimmed(std::move(*kept));
  }
  if (Status written = write_file_atomic(path, fresh + "\n", 0600); !written) {
    return written.error();
  }
  return fresh;
}

Result<Identity> DataDir::begin_session(const std::string& name, const std::string& host,
                                        WallMs now) {
  Identity identity;
  if (!name.empty()) {
    if (!is_name(name)) {
      return Error{"bad_config", "--name " + name + ": expected 1 to 128 of [A-Za-z0-9._-]", ""};
    }
    identity.instance = name;
  } else {
    auto kept = keep("instance", name_of_host(host) + "-" + to_hex(random_bytes(3)));
    if (!kept) return kept.error();
    if (!is_name(*kept)) {
      return Error{"bad_config", path_ + "/instance holds no instance name", ""};
    }
    identity.instance = std::move(*kept);
  }

  auto secret = keep("secret", to_hex(random_bytes(32)));
  if (!secret) return secret.error();
  identity.secret = from_hex(*secret);
  if (identity.secret.size() < 16 || identity.secret.size() > 64) {
    return Error{"bad_config", path_ + "/secret does not hold 16 to 64 bytes as hex", ""};
  }
  // Somebody may have loosened it, or restored it from a backup.
  if (::chmod((path_ + "/secret").c_str(), 0600) != 0) {
    return io_error("set permissions of", path_ + "/secret");
  }

  auto last = keep("session", "0");
  if (!last) return last.error();
  uint64_t used = 0;
  const auto [end, fault] = std::from_chars(last->data(), last->data() + last->size(), used);
  if (fault != std::errc() || end != last->data() + last->size()) {
    return Error{"bad_config", path_ + "/session does not hold a number", ""};
  }
  identity.session = std::max(used + 1, static_cast<uint64_t>(std::max<WallMs>(now, 1)));
  Status kept =
      write_file_atomic(path_ + "/session", std::to_string(identity.session) + "\n", 0600);
  if (!kept) return kept.error();
  return identity;
}

}  // namespace ghost::runner
