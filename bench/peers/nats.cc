// NATS JetStream with file storage. It acknowledges before it syncs: its figure stands beside those
// that sync, not among them.
#include <nats/nats.h>

#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

void ok(natsStatus status) {
  if (status != NATS_OK) fail(std::string("nats: ") + natsStatus_GetText(status));
}

struct Link {
  explicit Link(const std::string& port) {
    ok(natsConnection_ConnectTo(&connection, ("nats://127.0.0.1:" + port).c_str()));
    ok(natsConnection_JetStream(&stream, connection, nullptr));
  }
  void publish(const char* subject, const std::string& body) {
    ok(js_PublishAsync(stream, subject, body.data(), static_cast<int>(body.size()), nullptr));
  }
  natsSubscription* pull(const char* subject, const char* durable) {
    natsSubscription* out = nullptr;
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Config.MaxAckPending = 100'000;
    ok(js_PullSubscribe(&out, stream, subject, durable, nullptr, &options, nullptr));
    return out;
  }
  natsConnection* connection = nullptr;
  jsCtx* stream = nullptr;
};

// What is there, up to a bound; waits for the first. Calls visit(number) for each.
template <typename Visit>
natsMsgList fetch(natsSubscription* from, Visit visit) {
  natsMsgList list{};
  const natsStatus status =
      natsSubscription_Fetch(&list, from, static_cast<int>(kBatch), 1000, nullptr);
  if (status == NATS_TIMEOUT) return list;
  ok(status);
  for (int i = 0; i < list.Count; ++i) visit(number_of(natsMsg_GetData(list.Msgs[i])));
  return list;
}

void ack_all(natsMsgList* list) {
  for (int i = 0; i < list->Count; ++i) ok(natsMsg_Ack(list->Msgs[i], nullptr));
  natsMsgList_Destroy(list);
}

class Nats : public Peer {
 public:
  explicit Nats(const std::string& port)
      : jobs_(port), results_(port), found_(results_.pull("results", "submitter")) {}
  void put(size_t first, size_t count) override {
    for (size_t i = first; i < first + count; ++i) jobs_.publish("jobs", numbered(i, 1024));
  }
  void take(const std::function<void(size_t)>& seen) override {
    natsMsgList list = fetch(found_, seen);
    ack_all(&list);
  }

 private:
  Link jobs_, results_;
  natsSubscription* found_;
};

}  // namespace

void prepare(const std::string& port) {
  Link link(port);
  for (const char* name : {"jobs", "results"}) {
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = &name;
    config.SubjectsLen = 1;
    config.Retention = js_WorkQueuePolicy;
    config.Storage = js_FileStorage;
    ok(js_AddStream(nullptr, link.stream, &config, nullptr, nullptr));
  }
}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Nats>(port);
}

void work(const std::string& port, const std::string&) {
  Link link(port);
  natsSubscription* jobs = link.pull("jobs", "workers");
  while (true) {
    natsMsgList list =
        fetch(jobs, [&](size_t number) { link.publish("results", numbered(number, 64)); });
    jsPubOptions wait;
    jsPubOptions_Init(&wait);
    wait.MaxWait = 10'000;
    if (list.Count > 0) ok(js_PublishAsyncComplete(link.stream, &wait));
    ack_all(&list);
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
