#include "runner_worker/seccomp.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <utility>

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

struct Release {
  void operator()(void* ctx) const { ::seccomp_release(ctx); }
};
using Filter = std::unique_ptr<void, Release>;

// What compilers, interpreters, test runners, databases and browsers use. After the list that
// container engines have settled on, less what needs a privilege and what crosses sandboxes.
constexpr const char* kAllowed[] = {
    // files
    "access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup",
    "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod",
    "fchmodat", "fchmodat2", "fchown", "fchownat", "fcntl", "fdatasync", "fgetxattr", "flistxattr",
    "flock", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futimesat",
    "getcwd", "getdents", "getdents64", "getxattr", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "ioctl", "lchown", "lgetxattr", "link", "linkat",
    "listxattr", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "mkdir", "mkdirat",
    "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat", "openat2", "pread64",
    "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
    "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile",
    "setxattr", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync",
    "sync_file_range", "syncfs", "tee", "truncate", "umask", "unlink", "unlinkat", "utime",
    "utimensat", "utimes", "vmsplice", "write", "writev",
    // memory
    "brk", "cachestat", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret",
    "mincore", "mlock", "mlock2", "mlockall", "mmap", "mprotect", "mremap", "mseal", "msync",
    "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "process_madvise", "process_mrelease", "remap_file_pages",
    // processes, threads, signals
    "alarm", "arch_prctl", "capget", "capset", "clone", "execve", "execveat", "exit", "exit_group",
    "fork", "futex", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "get_robust_list",
    "get_thread_area", "getegid", "geteuid", "getgid", "getgroups", "getitimer", "getpgid",
    "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid", "getrlimit",
    "getrusage", "getsid", "gettid", "getuid", "ioprio_get", "ioprio_set", "kcmp", "kill",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "pause",
    "personality", "pidfd_getfd", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64",
    "process_vm_readv", "process_vm_writev", "ptrace", "restart_syscall", "rseq", "rt_sigaction",
    "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
    "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min",
    "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
    "sched_rr_get_interval", "sched_setaffinity", "sched_setattr", "sched_setparam",
    "sched_setscheduler", "sched_yield", "seccomp", "set_robust_list", "set_thread_area",
    "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer", "setpgid",
    "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid",
    "setuid", "sigaltstack", "signalfd", "signalfd4", "tgkill", "time", "times", "tkill", "vfork",
    "wait4", "waitid",
    // time and events
    "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "getrandom",
    "gettimeofday", "nanosleep", "poll", "ppoll", "pselect6", "select", "timer_create",
    "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
    "timerfd_gettime", "timerfd_settime",
    // pipes, sockets, System V and POSIX queues of the private ipc namespace
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
    "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2", "recvfrom", "recvmmsg", "recvmsg",
    "semctl", "semget", "semop", "semtimedop", "sendmmsg", "sendmsg", "sendto", "setsockopt",
    "shmat", "shmctl", "shmdt", "shmget", "shutdown", "socket", "socketpair",
    // facts
    "getcpu", "sysinfo", "uname"};

// Answered with EPERM, because a program that asks should hear "no", not "old kernel".
constexpr const char* kRefused[] = {"add_key",        "bpf",
                                    "chroot",         "fsconfig",
                                    "fsmount",        "fsopen",
                                    "fspick",         "keyctl",
                                    "kexec_load",     "kexec_file_load",
                                    "mount",          "mount_setattr",
                                    "move_mount",     "open_by_handle_at",
                                    "open_tree",      "perf_event_open",
                                    "pivot_root",     "quotactl",
                                    "reboot",         "request_key",
                                    "setns",          "settimeofday",
                                    "clock_settime",  "clock_adjtime",
                                    "adjtimex",       "swapon",
                                    "swapoff",        "syslog",
                                    "umount2",        "unshare",
                                    "userfaultfd",    "vhangup",
                                    "init_module",    "finit_module",
                                    "delete_module",  "io_uring_setup",
                                    "io_uring_enter", "io_uring_register",
                                    "sethostname",    "setdomainname",
                                    "iopl",           "ioperm",
                                    "acct",           "fanotify_init",
                                    "fanotify_mark",  "lookup_dcookie",
                                    "nfsservctl",     "move_pages",
                                    "migrate_pages",  "mbind",
                                    "set_mempolicy",  "get_mempolicy"};

constexpr uint64_t kLow32 = 0xffffffff;

bool add(const Filter& filter, uint32_t action, const char* name) {
  const int number = ::seccomp_syscall_resolve_name(name);
  // A call that this architecture or library does not know is not allowed either.
  if (number == __NR_SCMP_ERROR || number < 0) return true;
  return ::seccomp_rule_add(filter.get(), action, number, 0) == 0;
}

// Refuses `name` when the low 32 bits of argument `index`, masked, equal `value`: the kernel looks
// at no more of the arguments named here.
bool refuse_if(const Filter& filter, int error, const char* name, unsigned index, uint64_t mask,
               uint64_t value) {
  const int number = ::seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR || number < 0) return true;
  const scmp_arg_cmp compare{index, SCMP_CMP_MASKED_EQ, mask, value};
  return ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<uint32_t>(error)),
                                  number, 1, &compare) == 0;
}

// The first process of a sandbox has the gates' uid, which is all that these calls ask for: a gate
// could take its descriptors, files or CPU time away, and with them its own time limit.
bool add_init_rules(const Filter& filter) {
  bool ok = true;
  for (const char* name : {"prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam",
                           "sched_setscheduler"}) {
    ok = ok && refuse_if(filter, EPERM, name, 0, kLow32, 1);
  }
  // By process and by user; the numbers of the kinds differ by one.
  const std::pair<const char*, uint64_t> priorities[] = {{"setpriority", 0}, {"ioprio_set", 1}};
  for (const auto& [name, process] : priorities) {
    const int number = ::seccomp_syscall_resolve_name(name);
    const scmp_arg_cmp of_init[] = {{0, SCMP_CMP_MASKED_EQ, kLow32, process},
                                    {1, SCMP_CMP_MASKED_EQ, kLow32, 1}};
    ok = ok && refuse_if(filter, EPERM, name, 0, kLow32, process + 2) &&
         ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 2, of_init) == 0;
  }
  return ok;
}

bool add_argument_rules(const Filter& filter) {
  bool ok = add_init_rules(filter);
  // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. clone3, whose flags a filter
  // cannot see, is not on the list of allowed calls.
  for (const uint64_t flag : {0x20000ull, 0x2000000ull, 0x4000000ull, 0x8000000ull, 0x10000000ull,
                              0x20000000ull, 0x40000000ull}) {
    ok = ok && refuse_if(filter, EPERM, "clone", 0, flag, flag);
  }
  // TIOCSTI, TIOCLINUX, TIOCSETD: typing into a terminal, the console, line disciplines.
  for (const uint64_t request : {0x5412ull, 0x541cull, 0x5423ull}) {
    ok = ok && refuse_if(filter, EPERM, "ioctl", 1, kLow32, request);
  }
  // All address families but unix, inet, inet6 and netlink: vsock and alg know no namespaces.
  for (uint64_t family = 0; family < 64; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) {
      continue;
    }
    ok = ok && refuse_if(filter, EAFNOSUPPORT, "socket", 0, kLow32, family);
    ok = ok && refuse_if(filter, EAFNOSUPPORT, "socketpair", 0, kLow32, family);
  }
  return ok;
}

// Of netlink only NETLINK_ROUTE (0), which getaddrinfo and getifaddrs use.
bool add_netlink_rules(const Filter& filter) {
  const int number = ::seccomp_syscall_resolve_name("socket");
  bool ok = true;
  for (uint64_t protocol = 1; protocol < 32; ++protocol) {
    const scmp_arg_cmp compare[] = {{0, SCMP_CMP_MASKED_EQ, kLow32, AF_NETLINK},
                                    {2, SCMP_CMP_MASKED_EQ, kLow32, protocol}};
    ok = ok &&
         ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 2, compare) == 0;
  }
  return ok;
}

Error failed(const char* what) {
  return {"bad_config", std::string("sandbox: system call filter: ") + what, ""};
}

Result<std::string> compile(const Filter& filter) {
  const Fd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file.ok() || ::seccomp_export_bpf(filter.get(), file.get()) != 0) return failed("export");
  std::string program(static_cast<size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), program.data(), program.size(), 0) !=
      static_cast<ssize_t>(program.size())) {
    return failed("read");
  }
  return program;
}

// Calls that reach other processes of the same user, or what all users of a host share.
bool add_shared_rules(const Filter& filter) {
  bool ok = true;
  for (const char* name : {"shmget", "semget", "msgget", "mq_open", "mq_unlink"}) {
    ok = ok && add(filter, SCMP_ACT_ERRNO(EPERM), name);
  }
  const auto refuse_others = [&](const char* name, unsigned index) {
    const scmp_arg_cmp not_self{index, SCMP_CMP_NE, 0, 0};
    return ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM),
                                    ::seccomp_syscall_resolve_name(name), 1, &not_self) == 0;
  };
  for (const char* name :
       {"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"}) {
    ok = ok && refuse_others(name, 0);
  }
  // To read limits of others harms nobody; a null pointer as new limit is a reading.
  const scmp_arg_cmp set_of_others[] = {{0, SCMP_CMP_NE, 0, 0}, {2, SCMP_CMP_NE, 0, 0}};
  return ok && refuse_others("setpriority", 1) && refuse_others("ioprio_set", 1) &&
         ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM),
                                  ::seccomp_syscall_resolve_name("prlimit64"), 2,
                                  set_of_others) == 0;
}

Result<std::string> refusals(bool (*add_rules)(const Filter&)) {
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (!filter || !add_rules(filter)) return failed("a rule");
  return compile(filter);
}

Result<std::string> allowances() {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!filter) return failed("create");
  // A look-up by binary tree: the order of the list must not cost every call.
  (void)::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  bool ok = true;
  for (const char* name : kAllowed) ok = ok && add(filter, SCMP_ACT_ALLOW, name);
  for (const char* name : kRefused) ok = ok && add(filter, SCMP_ACT_ERRNO(EPERM), name);
  if (!ok) return failed("a rule");
  return compile(filter);
}

}  // namespace

Result<GateFilters> gate_filters(bool namespaces) {
  GateFilters out;
  const auto keep = [](std::vector<std::string>* list, Result<std::string> program) -> Status {
    if (!program.ok()) return program.error();
    list->push_back(std::move(*program));
    return ok_status();
  };
  if (Status s = keep(&out.always, allowances()); !s.ok()) return s.error();
  if (Status s = keep(&out.always, refusals([](const Filter& filter) {
        return add_argument_rules(filter) && add_netlink_rules(filter);
      }));
      !s.ok()) {
    return s.error();
  }
  if (namespaces) return out;
  if (Status s = keep(&out.always, refusals(add_shared_rules)); !s.ok()) return s.error();
  Status offline = keep(&out.offline, refusals([](const Filter& filter) {
    return add(filter, SCMP_ACT_ERRNO(EACCES), "socket");
  }));
  if (!offline.ok()) return offline.error();
  return out;
}

}  // namespace ghost::runner
