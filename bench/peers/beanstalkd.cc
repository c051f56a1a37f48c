// beanstalkd, its text protocol. Run with -f0 it syncs each write before it answers.
#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

constexpr size_t kReserves = 64;

void expect(Tcp& link, std::string_view begin) {
  const std::string line = link.line();
  if (!line.starts_with(begin)) fail("beanstalkd: " + line);
}

void watch(Tcp& link, const std::string& tube) {
  link.add("watch " + tube + "\r\nignore default\r\n").flush();
  expect(link, "WATCHING");
  expect(link, "WATCHING");
}

void add_put(Tcp& link, size_t number, size_t bytes) {
  link.add("put 0 0 120 " + std::to_string(bytes) + "\r\n").add(numbered(number, bytes));
  link.add("\r\n");
}

struct Job {
  std::string id;
  size_t number;
};

void take_reserved(Tcp& link, std::vector<Job>* jobs) {
  const std::string line = link.line();
  if (line == "TIMED_OUT") return;
  if (!line.starts_with("RESERVED ")) fail("beanstalkd: " + line);
  const size_t space = line.find(' ', 9);
  const std::string body = link.bytes(number_of(line.c_str() + space) + 2);
  jobs->push_back({line.substr(9, space - 9), number_of(body.c_str())});
}

// All that is there, up to a bound; waits for the first.
std::vector<Job> reserve(Tcp& link) {
  std::vector<Job> jobs;
  link.add("reserve\r\n").flush();
  take_reserved(link, &jobs);
  for (size_t i = 0; i < kReserves; ++i) link.add("reserve-with-timeout 0\r\n");
  link.flush();
  for (size_t i = 0; i < kReserves; ++i) take_reserved(link, &jobs);
  return jobs;
}

class Beanstalkd : public Peer {
 public:
  explicit Beanstalkd(const std::string& port) : jobs_(port), results_(port) {
    jobs_.add("use jobs\r\n").flush();
    expect(jobs_, "USING");
    watch(results_, "results");
  }
  void put(size_t first, size_t count) override {
    for (size_t i = first; i < first + count; ++i) add_put(jobs_, i, 1024);
    jobs_.flush();
    unanswered_ += count;
  }
  void take(const std::function<void(size_t)>& seen) override {
    for (; unanswered_ > 0 && jobs_.readable(0); --unanswered_) expect(jobs_, "INSERTED");
    const std::vector<Job> found = reserve(results_);
    for (const Job& job : found) results_.add("delete " + job.id + "\r\n");
    results_.flush();
    for (const Job& job : found) {
      expect(results_, "DELETED");
      seen(job.number);
    }
  }

 private:
  Tcp jobs_, results_;
  size_t unanswered_ = 0;
};

}  // namespace

void prepare(const std::string&) {}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Beanstalkd>(port);
}

void work(const std::string& port, const std::string&) {
  Tcp link(port);
  watch(link, "jobs");
  link.add("use results\r\n").flush();
  expect(link, "USING");
  while (true) {
    const std::vector<Job> found = reserve(link);
    for (const Job& job : found) {
      add_put(link, job.number, 64);
      link.add("delete " + job.id + "\r\n");
    }
    link.flush();
    for (size_t i = 0; i < found.size(); ++i) {
      expect(link, "INSERTED");
      expect(link, "DELETED");
    }
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
