// Redis streams with a consumer group; with appendfsync always its answers come after the sync.
#include <hiredis/hiredis.h>

#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

using Reply = std::unique_ptr<redisReply, void (*)(void*)>;

redisContext* open(const std::string& port) {
  redisContext* link = redisConnect("127.0.0.1", std::atoi(port.c_str()));
  if (link == nullptr || link->err != 0) fail("redis: cannot connect");
  return link;
}

Reply answer(redisContext* link) {
  void* raw = nullptr;
  if (redisGetReply(link, &raw) != REDIS_OK) fail(std::string("redis: ") + link->errstr);
  Reply reply(static_cast<redisReply*>(raw), freeReplyObject);
  if (reply->type == REDIS_REPLY_ERROR) fail(std::string("redis: ") + reply->str);
  return reply;
}

void add(redisContext* link, const char* stream, size_t number, size_t bytes) {
  const std::string body = numbered(number, bytes);
  redisAppendCommand(link, "XADD %s * b %b", stream, body.data(), body.size());
}

// Calls visit(entry id, body) for what a read of one stream gave.
template <typename Visit>
void each(const redisReply& read, Visit visit) {
  if (read.type != REDIS_REPLY_ARRAY) return;
  const redisReply* entries = read.element[0]->element[1];
  for (size_t i = 0; i < entries->elements; ++i) {
    const redisReply* entry = entries->element[i];
    visit(entry->element[0]->str, entry->element[1]->element[1]->str);
  }
}

class Redis : public Peer {
 public:
  explicit Redis(const std::string& port) : jobs_(open(port)), results_(open(port)) {
    // From what is last now on, so that no result falls between two reads.
    redisAppendCommand(results_, "XREVRANGE results + - COUNT 1");
    last_ = answer(results_)->element[0]->element[0]->str;
  }
  void put(size_t first, size_t count) override {
    for (size_t i = first; i < first + count; ++i) add(jobs_, "jobs", i, 1024);
    for (size_t i = 0; i < count; ++i) answer(jobs_);
  }
  void take(const std::function<void(size_t)>& seen) override {
    redisAppendCommand(results_, "XREAD COUNT 1000 BLOCK 1000 STREAMS results %s", last_.c_str());
    each(*answer(results_), [&](const char* id, const char* body) {
      last_ = id;
      seen(number_of(body));
    });
  }

 private:
  redisContext *jobs_, *results_;
  std::string last_;
};

}  // namespace

void prepare(const std::string& port) {
  redisContext* link = open(port);
  redisAppendCommand(link, "XGROUP CREATE jobs workers $ MKSTREAM");
  answer(link);
  add(link, "results", 0, 64);
  answer(link);
}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Redis>(port);
}

void work(const std::string& port, const std::string& name) {
  redisContext* link = open(port);
  while (true) {
    redisAppendCommand(link, "XREADGROUP GROUP workers %s COUNT %d BLOCK 1000 STREAMS jobs >",
                       name.c_str(), static_cast<int>(kBatch));
    const Reply read = answer(link);
    size_t expected = 0;
    each(*read, [&](const char* id, const char* body) {
      add(link, "results", number_of(body), 64);
      redisAppendCommand(link, "XACK jobs workers %s", id);
      expected += 2;
    });
    while (expected-- > 0) answer(link);
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
