// Identifiers. A minted job id is a ULID (26 characters, Crockford base32, lower case): it sorts by
// time of minting. A client may choose another id of the same alphabet rules. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ghost {

std::string mint_ulid(WallMs now);

// Cryptographically strong bytes from the kernel.
std::string random_bytes(size_t count);
uint64_t random_u64();

// 1 to 128 characters of [A-Za-z0-9._-], beginning with a letter or digit: ids of jobs, names of
// repositories, lanes, tenants, services, instances.
bool is_name(std::string_view text);

}  // namespace ghost
