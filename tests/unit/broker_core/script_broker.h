// A broker for scripts: the real core between a store of maps and text. A script is lines: a
// command begins in the first column, what came of it follows indented, # is a comment. Each
// command is a turn of its own (event, tick, commit, send) unless it ends in &, which leaves the
// turn open.
//
//   options lease=15000 backoff=1000 ...      before the first command
//   repo NAME | submit ID[ & ID...] k=v...    jobs of the client; several make one message
//   register R k=v... | heartbeat R ...       runners; held=JOB,JOB or JOB@E.N; seq=N
//   result R JOB OUTCOME | events R JOB stdout@0=abc | base | artifact | ask | release | goodbye
//   cancel ID | retry ID NEW | lane NAME k=v | drain R | slots R N | unrepo NAME | instance ...
//   tick MS [busy]  | wall MS | stalled MS | unsent R JOB | undispatchable JOB WHY
//   restart | crash | view WHAT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/core.h"

namespace ghost::broker::test {

class ScriptBroker {
 public:
  // What the command prints, each line indented.
  std::string run(const std::string& command);

 private:
  using Words = std::vector<std::string>;
  using Args = std::map<std::string, std::string>;
  struct Kept {
    JobSpec spec;
    JobStatus status;
    std::vector<wire::Event> events;
    uint64_t results = 0;
  };
  struct Disk {
    std::map<JobNo, Kept> jobs;
    std::map<std::string, wire::Repo> repos;
    std::map<std::string, wire::Lane> lanes;
    std::map<std::string, RunnerSettings> runners;
    JobNo next_no = 1;
    uint64_t epoch = 0;
  };

  void start();
  void step(const Event& event);
  void finish_turn(bool drained);
  void commit(const Persist& change);
  void keep(const persist::InsertJob& p);
  void keep(const persist::UpdateJob& p);
  void keep(const persist::AppendEvents& p);
  void keep(const persist::PutResult& p);
  void keep(const persist::PutArtifactChunk& p);
  void keep(const persist::ForgetJobs& p);
  void keep(const persist::PutRepo& p);
  void keep(const persist::DeleteRepo& p);
  void keep(const persist::PutLane& p);
  void keep(const persist::PutRunner& p);
  void keep(const persist::DeleteRunner& p);
  void keep(const persist::Audit& p);
  void say(const std::string& line) { output_ += "  " + line + "\n"; }
  void show(const Persist& change);
  void show(const Send& sent);
  std::string show(const Reply& reply) const;
  void print(const persist::InsertJob& p);
  void print(const persist::UpdateJob& p);
  void print(const persist::AppendEvents& p);
  void print(const persist::PutResult& p);
  void print(const persist::PutArtifactChunk& p);
  void print(const persist::ForgetJobs& p);
  void print(const persist::PutRepo& p);
  void print(const persist::DeleteRepo& p);
  void print(const persist::PutLane& p);
  void print(const persist::PutRunner& p);
  void print(const persist::DeleteRunner& p);
  void print(const persist::Audit& p);
  void print(const send::Message& s);
  void print(const send::Submitted& s);
  void print(const send::JobView& s);
  void print(const send::Jobs& s);
  std::string orders(const std::vector<wire::CancelOrder>& all) const;
  std::string line_of(const wire::Failure& m) const;
  std::string line_of(const wire::Done& m) const;
  std::string line_of(const wire::Submitted& m) const;
  std::string line_of(const wire::InstancePut& m) const;
  std::string line_of(const wire::Lanes& m) const;
  std::string line_of(const wire::Registered& m) const;
  std::string line_of(const wire::HeartbeatAck& m) const;
  std::string line_of(const wire::Cancel& m) const;
  std::string line_of(const wire::BaseKept& m) const;
  std::string line_of(const wire::EventsKept& m) const;
  std::string line_of(const wire::ArtifactKept& m) const;
  std::string line_of(const wire::Delivery& m) const;
  std::string line_of(const wire::ResultsKept& m) const;
  std::string show(const JobStatus& status, const JobStatus* before);
  std::string name(JobNo no) const;
  std::string lease(const wire::LeaseRef& ref) const;
  wire::LeaseRef lease_of(const std::string& text) const;
  std::vector<wire::LeaseRef> leases_of(const std::string& list) const;
  JobNo number(const std::string& id) const;

  bool client(const Words& words, const Args& args);
  bool runner(const Words& words, const Args& args);
  bool world(const Words& words, const Args& args);
  void view(const Words& words);
  void from_client(ClientRequest request, std::vector<Blob> payloads = {});
  void from_runner(const std::string& runner, RunnerRequest request,
                   std::vector<Blob> payloads = {});
  wire::Submission submission(const std::string& id, const Args& args) const;

  CoreOptions options_;
  std::unique_ptr<Core> core_;
  Disk disk_;
  Actions actions_;
  Now now_{1'000'000, 1'000'000'000};
  std::map<std::string, uint64_t> sessions_;
  std::map<std::string, std::string> routes_;
  uint64_t correlation_ = 0;
  bool drained_ = true;
  std::string output_;
};

}  // namespace ghost::broker::test
