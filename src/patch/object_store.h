// The seam between the patch engine and where git objects live: the engine reads the base's trees
// and blobs through it and writes the new ones. Implemented over libgit2 by the runner and in
// memory by tests. One thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ghost::patch {

// A SHA-1 object id; all zero means "no object".
struct Oid {
  std::array<uint8_t, 20> raw{};
  auto operator<=>(const Oid&) const = default;
  bool is_zero() const { return *this == Oid{}; }
  std::string hex() const {
    return to_hex({reinterpret_cast<const char*>(raw.data()), raw.size()});
  }
  // 40 hex digits; error code "bad_field".
  static Result<Oid> parse(std::string_view hex);
};

// The id that git gives to an object of that type ("blob", "tree").
Oid object_id(std::string_view type, std::string_view bytes);

inline constexpr uint32_t kModeTree = 0040000;
inline constexpr uint32_t kModeFile = 0100644;
inline constexpr uint32_t kModeExecutable = 0100755;
inline constexpr uint32_t kModeSymlink = 0120000;
inline constexpr uint32_t kModeGitlink = 0160000;

struct TreeEntry {
  std::string name;  // one path component
  uint32_t mode = 0;
  Oid oid;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // Entries in git's order. Error code "not_found" or "io_error".
  virtual Result<std::vector<TreeEntry>> read_tree(const Oid& oid) = 0;
  // Error code "too_large" when the blob is bigger than `bytes_max`; nothing is then loaded.
  virtual Result<Blob> read_blob(const Oid& oid, size_t bytes_max) = 0;
  virtual bool has_blob(const Oid& oid) = 0;
  // The only blob whose id begins with these 4 to 40 hexadecimal digits; nothing when there is none
  // or more than one. A store that cannot look up by beginnings finds full ids only.
  virtual Result<std::optional<Oid>> find_blob(std::string_view hex_prefix);
  virtual Result<Oid> write_blob(std::string_view bytes) = 0;
  // Any order; the implementation sorts as git does. An empty list is the empty tree.
  virtual Result<Oid> write_tree(const std::vector<TreeEntry>& entries) = 0;
};

}  // namespace ghost::patch
