// The runner's link to the broker: owner of the DEALER and of the session core. run() is the link's
// thread; everything else of the runner talks to it through the mailbox. Jobs run on slot threads.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runner_worker/job_host.h"
#include "runner_worker/outbox.h"
#include "runner_worker/session_core.h"
#include "runner_worker/slots.h"
#include "wire/keys.h"
#include "wire/socket.h"

namespace ghost::runner {

struct LinkOptions {
  wire::BrokerAddress broker;
  // Called on the link's thread when the broker tells of a new address and key, before it goes
  // there.
  std::function<void(const wire::Address&)> on_moved;
  // An eventfd that counts orders to leave: the first drains, the second gives back what runs. -1:
  // none.
  int stop_fd = -1;
  // Called on the link's thread at every registration, and at least every `turn_ms_max`.
  std::function<void()> on_registered, on_turn;
  int64_t turn_ms_max = 10'000;
};

class Link {
 public:
  // All outlive the link.
  Link(wire::Context& context, const LinkOptions& options, const SessionOptions& session,
       Executor& executor, Outbox& outbox);
  ~Link();

  // Works until it is drained, or until the broker will not have this runner. Call once.
  Status run();
  // Any thread.
  void drain(bool now) { mailbox_.post(DrainAsked{now}); }

 private:
  struct RunningJob {
    std::string id;
    std::shared_ptr<SlotHost> host;
  };

  Status connect();
  void move(const wire::Address& to);
  void wait();
  void read_connections();
  void read_broker();
  void read_stop_orders();
  void read_mailbox();
  void step(SessionEvent event);
  SlotHost* host_of(const LeaseRef& lease);

  void on(Send& action);
  void on(Reconnect& action);
  void on(StartJob& action);
  void on(StopJob& action);
  void on(LeaseExtended& action);
  void on(OutputKept& action);
  void on(AnswerBase& action);
  void on(AnswerDelivery& action);
  void on(AnswerArtifact& action);
  void on(WriteOutbox& action);
  void on(RemoveOutbox& action);
  void on(Notice& action);
  void on(Stopped& action);
  wire::Frames result_frames(uint64_t correlation, wire::PutResults& message);

  wire::Context& context_;
  const LinkOptions options_;
  wire::BrokerAddress broker_;
  Executor& executor_;
  Outbox& outbox_;
  SessionCore core_;
  Mailbox mailbox_;
  bool broker_spoke_ = false, connection_changed_ = false;  // as wait() found it
  std::optional<wire::Socket> socket_;
  uint64_t connections_ = 0;  // of this socket
  bool drain_asked_ = false, was_registered_ = false;
  bool joined_ = false;  // the broker takes joined payloads
  std::optional<Status> stopped_;
  std::map<LeaseRef, RunningJob, LeaseOrder> running_;
  // Last: they join their threads before anything that those use goes.
  TaskPool writer_, slots_;
};

}  // namespace ghost::runner
