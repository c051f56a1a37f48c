// Errors on HTTP: problem details (RFC 9457) made of an Error, and read back. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "http/json.h"
#include "wire/errors.gen.h"

namespace ghost::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

// {type, title, status, code, detail, field?, retryable, retryAfterMs?}. type is
// "urn:ghost:error:CODE"; status and title come from errors.json.
Json problem_json(const Error& error, uint64_t retry_after_ms = 0);

// The HTTP status of an error code.
inline int status_of(const Error& error) {
  return wire::error_info(error.code).status;
}

// The Error in an answer of `status`: a problem document, or, from something that is no relay, what
// can be said of the status alone.
Error parse_problem(int status, std::string_view body);

inline Error to_error(const wire::ErrorBody& body) {
  return {body.code, body.detail, body.field};
}

}  // namespace ghost::http
