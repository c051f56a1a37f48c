// Binary hunks of git diffs: base-85 rows, zlib, and git's delta format (gitformat-pack(5)).
// Owner of zlib. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ghost::patch {

// The bytes of `rows` inflated: exactly `size` of them, or an Error. Never makes more than `size`
// bytes, whatever the stream would inflate to.
Result<std::string> decode_binary(std::string_view rows, uint64_t size);

// Whether decode_binary would succeed, with constant memory.
bool check_binary(std::string_view rows, uint64_t size);

// The target that `delta` makes of `source`; an Error when it does not fit, or when the target
// would be larger than `bytes_max`.
Result<std::string> apply_delta(std::string_view source, std::string_view delta,
                                uint64_t bytes_max);

}  // namespace ghost::patch
