#include "broker/heap.h"

#ifdef GHOST_JEMALLOC
#include <jemalloc/jemalloc.h>

// Read by jemalloc when the program starts. One arena: a block that a thread of ZeroMQ took is
// freed by the loop. What was freed is used again for ten seconds, so that turns do not fault it in
// anew; a broker at rest gives it back by return_free_memory().
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,muzzy_decay_ms:0";

namespace ghost::broker {

void return_free_memory() {
  constexpr const char* kPurgeAll = "arena.4096.purge";  // MALLCTL_ARENAS_ALL
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  (void)mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  (void)mallctl(kPurgeAll, nullptr, nullptr, nullptr, 0);
}

}  // namespace ghost::broker

#else
#include <malloc.h>

namespace ghost::broker {

void return_free_memory() {
  ::malloc_trim(0);
}

}  // namespace ghost::broker
#endif
