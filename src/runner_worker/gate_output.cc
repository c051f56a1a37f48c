#include "runner_worker/gate_output.h"

#include <algorithm>

namespace ghost::runner {
namespace {
constexpr size_t kSendBytesMax = 256 << 10;
constexpr size_t kPieceBytesMax = 16 << 10;
constexpr size_t kPiecesMax = 64 << 10;  // streams that alternate byte by byte

wire::Stream stream_of(bool is_stderr) {
  return is_stderr ? wire::Stream::kStderr : wire::Stream::kStdout;
}
}  // namespace

uint64_t OutputBudget::next_share() {
  const uint64_t share = left_ / std::max<uint64_t>(runs_left_, 1);
  if (runs_left_ > 0) --runs_left_;
  return share;
}

GateOutput::GateOutput(JobHost& host, OutputBudget& budget, const std::string& gate,
                       const std::vector<std::string>& secrets)
    : host_(host),
      budget_(budget),
      gate_(gate),
      head_left_(budget.next_share()),
      tail_max_(head_left_ / 2),
      out_(secrets),
      err_(secrets) {
  head_left_ -= tail_max_;
}

void GateOutput::take(bool is_stderr, std::string_view bytes) {
  StreamState& s = is_stderr ? err_ : out_;
  if (s.masker.idle()) return keep(is_stderr, bytes);
  keep(is_stderr, s.masker.feed(bytes));
}

void GateOutput::keep(bool is_stderr, std::string_view shown) {
  StreamState& s = is_stderr ? err_ : out_;
  s.digest.update(shown);
  s.bytes += shown.size();
  if (!s.tail) {
    const std::string_view head = shown.substr(0, std::min<uint64_t>(shown.size(), head_left_));
    send(is_stderr, head);
    head_left_ -= head.size();
    shown.remove_prefix(head.size());
    s.tail = !shown.empty();
  }
  while (!shown.empty()) {
    if (tail_.empty() || tail_.back().is_stderr != is_stderr ||
        tail_.back().bytes.size() >= kPieceBytesMax) {
      tail_.push_back({is_stderr, {}});
    }
    std::string& last = tail_.back().bytes;
    const size_t n = std::min(shown.size(), kPieceBytesMax - last.size());
    last.append(shown.substr(0, n));
    shown.remove_prefix(n);
    tail_bytes_ += n;
    while (tail_bytes_ > tail_max_ || tail_.size() > kPiecesMax) {
      Piece& first = tail_.front();
      const size_t drop = tail_.size() > kPiecesMax
                              ? first.bytes.size()
                              : std::min<uint64_t>(first.bytes.size(), tail_bytes_ - tail_max_);
      (first.is_stderr ? err_ : out_).skipped += drop;
      tail_bytes_ -= drop;
      if (drop == first.bytes.size()) {
        tail_.pop_front();
      } else {
        first.bytes.erase(0, drop);
      }
    }
  }
}

void GateOutput::send(bool is_stderr, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kSendBytesMax);
    host_.output(stream_of(is_stderr), gate_, piece);
    sent_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

void GateOutput::finish() {
  for (const bool is_stderr : {false, true}) {
    StreamState& s = is_stderr ? err_ : out_;
    if (!s.masker.idle()) keep(is_stderr, s.masker.finish());
  }
  for (const bool is_stderr : {false, true}) {
    StreamState& s = is_stderr ? err_ : out_;
    if (s.skipped > 0) host_.output_cut(stream_of(is_stderr), gate_, s.skipped);
    s.sha256 = s.digest.finish_hex();
  }
  for (const Piece& piece : tail_) send(piece.is_stderr, piece.bytes);
  tail_.clear();
  budget_.used(std::min(sent_, budget_.left()));
}

wire::OutputReport GateOutput::report(bool is_stderr) const {
  const StreamState& s = is_stderr ? err_ : out_;
  return {s.bytes, s.skipped > 0, s.sha256};
}

}  // namespace ghost::runner
