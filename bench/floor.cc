// The floors: what ZeroMQ itself can do with the same frames and the same path, without any of
// Ghost.
//   ghost-bench-floor router CLIENTS RUNNERS [LOGFILE]   forwards; with LOGFILE it appends every
//   message
//                                                        and syncs once a turn before it sends
//   ghost-bench-floor submit CLIENTS JOBS IN_FLIGHT      1 KiB out, 64 bytes back
//   ghost-bench-floor work RUNNERS CREDIT                answers until it is killed
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <map>

#include "bench/measure.h"
#include "wire/socket.h"

namespace ghost::bench {
namespace {

using wire::Frames;
using wire::Socket;

void wait_readable(std::vector<Socket*> sockets) {
  std::vector<wire::PollItem> items;
  for (Socket* s : sockets) items.push_back({s});
  wire::poll(items, 1000);
}

// Appends to a preallocated file and syncs: the least that makes a turn durable.
class Log {
 public:
  explicit Log(const char* path) {
    fd_ = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (fd_ < 0 || posix_fallocate(fd_, 0, kBytes) != 0) fail("cannot make the log");
  }
  void append(const std::string& bytes) { pending_ += bytes; }
  void sync() {
    if (pending_.empty()) return;
    if (at_ + static_cast<off_t>(pending_.size()) > kBytes) at_ = 0;
    if (pwrite(fd_, pending_.data(), pending_.size(), at_) < 0) fail("cannot write the log");
    at_ += static_cast<off_t>(pending_.size());
    pending_.clear();
    if (fdatasync(fd_) != 0) fail("cannot sync the log");
  }

 private:
  static constexpr off_t kBytes = off_t{512} << 20;
  int fd_ = -1;
  off_t at_ = 0;
  std::string pending_;
};

int route(const std::string& clients_at, const std::string& runners_at, const char* log_path) {
  wire::Context context;
  Socket clients(context, Socket::Type::kRouter), runners(context, Socket::Type::kRouter);
  const auto clients_bound = clients.bind(clients_at), runners_bound = runners.bind(runners_at);
  if (!clients_bound || !runners_bound) fail("cannot bind");
  std::printf("%s %s\n", clients_bound->c_str(), runners_bound->c_str());
  std::fflush(stdout);
  std::optional<Log> log;
  if (log_path != nullptr) log.emplace(log_path);

  std::deque<std::pair<Blob, Frames>> waiting;  // client's route, its frames
  std::deque<std::string> credit;               // a runner's route for each free place
  std::vector<std::pair<std::string, Frames>> answers;
  while (true) {
    wait_readable({&clients, &runners});
    for (int i = 0; i < 1024; ++i) {
      auto asked = clients.receive();
      if (!asked) break;
      if (log) log->append(*asked->frames[1]);
      waiting.emplace_back(make_blob(asked->peer), std::move(asked->frames));
    }
    answers.clear();
    for (int i = 0; i < 1024; ++i) {
      auto said = runners.receive();
      if (!said) break;
      if (said->frames.size() == 1) {  // a worker begins: that much credit
        for (int64_t n = std::atoll(said->frames[0]->c_str()); n > 0; --n)
          credit.push_back(said->peer);
        continue;
      }
      credit.push_back(said->peer);
      if (log) log->append(*said->frames[2]);
      answers.emplace_back(*said->frames[0], Frames{said->frames[1], said->frames[2]});
    }
    if (log) log->sync();
    for (auto& [peer, frames] : answers) clients.send(peer, frames);
    for (; !waiting.empty() && !credit.empty(); waiting.pop_front(), credit.pop_front()) {
      auto& [client, frames] = waiting.front();
      runners.send(credit.front(), {client, frames[0], frames[1]});
    }
  }
}

int submit(const std::string& endpoint, size_t jobs, size_t in_flight) {
  wire::Context context;
  Socket socket(context, Socket::Type::kDealer);
  if (!socket.connect(endpoint)) fail("cannot connect");
  const Blob payload = make_blob(std::string(1024, 'x'));
  std::vector<int64_t> sent_us(jobs);
  Measure measure(jobs);
  size_t sent = 0;
  while (measure.count() < jobs) {
    for (; sent < jobs && sent - measure.count() < in_flight; ++sent) {
      sent_us[sent] = now_us();
      std::string id(8, '\0');
      std::memcpy(id.data(), &sent, 8);
      socket.send("", {make_blob(std::move(id)), payload});
    }
    bool any = false;
    while (auto answer = socket.receive()) {
      size_t id = 0;
      std::memcpy(&id, answer->frames[0]->data(), 8);
      measure.done(sent_us[id]);
      any = true;
    }
    if (!any) wait_readable({&socket});
  }
  measure.print();
  return 0;
}

int work(const std::string& endpoint, int64_t credit) {
  wire::Context context;
  Socket socket(context, Socket::Type::kDealer);
  if (!socket.connect(endpoint)) fail("cannot connect");
  socket.send("", {make_blob(std::to_string(credit))});
  const Blob result = make_blob(std::string(64, 'r'));
  while (true) {
    while (auto job = socket.receive()) socket.send("", {job->frames[0], job->frames[1], result});
    wait_readable({&socket});
  }
}

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "router" && argc > 3) return route(argv[2], argv[3], argc > 4 ? argv[4] : nullptr);
  if (mode == "submit") {
    return submit(argv[2], static_cast<size_t>(number_arg(argc, argv, 3, 100000)),
                  static_cast<size_t>(number_arg(argc, argv, 4, 1000)));
  }
  if (mode == "work") return work(argv[2], number_arg(argc, argv, 3, 500));
  fail("usage: router CLIENTS RUNNERS [LOG] | submit CLIENTS JOBS IN_FLIGHT | work RUNNERS CREDIT");
}
