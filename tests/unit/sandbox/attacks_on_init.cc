#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "attacks.h"

namespace ghost::attacker {
namespace {

void signal_init() {
  for (int signal = 1; signal < 65; ++signal) (void)::kill(1, signal);
  for (const int code : {SI_QUEUE, SI_TIMER, SI_MESGQ, SI_ASYNCIO}) {
    siginfo_t info{};
    info.si_code = code;
    for (const int signal : {SIGALRM, SIGTERM, SIGKILL, SIGUSR1}) {
      info.si_signo = signal;
      (void)::syscall(SYS_rt_sigqueueinfo, 1, signal, &info);
    }
  }
  // A signal by the readiness of a descriptor.
  for (const int signal : {SIGALRM, SIGKILL, SIGTERM}) {
    int ends[2];
    if (::pipe(ends) != 0) continue;
    (void)::fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    (void)::fcntl(ends[0], F_SETSIG, signal);
    (void)::fcntl(ends[0], F_SETOWN, 1);
    (void)!::write(ends[1], "x", 1);
  }
}

// Lowering another process's limits needs but the same uid.
void limit_init() {
  long done = -1;
  const rlimit none{0, 0}, second{1, 1};
  for (const int resource : {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA}) {
    if (::syscall(SYS_prlimit64, 1, resource, &none, nullptr) == 0) done = 0;
  }
  if (::syscall(SYS_prlimit64, 1, RLIMIT_CPU, &second, nullptr) == 0) done = 0;
  tell("prlimit", done);
}

void slow_init_down() {
  sched_param param{};
  tell("sched_setscheduler", ::sched_setscheduler(1, SCHED_IDLE, &param));
  uint64_t attributes[6] = {48, 0, 0, 0, 0, 0};
  const uint32_t idle[2] = {48, SCHED_IDLE};
  std::memcpy(attributes, idle, sizeof idle);
  tell("sched_setattr", ::syscall(SYS_sched_setattr, 1, attributes, 0));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  tell("sched_setaffinity", ::sched_setaffinity(1, sizeof one, &one));
  tell("setpriority", ::setpriority(PRIO_PROCESS, 1, 19));
  tell("setpriority_user", ::setpriority(PRIO_USER, 0, 19));
  tell("setpriority_uid", ::setpriority(PRIO_USER, ::getuid(), 19));
  tell("ioprio_set", ::syscall(SYS_ioprio_set, 1, 1, 3 << 13));
  tell("ioprio_set_user", ::syscall(SYS_ioprio_set, 3, ::getuid(), 3 << 13));
}

void look_into_init() {
  tell("ptrace_seize", ::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr));
  tell("ptrace_attach", ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr));
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, 1, 0));
  for (int fd = 0; fd < 64; ++fd) {
    if (::syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0) tell("pidfd_getfd", 0);
  }
  char byte = 0;
  iovec local{&byte, 1}, remote{reinterpret_cast<void*>(0x400000), 1};
  tell("process_vm_readv", ::process_vm_readv(1, &local, 1, &remote, 1, 0));
  tell("process_vm_writev", ::process_vm_writev(1, &local, 1, &remote, 1, 0));
  for (const char* path :
       {"/proc/1/mem", "/proc/1/environ", "/proc/1/maps", "/proc/1/fd", "/proc/1/root/",
        "/proc/1/cwd/", "/proc/1/map_files", "/proc/1/ns/mnt"}) {
    tell(path, ::open(path, O_RDONLY));
  }
  for (const char* path : {"/proc/1/oom_score_adj", "/proc/1/autogroup", "/proc/1/timerslack_ns",
                           "/proc/1/coredump_filter", "/proc/1/clear_refs"}) {
    tell(path, ::write(::open(path, O_WRONLY), "1", 1));
  }
}

}  // namespace

void attack_init() {
  signal_init();
  limit_init();
  slow_init_down();
  look_into_init();
}

}  // namespace ghost::attacker
