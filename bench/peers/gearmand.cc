// gearmand, its binary protocol: foreground jobs, all in memory.
#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

enum Kind : uint32_t {
  kCanDo = 1,
  kPreSleep = 4,
  kNoop = 6,
  kSubmitJob = 7,
  kJobCreated = 8,
  kGrabJob = 9,
  kNoJob = 10,
  kJobAssign = 11,
  kWorkComplete = 13,
};

void add(Tcp& link, Kind kind, std::string_view data) {
  uint32_t head[3] = {0, htonl(kind), htonl(static_cast<uint32_t>(data.size()))};
  std::memcpy(head, "\0REQ", 4);
  link.add({reinterpret_cast<const char*>(head), sizeof head}).add(data);
}

Kind take(Tcp& link, std::string* data) {
  uint32_t head[3];
  std::memcpy(head, link.bytes(sizeof head).data(), sizeof head);
  *data = link.bytes(ntohl(head[2]));
  return static_cast<Kind>(ntohl(head[1]));
}

class Gearmand : public Peer {
 public:
  explicit Gearmand(const std::string& port) : link_(port) {}
  void put(size_t first, size_t count) override {
    using namespace std::string_literals;
    for (size_t i = first; i < first + count; ++i) {
      add(link_, kSubmitJob, "job\0"s + std::to_string(i) + "\0"s + numbered(i, 1024));
    }
    link_.flush();
  }
  void take(const std::function<void(size_t)>& seen) override {
    std::string data;
    do {
      const Kind kind = bench::take(link_, &data);
      if (kind == kWorkComplete) seen(number_of(data.c_str() + data.find('\0') + 1));
      if (kind != kWorkComplete && kind != kJobCreated) fail("gearmand: an unexpected packet");
    } while (link_.readable(0));
  }

 private:
  Tcp link_;
};

}  // namespace

void prepare(const std::string&) {}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Gearmand>(port);
}

void work(const std::string& port, const std::string&) {
  constexpr size_t kGrabs = 64;
  Tcp link(port);
  add(link, kCanDo, "job");
  std::string data;
  while (true) {
    for (size_t i = 0; i < kGrabs; ++i) add(link, kGrabJob, "");
    link.flush();
    size_t done = 0;
    for (size_t i = 0; i < kGrabs;) {
      const Kind kind = take(link, &data);
      if (kind == kNoop) continue;
      ++i;
      if (kind != kJobAssign) continue;
      const size_t handle = data.find('\0'), function = data.find('\0', handle + 1);
      const size_t number = number_of(data.c_str() + function + 1);
      add(link, kWorkComplete, data.substr(0, handle + 1) + numbered(number, 64));
      ++done;
    }
    if (done > 0) continue;
    add(link, kPreSleep, "");
    link.flush();
    while (take(link, &data) != kNoop) {
    }
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
