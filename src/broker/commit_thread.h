// A thread that commits for the broker's loop, one transaction at a time, so that the loop can take
// in what comes next meanwhile. The store is the thread's from start() until wait() has returned;
// everything else here belongs to the loop.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "broker/store.h"

namespace ghost::broker {

class CommitThread {
 public:
  explicit CommitThread(Store* store);
  ~CommitThread();  // once what was started is done
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  // A checkpoint if one is due, then the commit. `changes` must stay where it is until wait().
  void start(std::vector<Persist>* changes);
  bool busy() const { return busy_; }  // started and not waited for yet
  bool done();                         // wait() will not wait
  Status wait();
  // Readable when what was started is done and not waited for yet; for poll().
  int fd() const { return done_fd_; }

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
