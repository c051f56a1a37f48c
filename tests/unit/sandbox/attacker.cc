// A hostile gate: `attacker ATTACK [ARGUMENT]` tries one thing and prints what came of it.
#include "attacks.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <string>

namespace ghost::attacker {

void tell(const char* name, long result) {
  std::printf("%s %s\n", name, result >= 0 ? "ok" : ::strerrorname_np(errno));
}

namespace {

void privileged_calls() {
  tell("mount", ::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr));
  tell("bind", ::mount("/workspace", "/tmp", nullptr, MS_BIND, nullptr));
  tell("umount", ::umount2("/proc", MNT_DETACH));
  tell("pivot_root", ::syscall(SYS_pivot_root, "/tmp", "/tmp"));
  tell("chroot", ::chroot("/tmp"));
  tell("unshare_user", ::unshare(CLONE_NEWUSER));
  tell("unshare_mount", ::unshare(CLONE_NEWNS));
  tell("unshare_net", ::unshare(CLONE_NEWNET));
  const pid_t child = static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) ::_exit(0);
  tell("clone_user", child);
  uint64_t clone3_args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  const long third = ::syscall(SYS_clone3, clone3_args, sizeof clone3_args);
  if (third == 0) ::_exit(0);
  tell("clone3_user", third);
  tell("setns", ::setns(::open("/proc/self/ns/user", O_RDONLY), 0));
  tell("keyctl", ::syscall(SYS_keyctl, 0, -3, 0));
  tell("add_key", ::syscall(SYS_add_key, "user", "x", "y", 1, -3));
  tell("request_key", ::syscall(SYS_request_key, "user", "x", nullptr, -3));
  tell("bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
  tell("perf_event_open", ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
  io_uring_params ring{};
  tell("io_uring_setup", ::syscall(SYS_io_uring_setup, 4, &ring));
  tell("userfaultfd", ::syscall(SYS_userfaultfd, 0));
  tell("open_by_handle_at", ::syscall(SYS_open_by_handle_at, -1, nullptr, 0));
  tell("fsopen", ::syscall(SYS_fsopen, "tmpfs", 0));
  tell("open_tree", ::syscall(SYS_open_tree, AT_FDCWD, "/", 1));
  tell("sethostname", ::sethostname("x", 1));
  tell("syslog", ::syscall(SYS_syslog, 10, nullptr, 0));
  tell("reboot", ::syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0, nullptr));
  tell("mknod_disk", ::mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)));
  tell("mknod_mem", ::mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
  tell("setuid_root", ::setuid(0));
  tell("setgid_root", ::setgid(0));
  tell("capability", ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
  tell("chmod_null", ::chmod("/dev/null", 0));
  tell("tiocsti", ::ioctl(0, TIOCSTI, "x"));
  for (const int family : {AF_VSOCK, AF_ALG, AF_PACKET, AF_BLUETOOTH, AF_XDP}) {
    tell(("socket_" + std::to_string(family)).c_str(), ::socket(family, SOCK_RAW, 0));
  }
  tell("socket_raw", ::socket(AF_INET, SOCK_RAW, 1));
  tell("netlink_audit", ::socket(AF_NETLINK, SOCK_RAW, 9));
}

// The other ways into the kernel that a filter for one architecture might forget.
int other_abi(const std::string& which) {
#ifdef __x86_64__
  long result = 0;
  if (which == "x32") {
    result = ::syscall(0x40000000 | SYS_getpid);
  } else {
    asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
  }
  std::printf("%ld\n", result);
#endif
  return which.empty() ? 1 : 0;
}

// Descriptors but the listing's own.
void list_descriptors() {
  DIR* dir = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(dir)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(dir)) std::printf("%d\n", fd);
  }
  ::closedir(dir);
}

[[noreturn]] void fork_bomb(bool hold) {
  std::string made;
  for (int count = 0;;) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (hold) {
        for (;;) ::pause();
      }
      continue;  // every child goes on forking
    }
    if (pid > 0) {
      ++count;
      continue;
    }
    if (!hold) continue;
    std::printf("%d %s\n", count, ::strerrorname_np(errno));
    std::fflush(stdout);
    ::_exit(0);
  }
}

[[noreturn]] void eat_memory() {
  constexpr size_t kStep = 1 << 20;
  for (;;) {
    void* at = ::mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) std::memset(at, 1, kStep);
  }
}

// Four processes that have 20 MiB each at the same time, and for a while.
void share_memory() {
  int ready[2];
  if (::pipe(ready) != 0) return;
  for (int i = 0; i < 4; ++i) {
    if (::fork() != 0) continue;
    constexpr size_t kBytes = 20 << 20;
    void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) std::memset(at, 1, kBytes);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  for (int i = 0; i < 4; ++i) (void)!::read(ready[0], &byte, 1);
  ::usleep(400'000);  // to be looked at
}

void fill(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  static char block[1 << 16];
  long long total = 0;
  ssize_t n;
  (void)::signal(SIGXFSZ, SIG_IGN);
  while ((n = ::write(fd, block, sizeof block)) > 0) total += n;
  std::printf("%lld %s\n", total, ::strerrorname_np(errno));
}

void fill_inodes() {
  int count = 0;
  while (::close(::open(("/workspace/i" + std::to_string(count)).c_str(), O_WRONLY | O_CREAT,
                        0600)) == 0) {
    ++count;
  }
  std::printf("%d\n", count);
}

// Deeper than any path can say.
int make_deep(const char* name) {
  for (int depth = 0; depth < 1500; ++depth) {
    if (::mkdir(name, 0755) != 0 || ::chdir(name) != 0) return 1;
  }
  return ::close(::open("f", O_WRONLY | O_CREAT, 0600));
}

// A process that has left its session and its parents, ignores what can be ignored and shows
// `mark` in its command line.
void leave_daemon(const char* self, const char* mark) {
  if (::fork() == 0) {
    ::setsid();
    if (::fork() == 0) {
      ::execl(self, self, "linger", mark, nullptr);
      ::_exit(1);
    }
    ::_exit(0);
  }
  (void)::wait(nullptr);
}

[[noreturn]] void linger() {
  for (int signal = 1; signal < 65; ++signal) (void)::signal(signal, SIG_IGN);
  for (;;) ::pause();
}

void connect_abstract(const char* name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name));
  tell("connect", ::connect(fd, reinterpret_cast<sockaddr*>(&address), length));
}

[[noreturn]] void flood() {
  static char block[1 << 16];
  std::memset(block, 'x', sizeof block);
  for (;;) {
    if (::write(1, block, sizeof block) < 0) ::_exit(1);
  }
}

// A connection closed by its server first: the server's port stays busy for a minute (TIME_WAIT).
int leave_connection(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int server = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(server, name, sizeof address) != 0 || ::listen(server, 1) != 0 ||
      ::connect(client, name, sizeof address) != 0) {
    std::perror("connection");
    return 1;
  }
  ::close(::accept(server, nullptr, nullptr));
  char byte;
  (void)!::read(client, &byte, 1);
  return 0;
}

int run(const std::string& attack, const char* self, const char* argument) {
  if (attack == "calls") privileged_calls();
  if (attack == "init") attack_init();
  if (attack == "abi") return other_abi(argument);
  if (attack == "descriptors") list_descriptors();
  if (attack == "forks") fork_bomb(true);
  if (attack == "bomb") fork_bomb(false);
  if (attack == "memory") eat_memory();
  if (attack == "share-memory") share_memory();
  if (attack == "fill") fill(argument);
  if (attack == "deep") return make_deep(argument);
  if (attack == "inodes") fill_inodes();
  if (attack == "daemon") leave_daemon(self, argument);
  if (attack == "linger") linger();
  if (attack == "abstract") connect_abstract(argument);
  if (attack == "connection") return leave_connection(argument);
  if (attack == "flood") flood();
  if (attack == "programs") attack_programs();
  if (attack == "ways-out") attack_descriptors(argument);
  if (attack == "terminal") attack_terminal();
  if (attack == "network") attack_network(argument);
  if (attack == "leave") leave_messages(argument);
  if (attack == "meet") read_messages(argument);
  if (attack == "clock") turn_clock();
  if (attack == "numbers") try_numbers();
  if (attack == "spin") {
    for (;;) asm volatile("");
  }
  if (attack == "burn") {  // so many ms of this process's CPU time, however long that takes
    const clock_t end = std::atol(argument) * (CLOCKS_PER_SEC / 1000);
    while (std::clock() < end) {
    }
  }
  return 0;
}

}  // namespace
}  // namespace ghost::attacker

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return ghost::attacker::run(argv[1], argv[0], argc > 2 ? argv[2] : "");
}
