// URLs and request targets (RFC 3986), strictly: a character that has no place is an error. Owner
// of Boost.URL. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ghost::http {

// In the order of the text, names and values decoded. '+' stands for a blank, as browsers,
// curl --data-urlencode and every HTTP library write it.
using Query = std::vector<std::pair<std::string, std::string>>;

// A request target in origin form (RFC 9112, 3.2.1): "/v1/patches/x?wait=5". An encoded slash
// stays inside its segment. Control characters, also encoded ones, are refused.
struct Target {
  std::vector<std::string> segments;  // decoded; "/" has none, a trailing slash an empty last one
  Query query;
  std::string raw_query;  // as received
};
Result<Target> parse_target(std::string_view text);  // error code bad_request

// "http://127.0.0.1:5050/prefix" of a service: scheme http or https, no user, no query, no
// fragment.
struct BaseUrl {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;  // decimal; that of the scheme where the URL names none
  bool tls = false;
  std::string path;  // prefix without a trailing slash, may be empty
  std::string authority() const;
};
Result<BaseUrl> parse_base_url(std::string_view text);  // error code bad_field

// "a/b c" -> "a%2Fb%20c": everything but RFC 3986's unreserved characters is encoded.
std::string percent_encode(std::string_view text);
// The same, but '/' stays.
std::string percent_encode_path(std::string_view text);
// "a=1&b=%20"; empty for an empty query, without the question mark.
std::string print_query(const Query& query);

}  // namespace ghost::http
