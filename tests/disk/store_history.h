// A life of the store on a simulated disk: random turns as the broker commits them, restarts in
// between, and what must be found after each. The content is read through the store's own reads;
// beside it a ledger keeps, without them, what was acknowledged of each job.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "broker/store.h"
#include "simulated_disk.h"

namespace ghost::disk {

// All that a store shows, a line of text an item.
using Content = std::map<std::string, std::string>;
Result<Content> read_content(broker::Store& store);

struct Kept {  // what the store must show from that moment on, until the next one
  size_t moment = 0;
  uint64_t epoch = 0;
  Content content;
};

class History {
 public:
  // `work` is a folder of the real disk for what the store keeps beside its database.
  History(const std::string& work, uint64_t seed, bool sync);
  void run(int turns);

  const Disk& disk() const { return disk_; }
  const std::deque<Kept>& kept() const { return kept_; }

 private:
  struct JobRecord {
    std::string request, verdict;
    broker::JobStatus status;
  };
  void start();
  void turn();
  void insert(std::vector<broker::Persist>* changes);
  void change(std::vector<broker::Persist>* changes);
  void finish(broker::JobNo no, std::vector<broker::Persist>* changes);
  void append_events(broker::JobNo no, std::vector<broker::Persist>* changes);
  void forget(std::vector<broker::Persist>* changes);
  void keep();
  void check_ledger() const;
  std::string random_text(size_t bytes_max);

  const std::string work_;
  const bool sync_;
  std::mt19937_64 random_;
  Disk disk_;
  std::unique_ptr<broker::Store> store_;
  broker::JobNo next_no_ = 1;
  std::map<broker::JobNo, JobRecord> jobs_;
  std::deque<Kept> kept_;
};

}  // namespace ghost::disk
