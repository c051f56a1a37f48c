#include "runner_worker/sandbox_wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ghost::runner {
namespace {

struct Header {
  uint32_t type = 0;
  uint32_t length = 0;
};

bool wait_readable(int socket, int64_t deadline_ms) {
  for (;;) {
    int timeout = -1;
    if (deadline_ms > 0) {
      timeout = static_cast<int>(std::clamp<int64_t>(deadline_ms - monotonic_ms(), 0, 1 << 30));
    }
    pollfd p{socket, POLLIN, 0};
    const int n = ::poll(&p, 1, timeout);
    if (n > 0) return true;
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ETIMEDOUT;
    return false;
  }
}

bool receive_exactly(int socket, char* to, size_t count, int64_t deadline_ms) {
  while (count > 0) {
    if (!wait_readable(socket, deadline_ms)) return false;
    const ssize_t n = ::recv(socket, to, count, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    to += n;
    count -= static_cast<size_t>(n);
  }
  return true;
}

bool send_exactly(int socket, const char* from, size_t count) {
  while (count > 0) {
    const ssize_t n = ::send(socket, from, count, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    from += n;
    count -= static_cast<size_t>(n);
  }
  return true;
}

void take_fds(msghdr* message, std::vector<Fd>* fds) {
  for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      fds->emplace_back(fd);
    }
  }
}

}  // namespace

int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

int64_t monotonic_ms() {
  return monotonic_us() / 1000;
}

BoxWriter& BoxWriter::u64(uint64_t value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
  return *this;
}

BoxWriter& BoxWriter::str(std::string_view value) {
  u64(value.size());
  bytes_.append(value);
  return *this;
}

BoxWriter& BoxWriter::strs(const std::vector<std::string>& values) {
  u64(values.size());
  for (const std::string& value : values) str(value);
  return *this;
}

uint64_t BoxReader::u64() {
  uint64_t value = 0;
  if (rest_.size() < sizeof value) {
    ok_ = false;
    return 0;
  }
  std::memcpy(&value, rest_.data(), sizeof value);
  rest_.remove_prefix(sizeof value);
  return value;
}

std::string_view BoxReader::str() {
  const uint64_t size = u64();
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

std::vector<std::string> BoxReader::strs() {
  std::vector<std::string> out;
  for (uint64_t left = u64(); ok_ && left > 0; --left) out.emplace_back(str());
  return out;
}

std::string encode(const LauncherConfig& v) {
  BoxWriter w;
  w.u64(v.namespaces).u64(v.landlock).u64(v.uid).u64(v.gid).str(v.root).strs(v.hidden_dirs);
  w.strs(v.filters).strs(v.offline_filters);
  return w.bytes();
}

bool decode(std::string_view bytes, LauncherConfig* v) {
  BoxReader r(bytes);
  v->namespaces = r.u64() != 0;
  v->landlock = r.u64() != 0;
  v->uid = static_cast<uint32_t>(r.u64());
  v->gid = static_cast<uint32_t>(r.u64());
  v->root = r.str();
  v->hidden_dirs = r.strs();
  v->filters = r.strs();
  v->offline_filters = r.strs();
  return r.ok();
}

std::string encode(const SpawnRequest& v) {
  BoxWriter w;
  w.u64(v.host_network).u64(v.mounts_sent).u64(v.on_tmpfs).u64(v.uid).u64(v.host_changes);
  return w.bytes();
}

bool decode(std::string_view bytes, SpawnRequest* v) {
  BoxReader r(bytes);
  v->host_network = r.u64() != 0;
  v->mounts_sent = r.u64() != 0;
  v->on_tmpfs = r.u64() != 0;
  v->uid = static_cast<uint32_t>(r.u64());
  v->host_changes = r.u64();
  return r.ok();
}

std::string encode(const SetupRequest& v) {
  BoxWriter w;
  w.u64(static_cast<uint64_t>(v.kind)).u64(v.mounts_sent).str(v.base_dir).strs(v.read_only_dirs);
  w.str(v.layer_dir).str(v.scratch_dir).u64(v.restore).u64(v.record).u64(v.disk_bytes);
  w.u64(v.inodes).u64(v.die_after_ms);
  return w.bytes();
}

bool decode(std::string_view bytes, SetupRequest* v) {
  BoxReader r(bytes);
  v->kind = static_cast<WorkspaceKind>(r.u64());
  v->mounts_sent = r.u64() != 0;
  v->base_dir = r.str();
  v->read_only_dirs = r.strs();
  v->layer_dir = r.str();
  v->scratch_dir = r.str();
  v->restore = r.u64() != 0;
  v->record = r.u64() != 0;
  v->disk_bytes = r.u64();
  v->inodes = r.u64();
  v->die_after_ms = r.u64();
  return r.ok();
}

std::string encode(const GateRequest& v) {
  BoxWriter w;
  w.strs(v.argv).str(v.cwd).strs(v.env).u64(v.timeout_ms).u64(v.cpu_ms);
  w.u64(v.memory_watch_bytes).u64(v.pids).u64(v.file_bytes_max).u64(v.host_network);
  return w.bytes();
}

bool decode(std::string_view bytes, GateRequest* v) {
  BoxReader r(bytes);
  v->argv = r.strs();
  v->cwd = r.str();
  v->env = r.strs();
  v->timeout_ms = r.u64();
  v->cpu_ms = r.u64();
  v->memory_watch_bytes = r.u64();
  v->pids = r.u64();
  v->file_bytes_max = r.u64();
  v->host_network = r.u64() != 0;
  return r.ok() && !v->argv.empty();
}

std::string encode(const GateReport& v) {
  BoxWriter w;
  w.u64(v.end).u64(v.exit_code).u64(v.signal).u64(v.wall_us).u64(v.cpu_us);
  w.u64(v.rss_bytes_max).u64(v.written_bytes).str(v.error);
  return w.bytes();
}

bool decode(std::string_view bytes, GateReport* v) {
  BoxReader r(bytes);
  v->end = static_cast<uint8_t>(r.u64());
  v->exit_code = static_cast<uint32_t>(r.u64());
  v->signal = static_cast<uint32_t>(r.u64());
  v->wall_us = r.u64();
  v->cpu_us = r.u64();
  v->rss_bytes_max = r.u64();
  v->written_bytes = r.u64();
  v->error = r.str();
  return r.ok();
}

bool send_frame(int socket, BoxMessage type, std::string_view payload,
                const std::vector<int>& fds) {
  GHOST_CHECK(fds.size() <= kBoxFdsMax && payload.size() <= kBoxPayloadBytesMax);
  Header header{static_cast<uint32_t>(type), static_cast<uint32_t>(payload.size())};
  iovec part{&header, sizeof header};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kBoxFdsMax)> control{};
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(c), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t n;
  do {
    n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return false;
  const auto sent = static_cast<size_t>(n);
  return send_exactly(socket, reinterpret_cast<char*>(&header) + sent, sizeof header - sent) &&
         send_exactly(socket, payload.data(), payload.size());
}

bool receive_frame(int socket, BoxFrame* frame, int64_t deadline_ms) {
  frame->fds.clear();
  Header header;
  iovec part{&header, sizeof header};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kBoxFdsMax)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t n;
  do {
    if (!wait_readable(socket, deadline_ms)) return false;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n <= 0) return false;
  take_fds(&message, &frame->fds);
  const auto got = static_cast<size_t>(n);
  if (!receive_exactly(socket, reinterpret_cast<char*>(&header) + got, sizeof header - got,
                       deadline_ms)) {
    return false;
  }
  if (header.length > kBoxPayloadBytesMax) {
    errno = EMSGSIZE;
    return false;
  }
  frame->type = static_cast<BoxMessage>(header.type);
  frame->payload.resize(header.length);
  return receive_exactly(socket, frame->payload.data(), header.length, deadline_ms);
}

}  // namespace ghost::runner
