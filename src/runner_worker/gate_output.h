// What becomes of the output of a job's gates: secrets masked, streams kept apart and digested,
// head and tail kept when a gate says more than its share of the job's log, the cut marked. One
// thread.
#pragma once

#include <deque>
#include <string>

#include "base/bytes.h"
#include "runner_worker/executor.h"
#include "runner_worker/secrets.h"

namespace ghost::runner {

// The log that a job may keep, shared out among its gates: each run gets an equal part of what is
// left, and what one does not use goes to those behind it.
class OutputBudget {
 public:
  OutputBudget(uint64_t bytes, uint64_t runs) : left_(bytes), runs_left_(runs) {}
  uint64_t next_share();
  void used(uint64_t bytes) { left_ -= bytes; }
  uint64_t left() const { return left_; }

 private:
  uint64_t left_, runs_left_;
};

// One run of one gate. Bytes and digests are of what can be shown: secrets are masked before.
class GateOutput {
 public:
  GateOutput(JobHost& host, OutputBudget& budget, const std::string& gate,
             const std::vector<std::string>& secrets);
  void take(bool is_stderr, std::string_view bytes);
  // After the gate ended: sends the cuts and the tail. Once.
  void finish();
  wire::OutputReport report(bool is_stderr) const;

 private:
  struct StreamState {
    explicit StreamState(const std::vector<std::string>& secrets) : masker(secrets) {}
    Masker masker;
    Sha256 digest;
    std::string sha256;
    uint64_t bytes = 0, skipped = 0;
    bool tail = false;  // the head is over
  };
  struct Piece {
    bool is_stderr;
    std::string bytes;
  };
  void keep(bool is_stderr, std::string_view shown);
  void send(bool is_stderr, std::string_view bytes);

  JobHost& host_;
  OutputBudget& budget_;
  const std::string gate_;
  uint64_t head_left_;
  const uint64_t tail_max_;
  StreamState out_, err_;
  std::deque<Piece> tail_;
  uint64_t tail_bytes_ = 0, sent_ = 0;
};

}  // namespace ghost::runner
