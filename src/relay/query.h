// Reads the query parameters of a call by name; whatever is left over is refused by name. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/url.h"
#include "relay/exchange.h"

namespace ghost::relay {

class QueryReader {
 public:
  explicit QueryReader(const http::Query& query) : query_(query), taken_(query.size()) {}

  // A parameter that may come once; twice is an error.
  std::optional<std::string> one(std::string_view name);
  // Every value of a parameter that may come often.
  std::vector<std::string> all(std::string_view name);
  // A whole number within bounds.
  std::optional<uint64_t> number(std::string_view name, uint64_t min, uint64_t max);
  // "1", "true", "yes" or no value at all; "0", "false", "no".
  bool flag(std::string_view name);
  std::optional<WallMs> time(std::string_view name);

  // The first error: bad_field, or unknown_field for a parameter that nobody asked for.
  Status finish();

 private:
  void fail(std::string_view name, const std::string& what);

  const http::Query& query_;
  std::vector<bool> taken_;
  std::optional<Error> error_;
};

// For calls that take no parameters.
inline Status no_query(const Request& request) {
  return QueryReader(request.target.query).finish();
}

// Seconds in Prefer: wait=N (RFC 7240); a preference that cannot be read is ignored.
std::optional<uint64_t> preferred_wait_s(const Request& request);

}  // namespace ghost::relay
