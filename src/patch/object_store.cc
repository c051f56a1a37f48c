#include "patch/object_store.h"

namespace ghost::patch {

Result<Oid> Oid::parse(std::string_view hex) {
  Oid oid;
  const std::string raw = hex.size() == 40 ? from_hex(hex) : std::string();
  if (raw.size() != oid.raw.size()) {
    return Error{"bad_field", "expected an object id of 40 hexadecimal digits", ""};
  }
  for (size_t i = 0; i < raw.size(); ++i) oid.raw[i] = static_cast<uint8_t>(raw[i]);
  return oid;
}

Result<std::optional<Oid>> ObjectStore::find_blob(std::string_view hex_prefix) {
  auto oid = Oid::parse(hex_prefix);
  if (!oid || !has_blob(*oid)) return std::optional<Oid>();
  return std::optional<Oid>(*oid);
}

}  // namespace ghost::patch
