#include "base/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ghost {

void keep_memory_out_of_cores() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A core that is piped to a program is made whatever the limit: of no memory at all (core(5)).
  const int fd = ::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, "0\n", 2);
  ::close(fd);
}

}  // namespace ghost
