#include "relay/request_head.h"

#include <algorithm>

namespace ghost::relay {
namespace {

Error bad(std::string what) {
  return {"bad_request", std::move(what), ""};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_nocase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {  // RFC 9110, 5.6.2
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 261 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:[]%").find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Origin form, "*" for OPTIONS, and the absolute form that a proxy's client sends, when it names
// the very host of the Host header.
Status read_target(std::string_view text, Request* out) {
  if (text == "*" && out->method == "OPTIONS") {
    out->path = "*";
    return ok_status();
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_nocase(text.substr(0, scheme.size()), scheme)) continue;
    const size_t slash = text.find_first_of("/?#", scheme.size());
    const std::string_view authority =
        text.substr(scheme.size(), slash == text.npos ? text.npos : slash - scheme.size());
    const std::string* host = out->header("host");
    if (host == nullptr || !equals_nocase(authority, *host)) {
      return bad("the request target and the Host header name different hosts");
    }
    if (slash == text.npos || text[slash] != '/') return bad("the request target has no path");
    text = text.substr(slash);
    break;
  }
  Result<http::Target> target = http::parse_target(text);
  if (!target) return target.error();
  out->target = std::move(*target);
  out->path = std::string(text.substr(0, text.find('?')));
  return ok_status();
}

Status read_field(std::string_view line, Request* out) {
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded header line");
  const size_t colon = line.find(':');
  if (colon == line.npos) return bad("a header line without a colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return bad("a header name with a character that has no place there");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_field_value(value)) return bad("a control character in a header");
  if (out->headers.size() == kHeadersMax) return bad("too many headers");
  std::string low(name);
  std::transform(low.begin(), low.end(), low.begin(), lower);
  out->headers.emplace_back(std::move(low), std::string(value));
  return ok_status();
}

Status read_framing(Request* out) {
  const size_t lengths = out->count("content-length");
  const size_t encodings = out->count("transfer-encoding");
  if (lengths + encodings > 1) {
    return bad(lengths > 0 && encodings > 0
                   ? "Content-Length and Transfer-Encoding together"
                   : "Content-Length or Transfer-Encoding given more than once");
  }
  if (encodings == 1) {
    if (!out->http11) return bad("Transfer-Encoding in HTTP/1.0");
    if (!equals_nocase(*out->header("transfer-encoding"), "chunked")) {
      return bad("a Transfer-Encoding other than chunked");
    }
    out->chunked = true;
  }
  if (lengths == 1) {
    const std::string& text = *out->header("content-length");
    if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos) {
      return bad("a Content-Length that is no number");
    }
    out->content_length = std::stoull(text);
  }
  return ok_status();
}

Status read_host(const Request& request) {
  const size_t hosts = request.count("host");
  if (hosts > 1) return bad("more than one Host header");
  if (hosts == 0) {
    return request.http11 ? Status(bad("no Host header")) : ok_status();
  }
  if (!is_host(*request.header("host"))) return bad("a Host header that names no host");
  return ok_status();
}

Status read_connection(Request* out) {
  out->keep_alive = out->http11;
  for (const auto& [name, value] : out->headers) {
    if (name == "expect") {
      if (!equals_nocase(value, "100-continue")) {
        return Error{"expectation_failed", "an expectation other than 100-continue", ""};
      }
      out->expect_continue = out->http11;
    }
    if (name != "connection") continue;
    const std::string_view text = value;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view option = trimmed(text.substr(begin, end - begin));
      if (equals_nocase(option, "close")) {
        out->keep_alive = false;
        return ok_status();
      }
      if (equals_nocase(option, "keep-alive")) out->keep_alive = true;
      begin = end + 1;
    }
  }
  return ok_status();
}

}  // namespace

bool head_may_go_on(std::string_view bytes, size_t judged) {
  // The last one again: what follows a CR was not there yet.
  for (size_t i = judged == 0 ? 0 : judged - 1; i < bytes.size(); ++i) {
    if (bytes[i] == '\0') return false;
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return false;
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') return false;
  }
  return true;
}

Result<Request> parse_head(std::string_view head) {
  if (!head_may_go_on(head)) return bad("a bare CR, LF or NUL in the head of the request");
  Request out;
  const size_t first_end = head.find("\r\n");
  if (first_end == head.npos) return bad("no request line");
  const std::string_view line = head.substr(0, first_end);
  const size_t method_end = line.find(' '), target_end = line.rfind(' ');
  if (method_end == line.npos || target_end == method_end) return bad("no request line");
  out.method = std::string(line.substr(0, method_end));
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (!is_token(out.method)) return bad("a method that is no token");
  if (target.find_first_of(" \t") != target.npos) return bad("a blank in the request target");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return bad("not HTTP/1.1 or HTTP/1.0");
  out.http11 = version == "HTTP/1.1";

  for (size_t begin = first_end + 2; begin < head.size();) {
    const size_t end = head.find("\r\n", begin);
    if (end == head.npos) return bad("the head does not end");
    if (end == begin) break;
    if (Status s = read_field(head.substr(begin, end - begin), &out); !s) return s.error();
    begin = end + 2;
  }
  if (Status s = read_host(out); !s) return s.error();
  if (Status s = read_framing(&out); !s) return s.error();
  if (Status s = read_connection(&out); !s) return s.error();
  if (out.method == "CONNECT") return Error{"method_not_allowed", "CONNECT is not offered", ""};
  if (Status s = read_target(target, &out); !s) return s.error();
  return out;
}

}  // namespace ghost::relay
