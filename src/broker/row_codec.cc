#include "broker/row_codec.h"

#include <array>
#include <cstring>
#include <optional>

namespace ghost::broker::rows {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kSpecFormat = 1;
constexpr uint8_t kStatusFormat = 1;

// Types of events that cost one byte; the position is the code, 0 means "spelled out".
constexpr std::array kEventTypes = {
    ""sv,          "queued"sv,    "leased"sv,    "delivering"sv,      "requeued"sv,
    "succeeded"sv, "failed"sv,    "cancelled"sv, "expired"sv,         "dead"sv,
    "base"sv,      "hunk"sv,      "applied"sv,   "gate_started"sv,    "gate_finished"sv,
    "log"sv,       "delivered"sv, "cut"sv,       "cancel_requested"sv};

// Appends through a small buffer: a row is many small numbers.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}
  ~Writer() { flush(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void u8(uint8_t v) {
    if (used_ == sizeof buffer_) flush();
    buffer_[used_++] = static_cast<char>(v);
  }
  void u64(uint64_t v) {
    if (used_ + 10 > sizeof buffer_) flush();
    while (v >= 0x80) {
      buffer_[used_++] = static_cast<char>(v | 0x80);
      v >>= 7;
    }
    buffer_[used_++] = static_cast<char>(v);
  }
  void i64(int64_t v) { u64((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void text(std::string_view v) {
    u64(v.size());
    bytes(v);
  }
  void optional(const std::optional<std::string>& v) {
    u64(v ? v->size() + 1 : 0);
    if (v) bytes(*v);
  }
  void map(const std::map<std::string, std::string>& v) {
    u64(v.size());
    for (const auto& [key, value] : v) {
      text(key);
      text(value);
    }
  }

 private:
  void bytes(std::string_view v) {
    if (used_ + v.size() > sizeof buffer_) {
      flush();
      if (v.size() > sizeof buffer_) {
        out_.append(v);
        return;
      }
    }
    std::memcpy(buffer_ + used_, v.data(), v.size());
    used_ += v.size();
  }
  void flush() {
    out_.append(buffer_, used_);
    used_ = 0;
  }

  std::string& out_;
  char buffer_[512];
  size_t used_ = 0;
};

// Reads what Writer wrote; after the first thing that does not fit, ok() is false for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  std::string_view rest() const { return bytes_; }

  uint8_t u8() {
    if (bytes_.empty()) return fail();
    const auto v = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return v;
  }
  uint64_t u64() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    return fail();
  }
  int64_t i64() {
    const uint64_t v = u64();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  std::string_view view(uint64_t size) {
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    const std::string_view v = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return v;
  }
  void text(std::string* out) { out->assign(view(u64())); }
  void optional(std::optional<std::string>* out) {
    out->reset();
    if (const uint64_t size = u64(); size > 0) out->emplace(view(size - 1));
  }
  void map(std::map<std::string, std::string>* out) {
    for (uint64_t n = u64(); n > 0 && ok_; --n) {
      std::string key;
      text(&key);
      text(&(*out)[std::move(key)]);
    }
  }
  template <typename E>
  E enumerator(E last) {
    const uint8_t v = u8();
    if (v > static_cast<uint8_t>(last)) fail();
    return ok_ ? static_cast<E>(v) : E{};
  }

 private:
  uint8_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

std::string_view tenant_for_row(std::string_view tenant) {
  return tenant == "default" ? ""sv : tenant;
}

uint8_t event_type_code(std::string_view type) {
  for (size_t i = 1; i < kEventTypes.size(); ++i) {
    if (kEventTypes[i] == type) return static_cast<uint8_t>(i);
  }
  return 0;
}

}  // namespace

void encode(const JobSpec& spec, std::string* out) {
  const wire::Submission& s = spec.submission;
  Writer w(out);
  w.u8(kSpecFormat);
  w.text(s.id);
  w.text(tenant_for_row(s.tenant));
  w.optional(s.idempotency_key);
  w.text(s.request_hash);
  w.text(s.lane);
  w.u64(s.priority);
  w.optional(s.repo);
  w.text(s.ref);
  w.optional(s.base_job);
  w.map(s.requires_);
  w.map(s.labels);
  w.u64(s.depends_on.size());
  for (const std::string& id : s.depends_on) w.text(id);
  w.u64(s.max_attempts);
  w.i64(s.not_before_ms);
  w.i64(s.deadline_ms);
  w.text(s.description);
  w.i64(spec.accepted_ms);
  w.u64(spec.base_job_no);
  w.u64(spec.depends_on_nos.size());
  for (const JobNo no : spec.depends_on_nos) w.u64(no);
  w.text(spec.retry_of);
}

bool decode(std::string_view bytes, JobSpec* out) {
  wire::Submission& s = out->submission;
  Reader r(bytes);
  if (r.u8() != kSpecFormat) return false;
  r.text(&s.id);
  r.text(&s.tenant);
  if (s.tenant.empty()) s.tenant = "default";
  r.optional(&s.idempotency_key);
  r.text(&s.request_hash);
  r.text(&s.lane);
  s.priority = r.u64();
  r.optional(&s.repo);
  r.text(&s.ref);
  r.optional(&s.base_job);
  r.map(&s.requires_);
  r.map(&s.labels);
  for (uint64_t n = r.u64(); n > 0 && r.ok(); --n) r.text(&s.depends_on.emplace_back());
  s.max_attempts = r.u64();
  s.not_before_ms = r.i64();
  s.deadline_ms = r.i64();
  r.text(&s.description);
  out->accepted_ms = r.i64();
  out->base_job_no = r.u64();
  for (uint64_t n = r.u64(); n > 0 && r.ok(); --n) out->depends_on_nos.push_back(r.u64());
  r.text(&out->retry_of);
  return r.ok() && r.rest().empty();
}

void encode(const JobStatus& status, std::string* out) {
  Writer w(out);
  w.u8(kStatusFormat);
  w.u8(static_cast<uint8_t>(status.state));
  w.u64(status.version);
  w.u64(status.attempt);
  w.u64(status.dispatches);
  w.u64(status.token.epoch);
  w.u64(status.token.n);
  w.text(status.runner);
  w.text(status.base_commit);
  w.u8(status.flag ? static_cast<uint8_t>(*status.flag) + 1 : 0);
  w.u8(status.delivering ? 1 : 0);
  w.text(status.delivery_commit);
  w.i64(status.backoff_until_ms);
  w.i64(status.leased_ms);
  w.i64(status.started_ms);
  w.i64(status.completed_ms);
  w.u8(status.outcome ? static_cast<uint8_t>(*status.outcome) + 1 : 0);
  w.text(status.reason);
  w.text(status.tree_oid);
  w.text(status.commit_oid);
  w.u64(status.next_event_seq);
  for (const uint64_t offset : status.offsets) w.u64(offset);
}

bool decode(std::string_view bytes, JobStatus* out) {
  Reader r(bytes);
  if (r.u8() != kStatusFormat) return false;
  out->state = r.enumerator(wire::JobState::kDead);
  out->version = r.u64();
  out->attempt = r.u64();
  out->dispatches = r.u64();
  out->token.epoch = r.u64();
  out->token.n = r.u64();
  r.text(&out->runner);
  r.text(&out->base_commit);
  const uint8_t flag = r.u8();
  if (flag > static_cast<uint8_t>(wire::CancelReason::kStale) + 1) return false;
  out->flag.reset();
  if (flag > 0) out->flag = static_cast<wire::CancelReason>(flag - 1);
  out->delivering = r.u8() != 0;
  r.text(&out->delivery_commit);
  out->backoff_until_ms = r.i64();
  out->leased_ms = r.i64();
  out->started_ms = r.i64();
  out->completed_ms = r.i64();
  const uint8_t outcome = r.u8();
  if (outcome > static_cast<uint8_t>(wire::Outcome::kInfraError) + 1) return false;
  out->outcome.reset();
  if (outcome > 0) out->outcome = static_cast<wire::Outcome>(outcome - 1);
  r.text(&out->reason);
  r.text(&out->tree_oid);
  r.text(&out->commit_oid);
  out->next_event_seq = r.u64();
  for (uint64_t& offset : out->offsets) offset = r.u64();
  return r.ok() && r.rest().empty();
}

void encode(const wire::Event& event, std::string* out) {
  Writer w(out);
  w.u64(event.seq);
  w.u64(event.attempt);
  w.u8(static_cast<uint8_t>(event.stream));
  w.u64(event.offset);
  w.i64(event.at);
  const uint8_t code = event_type_code(event.type);
  w.u8(code);
  if (code == 0) w.text(event.type);
  w.optional(event.gate);
  w.u64(event.skipped);
  w.optional(event.detail);
  w.optional(event.data);
}

bool decode_next(std::string_view* bytes, wire::Event* out, bool with_data, uint64_t* data_bytes) {
  Reader r(*bytes);
  out->seq = r.u64();
  out->attempt = r.u64();
  out->stream = r.enumerator(wire::Stream::kStderr);
  out->offset = r.u64();
  out->at = r.i64();
  const uint8_t code = r.u8();
  if (code >= kEventTypes.size()) return false;
  if (code == 0) {
    r.text(&out->type);
  } else {
    out->type = kEventTypes[code];
  }
  r.optional(&out->gate);
  out->skipped = r.u64();
  r.optional(&out->detail);
  out->data.reset();
  const uint64_t size = r.u64();
  const std::string_view data = r.view(size > 0 ? size - 1 : 0);
  if (size > 0 && with_data) out->data.emplace(data);
  *data_bytes = data.size();
  *bytes = r.rest();
  return r.ok();
}

}  // namespace ghost::broker::rows
