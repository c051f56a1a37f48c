// A thread that syncs while its owner goes on: one sync at a time. Owner: one thread. It ends with
// the object, which waits for what goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace ghost::broker {

class SyncThread {
 public:
  SyncThread() = default;
  ~SyncThread();
  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;

  bool start();  // false: the system gives no more threads
  // Started, and none goes on. What `sync` uses outlives it.
  void begin(std::function<int()> sync);
  bool goes_on() const { return goes_on_; }  // begun and not waited for
  bool is_done();                            // wait() would not wait
  int wait();                                // the result of what goes on

 private:
  void run();

  bool goes_on_ = false;  // the owner's
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<int()> sync_;  // to be done
  int code_ = 0;               // of what was done
  bool done_ = false, ends_ = false;
  std::thread thread_;
};

}  // namespace ghost::broker
