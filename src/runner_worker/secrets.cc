#include "runner_worker/secrets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "wire/request_check.h"

namespace ghost::runner {
namespace {

Error bad(const std::string& why) {
  return {"bad_config", "the secrets file " + why, {}};
}

bool unquote(std::string* value) {
  if (value->size() < 2 || value->front() != '"') return true;
  if (value->back() != '"') return false;
  std::string out;
  for (size_t i = 1; i + 1 < value->size(); ++i) {
    char c = (*value)[i];
    if (c == '"') return false;
    if (c == '\\') {
      if (++i + 1 >= value->size()) return false;
      c = (*value)[i];
      if (c == 'n') {
        c = '\n';
      } else if (c != '"' && c != '\\') {
        return false;
      }
    }
    out += c;
  }
  *value = std::move(out);
  return true;
}

}  // namespace

Result<std::map<std::string, std::string>> read_secrets(const std::string& file) {
  struct stat st;
  if (file.empty() || ::stat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) {
    return bad("is not there");
  }
  if ((st.st_mode & 077) != 0) return bad("may be read by others; chmod 600 it");
  if (st.st_uid != ::geteuid() && st.st_uid != 0) return bad("has another owner than the runner");
  auto text = read_file(file);
  if (!text) return bad("cannot be read");
  std::map<std::string, std::string> secrets;
  size_t number = 0;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    const std::string name = line.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
    if (equals == std::string::npos || !wire::is_env_name(name) || !unquote(&value) ||
        value.find('\0') != std::string::npos) {
      return bad("has a bad line " + std::to_string(number) + ", expected NAME=value");
    }
    secrets[name] = value;
  }
  return secrets;
}

Masker::Masker(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    secrets_.push_back(secret);
    // Tools print a key of many lines line by line, indented or numbered.
    for (size_t begin = 0; secret.find('\n') != std::string::npos && begin < secret.size();) {
      const size_t end = std::min(secret.find('\n', begin), secret.size());
      if (end - begin >= 8) secrets_.push_back(secret.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
}

std::string Masker::feed(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  held_ += bytes;
  return show(false);
}

std::string Masker::finish() {
  return show(true);
}

std::string Masker::show(bool at_end) {
  std::string out;
  const std::string_view text = held_;
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    bool wait = false;
    size_t match = 0;
    for (const auto& secret : secrets_) {
      if (secret[0] != rest[0]) continue;
      if (rest.size() < secret.size()) {
        // A longer secret may still come; it is preferred to a shorter one that is there.
        if (!at_end && std::string_view(secret).starts_with(rest)) {
          wait = true;
          break;
        }
      } else if (rest.starts_with(secret)) {
        match = secret.size();
        break;
      }
    }
    if (wait) break;
    if (match != 0) {
      out += kMask;
      at += match;
    } else {
      out += rest[0];
      ++at;
    }
  }
  held_.erase(0, at);
  return out;
}

}  // namespace ghost::runner
