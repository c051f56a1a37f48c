// Who may call: bearer tokens (RFC 6750) from a file. Made at start, then only read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "relay/exchange.h"

namespace ghost::relay {

class Auth {
 public:
  // Lines "TOKEN [NAME]"; blank lines and those that begin with # are left out. A token has at
  // least 16 characters. An empty path: nobody is asked. Error codes io_error, bad_config.
  static Result<Auth> load(const std::string& path);
  static Result<Auth> parse(const std::string& text, const std::string& path);

  // Sets the request's actor. Error code unauthorized.
  Status check(Request& request) const;
  bool asks() const { return !tokens_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> tokens_;  // SHA-256, name
};

}  // namespace ghost::relay
