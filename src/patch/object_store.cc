#include "patch/object_store.h"

#include <algorithm>

namespace ghost::patch {

Oid object_id(std::string_view type, std::string_view bytes) {
  std::string head(type);
  head += ' ';
  head += std::to_string(bytes.size());
  head += '\0';
  Oid oid;
  const std::string raw = sha1(head, bytes);
  std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(oid.raw.data()));
  return oid;
}

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
