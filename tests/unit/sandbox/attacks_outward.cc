// Attacks on what lies beyond the sandbox.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "attacks.h"

namespace ghost::attacker {
namespace {

template <class Visit>
void for_each_entry(const std::string& folder, Visit visit) {
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] != '.') visit(folder + "/" + entry->d_name, entry->d_name);
  }
  ::closedir(dir);
}

// `path` of the host from the folder or file that `way` stands for.
void climb(const std::string& way, const std::string& path) {
  std::string up = way;
  for (int depth = 0; depth < 24; ++depth, up += "/..") {
    const int fd = ::open((up + path).c_str(), O_RDWR | O_CREAT, 0600);
    if (fd >= 0) tell(("way " + way).c_str(), ::write(fd, "overwritten", 11));
  }
}

sockaddr_un abstract_address(const std::string& name, socklen_t* length) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  *length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

key_t key_of(const std::string& name) {
  key_t key = 1;
  for (const char c : name) key = key * 31 + c;
  return key & 0x7fffffff;
}

}  // namespace

void attack_programs() {
  for_each_entry("/proc", [](const std::string& path, const char* name) {
    if (std::atoi(name) <= 0 || std::atoi(name) == ::getpid()) return;
    const int fd = ::open((path + "/exe").c_str(), O_WRONLY | O_TRUNC);
    if (fd < 0) return tell((std::string("open_exe ") + name).c_str(), -1);
    tell((std::string("write_exe ") + name).c_str(), ::write(fd, "x", 1));
  });
  // The launcher's image, should this program have been started as its interpreter.
  const int own = ::open("/proc/self/exe", O_WRONLY);
  tell("own_exe", own);
}

void attack_descriptors(const char* path) {
  for (int fd = 3; fd < 64; ++fd) climb("/proc/self/fd/" + std::to_string(fd), path);
  for_each_entry("/proc", [&](const std::string& process, const char* name) {
    if (std::atoi(name) <= 0) return;
    for_each_entry(process + "/fd", [&](const std::string& way, const char*) { climb(way, path); });
    for (const char* way : {"/root", "/cwd"}) climb(process + way, path);
  });
}

void attack_terminal() {
  tell("dev_tty", ::open("/dev/tty", O_RDWR));
  const int control = ::posix_openpt(O_RDWR | O_NOCTTY);
  tell("openpt", control);
  (void)::grantpt(control);
  (void)::unlockpt(control);
  const int terminal = ::open(::ptsname(control), O_RDWR | O_NOCTTY);
  tell("terminal", terminal);
  (void)::setsid();
  tell("controlling", ::ioctl(terminal, TIOCSCTTY, 0));
  tell("tiocsti", ::ioctl(terminal, TIOCSTI, "x"));
  // A filter that compares 64 bits lets this by; the kernel looks at 32.
  tell("tiocsti_high", ::syscall(SYS_ioctl, terminal, (1ul << 32) | TIOCSTI, "x"));
  const int line = 0;
  tell("tiocsetd", ::ioctl(terminal, TIOCSETD, &line));
  char select_paste[] = {3, 0};
  tell("tioclinux", ::ioctl(terminal, TIOCLINUX, select_paste));
}

void attack_network(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int tcp = ::socket(AF_INET, SOCK_STREAM, 0);
  tell("connect", ::connect(tcp, reinterpret_cast<sockaddr*>(&address), sizeof address));
  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  (void)::inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);  // TEST-NET-1
  tell("send", ::sendto(udp, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

void leave_messages(const char* argument) {
  const std::string name = argument;
  const int shm = ::shm_open(("/" + name).c_str(), O_RDWR | O_CREAT, 0666);
  tell("shm", ::write(shm, "x", 1));
  tell("tmp", ::open(("/tmp/" + name).c_str(), O_RDWR | O_CREAT, 0666));
  tell("home", ::open(("/home/ghost/" + name).c_str(), O_RDWR | O_CREAT, 0666));
  tell("workspace", ::open(("/workspace/" + name).c_str(), O_RDWR | O_CREAT, 0666));
  tell("sysv", ::shmget(key_of(name), 4096, IPC_CREAT | 0666));
  tell("queue", ::mq_open(("/" + name).c_str(), O_RDWR | O_CREAT, 0666, nullptr));
  socklen_t length = 0;
  const sockaddr_un address = abstract_address(name, &length);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0;
  tell("abstract", bound ? ::listen(socket, 8) : -1);
  std::fflush(stdout);
  for (;;) ::pause();
}

void read_messages(const char* argument) {
  const std::string name = argument;
  tell("shm", ::shm_open(("/" + name).c_str(), O_RDWR, 0));
  for (const char* folder : {"/tmp/", "/home/ghost/", "/workspace/"}) {
    tell(folder, ::access((folder + name).c_str(), F_OK));
  }
  tell("sysv", ::shmget(key_of(name), 4096, 0));
  tell("queue", ::mq_open(("/" + name).c_str(), O_RDWR));
  socklen_t length = 0;
  const sockaddr_un address = abstract_address(name, &length);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  tell("abstract", ::connect(socket, reinterpret_cast<const sockaddr*>(&address), length));
  for_each_entry("/proc", [&](const std::string& path, const char* pid) {
    if (std::atoi(pid) <= 0 || std::atoi(pid) == ::getpid()) return;
    const int fd = ::open((path + "/cmdline").c_str(), O_RDONLY);
    char text[4096] = {};
    const ssize_t n = ::read(fd, text, sizeof text - 1);
    const std::string line(text, n > 0 ? static_cast<size_t>(n) : 0);
    if (line.find(name) != std::string::npos) tell("process", 0);
  });
}

void turn_clock() {
  const timespec past{1, 0};
  tell("clock_settime", ::clock_settime(CLOCK_REALTIME, &past));
  const timeval then{1, 0};
  tell("settimeofday", ::settimeofday(&then, nullptr));
  timex adjust{};
  adjust.modes = ADJ_OFFSET;
  tell("adjtimex", ::adjtimex(&adjust));
  tell("rtc", ::open("/dev/rtc0", O_RDONLY));
}

// The calls of the last years and of the years to come, and old ones that nobody needs: whoever
// adds one of them to the list changes this as well. Bad arguments only: those that are let by harm
// nobody.
void try_numbers() {
  const int named[] = {SYS_uselib,        SYS_ustat,           SYS_sysfs,         SYS__sysctl,
                       SYS_create_module, SYS_get_kernel_syms, SYS_query_module,  SYS_getpmsg,
                       SYS_afs_syscall,   SYS_tuxcall,         SYS_security,      SYS_vserver,
                       SYS_modify_ldt,    SYS_clone3,          SYS_epoll_ctl_old, SYS_io_setup};
  for (const int number : named) {
    if (::syscall(number, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS) {
      std::printf("%d %s\n", number, ::strerrorname_np(errno));
    }
  }
  // 463 to 600: what kernels later than 6.13 have (setxattrat and on).
  for (int number = 463; number < 600; ++number) {
    if (::syscall(number, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS) {
      std::printf("%d %s\n", number, ::strerrorname_np(errno));
    }
  }
}

}  // namespace ghost::attacker
