// The store's schema and its migrations. One thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/sqlite_db.h"

namespace ghost::broker {

inline constexpr uint64_t kApplicationId = 0x47687374;  // "Ghst"

// Step i brings a store of schema version i to i + 1. Steps are only ever appended.
std::span<const std::string_view> schema_steps();

// Runs the missing steps, each in one transaction with its version. Error code bad_config when the
// file is no store of Ghost's or is of a newer schema.
Status migrate(Database& db, const std::string& path, std::span<const std::string_view> steps);

}  // namespace ghost::broker
