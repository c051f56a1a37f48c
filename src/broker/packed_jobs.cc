#include "broker/packed_jobs.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace ghost::broker {
namespace {

constexpr size_t kHugePage = 2 << 20;
constexpr size_t kBlockBytes = 2 * kHugePage;

}  // namespace

void PackedJobs::Free::operator()(char* bytes) const {
  std::free(bytes);
}

PackedJobs::Piece PackedJobs::put(std::string_view bytes) {
  GHOST_CHECK(!bytes.empty() && bytes.size() <= kPieceMax);
  if (filling_ == UINT32_MAX || blocks_[filling_].used + bytes.size() > kBlockBytes) {
    const uint32_t full = filling_;
    filling_ = UINT32_MAX;
    if (full != UINT32_MAX && blocks_[full].dropped == blocks_[full].used) release(full);
    auto* const fresh = static_cast<char*>(std::aligned_alloc(kHugePage, kBlockBytes));
    if (fresh == nullptr) throw std::bad_alloc();
    // Only advice: without huge pages it is slower.
    madvise(fresh, kBlockBytes, MADV_HUGEPAGE);
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(blocks_.size()));
      blocks_.emplace_back();
    }
    filling_ = free_.back();
    free_.pop_back();
    blocks_[filling_].bytes.reset(fresh);
  }
  Block& block = blocks_[filling_];
  const Piece piece{filling_, block.used, static_cast<uint32_t>(bytes.size())};
  std::memcpy(block.bytes.get() + block.used, bytes.data(), bytes.size());
  block.used += piece.size;
  return piece;
}

std::string_view PackedJobs::at(const Piece& piece) const {
  return {blocks_[piece.block].bytes.get() + piece.offset, piece.size};
}

void PackedJobs::drop(const Piece& piece) {
  Block& block = blocks_[piece.block];
  block.dropped += piece.size;
  if (block.dropped == block.used && piece.block != filling_) release(piece.block);
}

void PackedJobs::release(uint32_t block) {
  blocks_[block] = {};
  free_.push_back(block);
}

}  // namespace ghost::broker
