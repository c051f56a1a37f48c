#include "runner_worker/disk_watch.h"

#include <sys/statfs.h>

#include <algorithm>

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

constexpr int64_t kTreeLookMs = 1000;
constexpr uint64_t kTmpfsExtraBytes = 65536;  // a tmpfs has a little more than was asked for

uint64_t grown(uint64_t after, uint64_t before) {
  return after > before ? after - before : 0;
}

}  // namespace

DiskWatch::DiskWatch(int store, bool on_disk, uint64_t bytes_max, uint64_t inodes_max)
    : store_(store), on_disk_(on_disk), bytes_max_(bytes_max), inodes_max_(inodes_max) {
  if (on_disk) before_ = tree_usage(store);
}

void DiskWatch::begin() {
  hit_.clear();
  look_at_ms_ = monotonic_ms() + kTreeLookMs;
}

bool DiskWatch::is_full() {
  struct statfs info {};
  if (on_disk_ || ::fstatfs(store_, &info) != 0) return !hit_.empty();
  const bool blocks = info.f_bavail * static_cast<uint64_t>(info.f_bsize) <= kTmpfsExtraBytes;
  if (blocks || info.f_ffree == 0) hit_ = limit(!blocks);
  return !hit_.empty();
}

bool DiskWatch::is_overrun(bool now) {
  if (!on_disk_ || (!now && monotonic_ms() < look_at_ms_)) return false;
  const int64_t began_ms = monotonic_ms();
  const TreeUsage usage = tree_usage(store_);
  const int64_t cost_ms = monotonic_ms() - began_ms;
  look_at_ms_ = began_ms + std::max(kTreeLookMs, 20 * cost_ms);
  const bool bytes = grown(usage.bytes, before_.bytes) > bytes_max_;
  if (bytes || grown(usage.entries, before_.entries) > inodes_max_) hit_ = limit(!bytes);
  return !hit_.empty();
}

std::string DiskWatch::limit(bool entries) const {
  return entries ? "limit of " + std::to_string(inodes_max_) + " files"
                 : "disk limit of " + std::to_string(bytes_max_) + " bytes";
}

}  // namespace ghost::runner
