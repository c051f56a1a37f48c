// What runners say of the jobs that they hold. Everything is under the fencing token: what comes
// with another one than the current is stale and changes nothing.
#include <algorithm>

#include "broker/core_impl.h"

namespace ghost::broker {

void Core::Impl::on_message(const event::FromRunner& e, const wire::PutResults& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  if (e.payloads.size() != 2 * m.items.size()) {
    return refuse(e.peer, e.correlation, "bad_request",
                  "PutResults: " + std::to_string(m.items.size()) + " items and " +
                      std::to_string(e.payloads.size()) + " payload frames, not two each");
  }
  wire::ResultsKept answer;
  for (size_t i = 0; i < m.items.size(); ++i) {
    Blob diff = e.payloads[2 * i + 1];
    if (diff && diff->empty()) diff = nullptr;
    const Verdict result{&m.items[i], e.payloads[2 * i], std::move(diff)};
    answer.items.push_back({m.items[i].lease, take_result(*runner, result)});
  }
  reply(e.peer, e.correlation, std::move(answer));
}

wire::ResultStatus Core::Impl::take_result(Runner& runner, const Verdict& result) {
  const wire::ResultItem& item = *result.item;
  JobRow* const row = jobs.find(item.lease.job);
  if (!row) {
    ++count.results_unknown;
    return wire::ResultStatus::kUnknown;
  }
  if (is_terminal(row->state)) {
    if (row->won() == token_of(item.lease)) return wire::ResultStatus::kCommitted;
    if (planted(Bug::kTwoResults)) {
      out->persist.push_back(persist::PutResult{row->no, result.verdict, result.diff});
      return wire::ResultStatus::kCommitted;
    }
  } else if (leased_row(item.lease, runner)) {
    const bool flagged = status(*row).flag.has_value();
    runner.give_up(token_of(item.lease));
    measure(status(*row), item);
    switch (item.outcome) {
      case wire::Outcome::kInfraError:
        attempt_ended(*row, Attempt::kCounts,
                      item.reason.empty() ? "the runner failed" : item.reason, result);
        break;
      case wire::Outcome::kCancelled:
      case wire::Outcome::kExpired:
        // A stop that nobody asked for is the runner's own failure.
        flagged ? finish_flagged(*row, result)
                : attempt_ended(*row, Attempt::kCounts, "the runner stopped it unasked", result);
        break;
      default:
        // The work was done before a cancel arrived: what is committed first counts.
        finish(*row, item.outcome, item.reason, result);
    }
    return wire::ResultStatus::kCommitted;
  }
  ++count.results_stale;
  return wire::ResultStatus::kStale;
}

void Core::Impl::measure(const JobStatus& current, const wire::ResultItem& item) {
  const int64_t took_ms = std::max<int64_t>(0, now.wall - current.leased_ms);
  count.run_seconds.add(static_cast<double>(took_ms) / 1000);
  if (!item.gates_ms) return;
  const int64_t gates_ms = static_cast<int64_t>(std::min<uint64_t>(*item.gates_ms, INT64_MAX));
  count.overhead_seconds.add(static_cast<double>(std::max<int64_t>(0, took_ms - gates_ms)) / 1000);
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::BaseResolved& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  wire::BaseKept answer{m.lease, ""};
  if (JobRow* row = leased_row(m.lease, *runner)) {
    JobStatus& current = status(*row);
    if (current.base_commit.empty()) {
      current.base_commit = m.commit;
      keep(*row);
    }
    answer.commit = current.base_commit;
  }
  reply(e.peer, e.correlation, std::move(answer));
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::PutEvents& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  for (size_t i = 0; i < m.items.size(); ++i) {
    if (m.items[i].stream != wire::Stream::kState) continue;
    const std::string field = "items[" + std::to_string(i) + "].stream";
    return refuse(e.peer, e.correlation, "bad_field", field + ": states are the broker's to tell",
                  field);
  }
  wire::EventsKept answer;
  answer.lease = m.lease;
  JobRow* const row = leased_row(m.lease, *runner);
  answer.stale = row == nullptr;
  if (row) {
    bool any = false;
    for (const wire::Event& event : m.items) any |= take_event(*row, *row->lease(), event);
    // Progress and output do not change what a job is: no new version.
    if (any) keep(*row, false);
    for (const auto stream :
         {wire::Stream::kProgress, wire::Stream::kStdout, wire::Stream::kStderr}) {
      answer.offsets[std::string(to_string(stream))] =
          status(*row).offsets[static_cast<size_t>(stream)];
    }
  }
  reply(e.peer, e.correlation, std::move(answer));
}

// Keeps what is new of the event: what was kept before is cut off, behind a gap nothing is taken,
// and the answer's offset asks for what is missing.
bool Core::Impl::take_event(JobRow& row, Lease& lease, const wire::Event& event) {
  JobStatus& current = status(row);
  if (event.attempt != current.dispatches) return false;
  const bool progress = event.stream == wire::Stream::kProgress;
  const bool cut = !progress && event.type == "cut";
  const uint64_t data = event.data ? event.data->size() : 0;
  const uint64_t length = progress ? 1 : cut ? event.skipped : data;
  uint64_t& expected = current.offsets[static_cast<size_t>(event.stream)];
  if (event.offset > expected || length == 0 || length > UINT64_MAX - event.offset) return false;
  if (event.offset + length <= expected) return false;
  const uint64_t bytes = data + (event.detail ? event.detail->size() : 0) + 64;
  if (lease.event_bytes + bytes > kEventBytesMax) return false;
  lease.event_bytes += bytes;
  count.event_bytes += data;
  wire::Event kept = event;
  const uint64_t known = expected - event.offset;
  kept.offset = expected;
  if (cut) kept.skipped -= known;
  if (!cut && !progress && known > 0) kept.data = event.data->substr(known);
  expected += length - known;
  append(row, std::move(kept));
  return true;
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::PutArtifact& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  if (e.payloads.size() != 1 || !e.payloads[0] || e.payloads[0]->size() > kArtifactChunkMax) {
    return refuse(e.peer, e.correlation, "bad_request",
                  "PutArtifact: expected one payload frame of at most 256 KiB");
  }
  wire::ArtifactKept answer{m.lease, m.path, 0, false};
  JobRow* const row = leased_row(m.lease, *runner);
  answer.stale = row == nullptr;
  if (!row) return reply(e.peer, e.correlation, std::move(answer));
  Lease& lease = *row->lease();
  const uint64_t size = e.payloads[0]->size();
  auto file = lease.artifact_offsets.find(m.path);
  if (file == lease.artifact_offsets.end()) {
    const bool room = lease.artifact_offsets.size() < kArtifactsMax;
    // What a broker before this one acknowledged is durable; only the runner knows how far it was.
    const uint64_t begin = lease.from_earlier_epoch ? m.offset : 0;
    if (room) file = lease.artifact_offsets.emplace(m.path, begin).first;
  }
  if (file == lease.artifact_offsets.end() || lease.artifact_bytes + size > kArtifactBytesMax) {
    return refuse(e.peer, e.correlation, "too_large", "the job's kept files are too many", "path");
  }
  // From the start again, or the next chunk; anything else is answered with what is expected.
  if (m.offset == 0 || m.offset == file->second) {
    lease.artifact_bytes += size;
    file->second = m.offset + size;
    out->persist.push_back(persist::PutArtifactChunk{row->no, status(*row).dispatches, m.path,
                                                     m.offset, e.payloads[0], m.last, m.sha256});
  }
  answer.next_offset = file->second;
  reply(e.peer, e.correlation, std::move(answer));
}

// The grant is durable before it is said; from then on no cancel is taken.
void Core::Impl::on_message(const event::FromRunner& e, const wire::AskDelivery& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  wire::Delivery answer{m.lease, false, ""};
  JobRow* const row = leased_row(m.lease, *runner);
  if (!row) {
    answer.granted = planted(Bug::kGrantToAnyone);
    answer.reason = "stale";
    return reply(e.peer, e.correlation, std::move(answer));
  }
  JobStatus& current = status(*row);
  if (current.flag && !planted(Bug::kGrantToFlagged)) {
    answer.reason = std::string(to_string(*current.flag));
    return reply(e.peer, e.correlation, std::move(answer));
  }
  if (!current.delivering || current.delivery_commit != m.commit_oid) {
    current.delivering = true;
    current.delivery_commit = m.commit_oid;
    ++count.grants;
    note(*row, "delivering", "commit", m.commit_oid);
    keep(*row);
  }
  answer.granted = true;
  reply(e.peer, e.correlation, std::move(answer));
}

}  // namespace ghost::broker
