// The rules of a PatchRequest that go across fields, beyond what its decoder checks. Relay and
// runner both ask, since a client of the broker need not come through a relay. Pure; any thread.
#pragma once

#include "base/result.h"
#include "wire/messages.gen.h"

namespace ghost::wire {

// Error codes bad_field and missing_field, with Error::field as the path ("gates[2].run").
Status check_request(const PatchRequest& request);

// As `git check-ref-format --allow-onelevel` sees it (git-check-ref-format(1)), and not beginning
// with '-'.
bool is_ref_name(std::string_view name);

// [A-Za-z_][A-Za-z0-9_]*, at most 255 bytes: a portable environment variable's name (POSIX
// 2018, 8.1).
bool is_env_name(std::string_view name);

// 'data' and 'contents' as bytes: decodes base64 where `encoding` says so. Error code bad_field.
Result<std::string> decoded(const std::string& text, Encoding encoding);

}  // namespace ghost::wire
