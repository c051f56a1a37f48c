#include "http/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace ghost::http {
namespace {

namespace urls = boost::urls;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string decoded(urls::pct_string_view text, bool plus_is_blank = false) {
  urls::encoding_opts options;
  options.space_as_plus = plus_is_blank;
  std::string out;
  text.decode(options, urls::string_token::assign_to(out));
  return out;
}

std::string encoded(std::string_view text, std::string_view keep) {
  static const char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

constexpr std::string_view kUnreserved = "-._~";
constexpr size_t kQueryParametersMax = 1000;

}  // namespace

Result<Target> parse_target(std::string_view text) {
  const auto parsed = urls::parse_origin_form(urls::string_view(text.data(), text.size()));
  if (!parsed) return Error{"bad_request", "the request target is no path (RFC 3986)", ""};
  Target out;
  // "//host/x" is a path here; Boost.URL would read an authority elsewhere, not in origin form.
  const std::string_view path(parsed->encoded_path().data(), parsed->encoded_path().size());
  for (size_t begin = 1; begin <= path.size() && path.size() > 1;) {
    const size_t end = std::min(path.find('/', begin), path.size());
    out.segments.push_back(
        decoded(urls::pct_string_view(urls::string_view(path.data() + begin, end - begin))));
    if (has_control(out.segments.back())) {
      return Error{"bad_request", "the path holds a control character", ""};
    }
    begin = end + 1;
  }
  if (!parsed->has_query()) return out;
  out.raw_query.assign(parsed->encoded_query().data(), parsed->encoded_query().size());
  for (const auto& param : parsed->encoded_params()) {
    if (param.key.empty() && !param.has_value) continue;  // "a=1&" and "?"
    if (out.query.size() == kQueryParametersMax) {
      return Error{"bad_request", "too many query parameters", ""};
    }
    out.query.emplace_back(decoded(param.key, true), decoded(param.value, true));
  }
  return out;
}

std::string BaseUrl::authority() const {
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == "80" ? shown : shown + ":" + port;
}

Result<BaseUrl> parse_base_url(std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return Error{"bad_field", "\"" + std::string(text) + "\": " + why, ""};
  };
  const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!parsed) return bad("expected a URL such as http://127.0.0.1:5050");
  const bool tls = parsed->scheme_id() == urls::scheme::https;
  if (!tls && parsed->scheme_id() != urls::scheme::http) {
    return bad("expected a URL that begins http:// or https://");
  }
  if (parsed->host().empty()) return bad("the URL names no host");
  if (parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment()) {
    return bad("a user, query or fragment has no place in it");
  }
  BaseUrl out;
  out.tls = tls;
  out.port = tls ? "443" : "80";
  out.host = std::string(parsed->host_address());
  if (!parsed->port().empty()) {
    out.port = std::string(parsed->port());
    if (out.port.size() > 5 || std::stoi(out.port) < 1 || std::stoi(out.port) > 65535) {
      return bad("the port is no number from 1 to 65535");
    }
  }
  out.path.assign(parsed->encoded_path().data(), parsed->encoded_path().size());
  while (!out.path.empty() && out.path.back() == '/') out.path.pop_back();
  return out;
}

std::string percent_encode(std::string_view text) {
  return encoded(text, kUnreserved);
}

std::string percent_encode_path(std::string_view text) {
  return encoded(text, "-._~/");
}

std::string print_query(const Query& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

}  // namespace ghost::http
