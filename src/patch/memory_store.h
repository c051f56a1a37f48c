// Git objects in memory: the store of tests, fuzzers and benchmarks. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "patch/object_store.h"

namespace ghost::patch {

class MemoryStore : public ObjectStore {
 public:
  Result<std::vector<TreeEntry>> read_tree(const Oid& oid) override;
  Result<Blob> read_blob(const Oid& oid, size_t bytes_max) override;
  bool has_blob(const Oid& oid) override { return blobs_.count(oid.hex()) > 0; }
  Result<std::optional<Oid>> find_blob(std::string_view hex_prefix) override;
  Result<Oid> write_blob(std::string_view bytes) override;
  Result<Oid> write_tree(const std::vector<TreeEntry>& entries) override;

  struct File {
    std::string contents;
    uint32_t mode = kModeFile;
    bool operator==(const File&) const = default;
  };
  using Files = std::map<std::string, File>;
  // A tree of these files, by path; a gitlink's contents are its id in hexadecimal.
  Oid make_tree(const Files& files);
  Files list_tree(const Oid& root);

 private:
  void list_into(const Oid& tree, const std::string& prefix, Files& files);
  std::map<std::string, Blob> blobs_;  // by hexadecimal id
  std::unordered_map<std::string, std::vector<TreeEntry>> trees_;
};

}  // namespace ghost::patch
