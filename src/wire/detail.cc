#include "wire/detail.h"

#include "wire/codec.h"

namespace ghost::wire {
namespace {
constexpr size_t kTextBytesMax = 4096;
}

std::string pack_detail(std::initializer_list<std::pair<std::string_view, DetailValue>> facts) {
  return codec::encode_with([&](codec::Packer& out) {
    out.pack_map(static_cast<uint32_t>(facts.size()));
    for (const auto& [key, value] : facts) {
      codec::write_key(out, key);
      std::visit(
          [&](const auto& v) {
            if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>) {
              codec::write(out, v.substr(0, kTextBytesMax));
            } else {
              codec::write(out, v);
            }
          },
          value);
    }
  });
}

}  // namespace ghost::wire
