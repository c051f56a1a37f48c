// What commits for the broker's loop, one transaction at a time, so that the loop can take in what
// comes next meanwhile: a thread; in a simulation, a time that passes.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "broker/store.h"

namespace ghost::broker {

// The store is the committer's from start() until wait() has returned; all calls are the loop's.
class Committer {
 public:
  virtual ~Committer() = default;
  // A checkpoint if one is due, then the commit. `changes` must stay where it is until wait().
  virtual void start(std::vector<Persist>* changes) = 0;
  virtual bool busy() const = 0;  // started and not waited for yet
  virtual bool done() = 0;        // wait() will not wait
  virtual Status wait() = 0;      // what came of the commit
  // Readable when what was started is done and not waited for yet; for poll().
  virtual int fd() const = 0;
};

class CommitThread : public Committer {
 public:
  explicit CommitThread(Store* store);
  ~CommitThread() override;  // once what was started is done
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  void start(std::vector<Persist>* changes) override;
  bool busy() const override { return busy_; }
  bool done() override;
  Status wait() override;
  int fd() const override { return done_fd_; }

 private:
  void run();

  Store& store_;
  const int done_fd_;
  bool busy_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Persist>* work_ = nullptr;  // not taken up yet
  std::optional<Status> result_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ghost::broker
