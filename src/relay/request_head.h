// Reads the head of an HTTP/1 request strictly (RFC 9112) and refuses every form over which two
// implementations could disagree about where a request ends (request smuggling): bare LF or CR,
// folded lines, blanks before a colon, Content-Length that is repeated, listed or signed,
// Transfer-Encoding that is anything but one "chunked", or beside Content-Length, or in HTTP/1.0;
// Host missing or repeated. Pure; any thread.
#pragma once

#include <string_view>

#include "relay/exchange.h"

namespace ghost::relay {

inline constexpr size_t kHeadersMax = 100;

// Whether bytes that are no whole head yet can still become one: false for a bare LF or CR or NUL,
// so that a client waiting for an answer gets it at once. The first `judged` bytes have been found
// good before.
bool head_may_go_on(std::string_view bytes, size_t judged = 0);

// `head` ends with the empty line (CRLF CRLF). Error codes bad_request, expectation_failed,
// method_not_allowed (CONNECT).
Result<Request> parse_head(std::string_view head);

}  // namespace ghost::relay
