#include "relay/auth.h"

#include <sstream>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/ids.h"

namespace ghost::relay {
namespace {

constexpr size_t kTokenBytesMin = 16;

// Takes as long for any two digests.
bool same_digest(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

}  // namespace

Result<Auth> Auth::load(const std::string& path) {
  if (path.empty()) return Auth();
  Result<std::string> text = read_file(path);
  if (!text) return text.error();
  return parse(*text, path);
}

Result<Auth> Auth::parse(const std::string& text, const std::string& path) {
  Auth out;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string token, name, more;
    words >> token >> name >> more;
    if (token.empty() || token.front() == '#') continue;
    const std::string where = "token file " + path + ", line " + std::to_string(number) + ": ";
    if (token.size() < kTokenBytesMin) {
      return Error{"bad_config", where + "a token has at least 16 characters", ""};
    }
    if (!more.empty() || (!name.empty() && !is_name(name))) {
      return Error{"bad_config", where + "expected TOKEN [NAME]", ""};
    }
    if (name.empty()) name = "token-" + std::to_string(out.tokens_.size() + 1);
    out.tokens_.emplace_back(sha256(token), name);
  }
  if (out.tokens_.empty()) {
    return Error{"bad_config", "token file " + path + ": holds no token", ""};
  }
  return out;
}

Status Auth::check(Request& request) const {
  if (tokens_.empty()) {
    request.actor = "http:" + request.peer;
    return ok_status();
  }
  const std::string* header = request.header("authorization");
  if (header == nullptr || request.count("authorization") > 1) {
    return Error{"unauthorized", "send Authorization: Bearer TOKEN", ""};
  }
  const size_t blank = header->find(' ');
  std::string scheme = header->substr(0, blank);
  for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (scheme != "bearer" || blank == header->npos) {
    return Error{"unauthorized", "the Authorization header is no bearer token", ""};
  }
  const size_t begin = header->find_first_not_of(' ', blank);
  const std::string digest = sha256(begin == header->npos ? "" : header->substr(begin));
  for (const auto& [known, name] : tokens_) {
    if (!same_digest(known, digest)) continue;
    request.actor = name;
    return ok_status();
  }
  return Error{"unauthorized", "the bearer token is not known", ""};
}

}  // namespace ghost::relay
