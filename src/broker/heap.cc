#include "broker/heap.h"

#include <jemalloc/jemalloc.h>
#include <malloc.h>

#include <algorithm>
#include <new>

// Read by jemalloc when the program starts. One arena: a block that a thread of ZeroMQ took is
// freed by the loop. What was freed is used again for ten seconds, so that turns do not fault it in
// anew; a broker at rest gives it back by return_free_memory().
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,muzzy_decay_ms:0";

namespace {

void* take_or_null(std::size_t size, int flags) {
  return mallocx(std::max<std::size_t>(size, 1), flags);
}
void* take(std::size_t size, int flags) {
  void* const block = take_or_null(size, flags);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void give_back(void* block, std::size_t size) {
  if (block != nullptr) sdallocx(block, std::max<std::size_t>(size, 1), 0);
}
void give_back(void* block) {
  if (block != nullptr) dallocx(block, 0);
}
int flags_of(std::align_val_t alignment) {
  return MALLOCX_ALIGN(static_cast<std::size_t>(alignment));
}

}  // namespace

// Every form, or jemalloc's own would come into the program and stay inside it, while the
// libraries' objects came from the standard library's.
void* operator new(std::size_t size) {
  return take(size, 0);
}
void* operator new[](std::size_t size) {
  return take(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return take(size, flags_of(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return take(size, flags_of(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return take_or_null(size, 0);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return take_or_null(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take_or_null(size, flags_of(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take_or_null(size, flags_of(alignment));
}
void operator delete(void* block) noexcept {
  give_back(block);
}
void operator delete[](void* block) noexcept {
  give_back(block);
}
void operator delete(void* block, std::size_t size) noexcept {
  give_back(block, size);
}
void operator delete[](void* block, std::size_t size) noexcept {
  give_back(block, size);
}
void operator delete(void* block, std::align_val_t) noexcept {
  give_back(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
  give_back(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  give_back(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
  give_back(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  give_back(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  give_back(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  give_back(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  give_back(block);
}

namespace ghost::broker {

void keep_freed_memory() {
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);  // or each large frame would be mapped anew
}

void return_free_memory() {
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  (void)mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  (void)mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  ::malloc_trim(0);
}

}  // namespace ghost::broker
