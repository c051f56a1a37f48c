// Packs the small map of facts that goes with an event (Event::detail) as msgpack. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ghost::wire {

using DetailValue = std::variant<std::string_view, int64_t, uint64_t, bool>;

// pack_detail({{"ref", ref}, {"files", uint64_t{3}}}); strings are cut to 4 KiB, so that a detail
// stays within its bound.
std::string pack_detail(std::initializer_list<std::pair<std::string_view, DetailValue>> facts);

}  // namespace ghost::wire
