// The load: clients that submit, send again what was not answered, read, cancel and retry, and an
// operator who pauses lanes, drains runners and sets slots. Each writes down what it asked and what
// it heard.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/relay_node.h"

namespace ghost::sim {

class Clients {
 public:
  Clients(const Plan& plan, Schedule& schedule, Recorder& recorder,
          std::vector<std::unique_ptr<RelayNode>>& relays, std::vector<std::string> runners);

  void start();
  // No new work from here on; what is under way is seen through, and the operator takes back what
  // was paused.
  void heal();
  // Everything was answered at last.
  bool settled() const { return submitting_ == 0 && operating_ == 0; }
  uint64_t submitted() const { return submitted_; }

 private:
  struct Request {
    wire::Submission submission;
    std::string name;     // what the payload holds: `req` of a history
    bool own_id = false;  // minted by the client, not by the relay
    int tries = 0;
  };
  struct Known {
    std::string job;
    std::string name;
  };

  void client_turn(int client);
  void operator_turn();
  void take_back(Us at);
  RelayNode& some_relay();
  WallMs wall() const;

  void submit_new(int client);
  void submit_wrong(int client);
  void submit(std::shared_ptr<Request> request, int client);
  void submit_answered(std::shared_ptr<Request> request, int client, uint64_t op,
                       const Result<wire::Message>& answer);
  void again(std::shared_ptr<Request> request, int client);
  void read(const std::string& job, int64_t wait_ms);
  void cancel(const std::string& job);
  void retry(const Known& of, int client);
  void send_retry(const Known& of, int client, std::string new_id, int tries);
  template <typename T>
  void operate(const T& message);
  void shown(Kind kind, uint64_t op, const std::string& job, const Result<wire::Message>& answer);
  std::shared_ptr<Request> make_request(int client);

  const Plan& plan_;
  Schedule& schedule_;
  Recorder& recorder_;
  std::vector<std::unique_ptr<RelayNode>>& relays_;
  const std::vector<std::string> runners_;
  Random random_;
  bool healed_ = false;
  uint64_t submitted_ = 0, names_ = 0;
  int submitting_ = 0, operating_ = 0;
  std::map<int, std::vector<Known>> jobs_;        // by client
  std::map<std::string, std::string> tenant_of_;  // by job
  std::map<int, std::shared_ptr<Request>> last_;
  std::set<std::string> paused_, drained_, slotted_;
};

}  // namespace ghost::sim
