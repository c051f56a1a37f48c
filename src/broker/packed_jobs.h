// Finished jobs of the memory store, each in one piece of a block: less than half of what they took
// as objects, and memory that is new to the process is touched in few, large pages. One owner, the
// store.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ghost::broker {

class PackedJobs {
 public:
  static constexpr size_t kPieceMax = 32 << 10;  // what is bigger is not worth the copy

  struct Piece {
    uint32_t block = 0, offset = 0, size = 0;  // size 0: none
  };
  // `bytes`: 1 to kPieceMax.
  Piece put(std::string_view bytes);
  std::string_view at(const Piece& piece) const;
  void drop(const Piece& piece);  // a block goes when nothing in it is left
  size_t blocks() const { return blocks_.size() - free_.size(); }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  struct Block {
    std::unique_ptr<char[], Free> bytes;
    uint32_t used = 0, dropped = 0;
  };
  void release(uint32_t block);

  std::vector<Block> blocks_;
  std::vector<uint32_t> free_;  // places in blocks_ without a block
  uint32_t filling_ = UINT32_MAX;
};

}  // namespace ghost::broker
