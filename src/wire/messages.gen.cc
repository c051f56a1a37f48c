// Made by proto_schemas/generate.py from messages.json; do not edit.
#include "wire/messages.gen.h"

#include "wire/codec.h"

namespace ghost::wire {

std::string_view to_string(JobState value) {
  switch (value) {
    case JobState::kQueued:
      return "QUEUED";
    case JobState::kLeased:
      return "LEASED";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kFailed:
      return "FAILED";
    case JobState::kCancelled:
      return "CANCELLED";
    case JobState::kExpired:
      return "EXPIRED";
    case JobState::kDead:
      return "DEAD";
  }
  return "";
}
std::optional<JobState> parse_job_state(std::string_view text) {
  if (text == "QUEUED") return JobState::kQueued;
  if (text == "LEASED") return JobState::kLeased;
  if (text == "SUCCEEDED") return JobState::kSucceeded;
  if (text == "FAILED") return JobState::kFailed;
  if (text == "CANCELLED") return JobState::kCancelled;
  if (text == "EXPIRED") return JobState::kExpired;
  if (text == "DEAD") return JobState::kDead;
  return std::nullopt;
}

std::string_view to_string(Outcome value) {
  switch (value) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kGateFailed:
      return "gate_failed";
    case Outcome::kApplyFailed:
      return "apply_failed";
    case Outcome::kRejected:
      return "rejected";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kBaseMoved:
      return "base_moved";
    case Outcome::kDependencyFailed:
      return "dependency_failed";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kExpired:
      return "expired";
    case Outcome::kInfraError:
      return "infra_error";
  }
  return "";
}
std::optional<Outcome> parse_outcome(std::string_view text) {
  if (text == "passed") return Outcome::kPassed;
  if (text == "gate_failed") return Outcome::kGateFailed;
  if (text == "apply_failed") return Outcome::kApplyFailed;
  if (text == "rejected") return Outcome::kRejected;
  if (text == "timeout") return Outcome::kTimeout;
  if (text == "base_moved") return Outcome::kBaseMoved;
  if (text == "dependency_failed") return Outcome::kDependencyFailed;
  if (text == "cancelled") return Outcome::kCancelled;
  if (text == "expired") return Outcome::kExpired;
  if (text == "infra_error") return Outcome::kInfraError;
  return std::nullopt;
}

std::string_view to_string(PatchFormat value) {
  switch (value) {
    case PatchFormat::kUnified:
      return "unified";
    case PatchFormat::kMbox:
      return "mbox";
    case PatchFormat::kMutations:
      return "mutations";
    case PatchFormat::kSearchReplace:
      return "search-replace";
    case PatchFormat::kEnvelope:
      return "envelope";
    case PatchFormat::kNone:
      return "none";
  }
  return "";
}
std::optional<PatchFormat> parse_patch_format(std::string_view text) {
  if (text == "unified") return PatchFormat::kUnified;
  if (text == "mbox") return PatchFormat::kMbox;
  if (text == "mutations") return PatchFormat::kMutations;
  if (text == "search-replace") return PatchFormat::kSearchReplace;
  if (text == "envelope") return PatchFormat::kEnvelope;
  if (text == "none") return PatchFormat::kNone;
  return std::nullopt;
}

std::string_view to_string(MutationOp value) {
  switch (value) {
    case MutationOp::kCreate:
      return "create";
    case MutationOp::kUpsert:
      return "upsert";
    case MutationOp::kDelete:
      return "delete";
    case MutationOp::kChmod:
      return "chmod";
    case MutationOp::kInsert:
      return "insert";
    case MutationOp::kReplace:
      return "replace";
  }
  return "";
}
std::optional<MutationOp> parse_mutation_op(std::string_view text) {
  if (text == "create") return MutationOp::kCreate;
  if (text == "upsert") return MutationOp::kUpsert;
  if (text == "delete") return MutationOp::kDelete;
  if (text == "chmod") return MutationOp::kChmod;
  if (text == "insert") return MutationOp::kInsert;
  if (text == "replace") return MutationOp::kReplace;
  return std::nullopt;
}

std::string_view to_string(Encoding value) {
  switch (value) {
    case Encoding::kUtf8:
      return "utf-8";
    case Encoding::kBase64:
      return "base64";
  }
  return "";
}
std::optional<Encoding> parse_encoding(std::string_view text) {
  if (text == "utf-8") return Encoding::kUtf8;
  if (text == "base64") return Encoding::kBase64;
  return std::nullopt;
}

std::string_view to_string(ApplyMode value) {
  switch (value) {
    case ApplyMode::kStrict:
      return "strict";
    case ApplyMode::kRecount:
      return "recount";
    case ApplyMode::kFuzzy:
      return "fuzzy";
    case ApplyMode::kThreeway:
      return "threeway";
  }
  return "";
}
std::optional<ApplyMode> parse_apply_mode(std::string_view text) {
  if (text == "strict") return ApplyMode::kStrict;
  if (text == "recount") return ApplyMode::kRecount;
  if (text == "fuzzy") return ApplyMode::kFuzzy;
  if (text == "threeway") return ApplyMode::kThreeway;
  return std::nullopt;
}

std::string_view to_string(Whitespace value) {
  switch (value) {
    case Whitespace::kError:
      return "error";
    case Whitespace::kIgnoreChange:
      return "ignore-change";
  }
  return "";
}
std::optional<Whitespace> parse_whitespace(std::string_view text) {
  if (text == "error") return Whitespace::kError;
  if (text == "ignore-change") return Whitespace::kIgnoreChange;
  return std::nullopt;
}

std::string_view to_string(Eol value) {
  switch (value) {
    case Eol::kExact:
      return "exact";
    case Eol::kNormalize:
      return "normalize";
  }
  return "";
}
std::optional<Eol> parse_eol(std::string_view text) {
  if (text == "exact") return Eol::kExact;
  if (text == "normalize") return Eol::kNormalize;
  return std::nullopt;
}

std::string_view to_string(Network value) {
  switch (value) {
    case Network::kNone:
      return "none";
    case Network::kHost:
      return "host";
  }
  return "";
}
std::optional<Network> parse_network(std::string_view text) {
  if (text == "none") return Network::kNone;
  if (text == "host") return Network::kHost;
  return std::nullopt;
}

std::string_view to_string(OnBaseMoved value) {
  switch (value) {
    case OnBaseMoved::kFail:
      return "fail";
    case OnBaseMoved::kReapply:
      return "reapply";
  }
  return "";
}
std::optional<OnBaseMoved> parse_on_base_moved(std::string_view text) {
  if (text == "fail") return OnBaseMoved::kFail;
  if (text == "reapply") return OnBaseMoved::kReapply;
  return std::nullopt;
}

std::string_view to_string(GatePhase value) {
  switch (value) {
    case GatePhase::kPrecheck:
      return "precheck";
    case GatePhase::kBuild:
      return "build";
    case GatePhase::kValidate:
      return "validate";
  }
  return "";
}
std::optional<GatePhase> parse_gate_phase(std::string_view text) {
  if (text == "precheck") return GatePhase::kPrecheck;
  if (text == "build") return GatePhase::kBuild;
  if (text == "validate") return GatePhase::kValidate;
  return std::nullopt;
}

std::string_view to_string(GateStatus value) {
  switch (value) {
    case GateStatus::kPass:
      return "pass";
    case GateStatus::kFail:
      return "fail";
    case GateStatus::kTimeout:
      return "timeout";
    case GateStatus::kOom:
      return "oom";
    case GateStatus::kSignal:
      return "signal";
    case GateStatus::kSkipped:
      return "skipped";
    case GateStatus::kInfra:
      return "infra";
    case GateStatus::kFlood:
      return "flood";
  }
  return "";
}
std::optional<GateStatus> parse_gate_status(std::string_view text) {
  if (text == "pass") return GateStatus::kPass;
  if (text == "fail") return GateStatus::kFail;
  if (text == "timeout") return GateStatus::kTimeout;
  if (text == "oom") return GateStatus::kOom;
  if (text == "signal") return GateStatus::kSignal;
  if (text == "skipped") return GateStatus::kSkipped;
  if (text == "infra") return GateStatus::kInfra;
  if (text == "flood") return GateStatus::kFlood;
  return std::nullopt;
}

std::string_view to_string(ApplyStatus value) {
  switch (value) {
    case ApplyStatus::kClean:
      return "clean";
    case ApplyStatus::kOffset:
      return "offset";
    case ApplyStatus::kFuzz:
      return "fuzz";
    case ApplyStatus::kMerged:
      return "merged";
    case ApplyStatus::kAlreadyApplied:
      return "already_applied";
    case ApplyStatus::kReversed:
      return "reversed";
    case ApplyStatus::kAmbiguous:
      return "ambiguous";
    case ApplyStatus::kFailed:
      return "failed";
  }
  return "";
}
std::optional<ApplyStatus> parse_apply_status(std::string_view text) {
  if (text == "clean") return ApplyStatus::kClean;
  if (text == "offset") return ApplyStatus::kOffset;
  if (text == "fuzz") return ApplyStatus::kFuzz;
  if (text == "merged") return ApplyStatus::kMerged;
  if (text == "already_applied") return ApplyStatus::kAlreadyApplied;
  if (text == "reversed") return ApplyStatus::kReversed;
  if (text == "ambiguous") return ApplyStatus::kAmbiguous;
  if (text == "failed") return ApplyStatus::kFailed;
  return std::nullopt;
}

std::string_view to_string(Stream value) {
  switch (value) {
    case Stream::kState:
      return "state";
    case Stream::kProgress:
      return "progress";
    case Stream::kStdout:
      return "stdout";
    case Stream::kStderr:
      return "stderr";
  }
  return "";
}
std::optional<Stream> parse_stream(std::string_view text) {
  if (text == "state") return Stream::kState;
  if (text == "progress") return Stream::kProgress;
  if (text == "stdout") return Stream::kStdout;
  if (text == "stderr") return Stream::kStderr;
  return std::nullopt;
}

std::string_view to_string(SubmitStatus value) {
  switch (value) {
    case SubmitStatus::kAccepted:
      return "accepted";
    case SubmitStatus::kExisting:
      return "existing";
    case SubmitStatus::kRefused:
      return "refused";
  }
  return "";
}
std::optional<SubmitStatus> parse_submit_status(std::string_view text) {
  if (text == "accepted") return SubmitStatus::kAccepted;
  if (text == "existing") return SubmitStatus::kExisting;
  if (text == "refused") return SubmitStatus::kRefused;
  return std::nullopt;
}

std::string_view to_string(ResultStatus value) {
  switch (value) {
    case ResultStatus::kCommitted:
      return "committed";
    case ResultStatus::kStale:
      return "stale";
    case ResultStatus::kUnknown:
      return "unknown";
  }
  return "";
}
std::optional<ResultStatus> parse_result_status(std::string_view text) {
  if (text == "committed") return ResultStatus::kCommitted;
  if (text == "stale") return ResultStatus::kStale;
  if (text == "unknown") return ResultStatus::kUnknown;
  return std::nullopt;
}

std::string_view to_string(InstanceState value) {
  switch (value) {
    case InstanceState::kReady:
      return "ready";
    case InstanceState::kDraining:
      return "draining";
    case InstanceState::kLost:
      return "lost";
  }
  return "";
}
std::optional<InstanceState> parse_instance_state(std::string_view text) {
  if (text == "ready") return InstanceState::kReady;
  if (text == "draining") return InstanceState::kDraining;
  if (text == "lost") return InstanceState::kLost;
  return std::nullopt;
}

std::string_view to_string(CancelReason value) {
  switch (value) {
    case CancelReason::kCancelled:
      return "cancelled";
    case CancelReason::kExpired:
      return "expired";
    case CancelReason::kStale:
      return "stale";
  }
  return "";
}
std::optional<CancelReason> parse_cancel_reason(std::string_view text) {
  if (text == "cancelled") return CancelReason::kCancelled;
  if (text == "expired") return CancelReason::kExpired;
  if (text == "stale") return CancelReason::kStale;
  return std::nullopt;
}

std::string_view to_string(ReleaseReason value) {
  switch (value) {
    case ReleaseReason::kDrain:
      return "drain";
    case ReleaseReason::kUnsent:
      return "unsent";
    case ReleaseReason::kOutage:
      return "outage";
  }
  return "";
}
std::optional<ReleaseReason> parse_release_reason(std::string_view text) {
  if (text == "drain") return ReleaseReason::kDrain;
  if (text == "unsent") return ReleaseReason::kUnsent;
  if (text == "outage") return ReleaseReason::kOutage;
  return std::nullopt;
}

std::string_view to_string(KeyRole value) {
  switch (value) {
    case KeyRole::kRunner:
      return "runner";
    case KeyRole::kRelay:
      return "relay";
    case KeyRole::kClient:
      return "client";
  }
  return "";
}
std::optional<KeyRole> parse_key_role(std::string_view text) {
  if (text == "runner") return KeyRole::kRunner;
  if (text == "relay") return KeyRole::kRelay;
  if (text == "client") return KeyRole::kClient;
  return std::nullopt;
}

std::string_view to_string(Scope value) {
  switch (value) {
    case Scope::kSubmit:
      return "submit";
    case Scope::kRead:
      return "read";
    case Scope::kOperate:
      return "operate";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}
std::optional<Scope> parse_scope(std::string_view text) {
  if (text == "submit") return Scope::kSubmit;
  if (text == "read") return Scope::kRead;
  if (text == "operate") return Scope::kOperate;
  if (text == "admin") return Scope::kAdmin;
  return std::nullopt;
}

std::string_view to_string(MetricType value) {
  switch (value) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "";
}
std::optional<MetricType> parse_metric_type(std::string_view text) {
  if (text == "counter") return MetricType::kCounter;
  if (text == "gauge") return MetricType::kGauge;
  if (text == "histogram") return MetricType::kHistogram;
  return std::nullopt;
}

namespace {

using namespace codec;

Status read(const Path& at, const object& from, JobState* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_job_state(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of QUEUED, LEASED, SUCCEEDED, FAILED, CANCELLED, EXPIRED or DEAD", from);
}
[[maybe_unused]] void write(Packer& out, JobState in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Outcome* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_outcome(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at,
                  "one of passed, gate_failed, apply_failed, rejected, timeout, base_moved, "
                  "dependency_failed, cancelled, expired or infra_error",
                  from);
}
[[maybe_unused]] void write(Packer& out, Outcome in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, PatchFormat* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_patch_format(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of unified, mbox, mutations, search-replace, envelope or none", from);
}
[[maybe_unused]] void write(Packer& out, PatchFormat in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, MutationOp* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_mutation_op(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of create, upsert, delete, chmod, insert or replace", from);
}
[[maybe_unused]] void write(Packer& out, MutationOp in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Encoding* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_encoding(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of utf-8 or base64", from);
}
[[maybe_unused]] void write(Packer& out, Encoding in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, ApplyMode* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_apply_mode(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of strict, recount, fuzzy or threeway", from);
}
[[maybe_unused]] void write(Packer& out, ApplyMode in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Whitespace* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_whitespace(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of error or ignore-change", from);
}
[[maybe_unused]] void write(Packer& out, Whitespace in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Eol* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_eol(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of exact or normalize", from);
}
[[maybe_unused]] void write(Packer& out, Eol in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Network* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_network(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of none or host", from);
}
[[maybe_unused]] void write(Packer& out, Network in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, OnBaseMoved* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_on_base_moved(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of fail or reapply", from);
}
[[maybe_unused]] void write(Packer& out, OnBaseMoved in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, GatePhase* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_gate_phase(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of precheck, build or validate", from);
}
[[maybe_unused]] void write(Packer& out, GatePhase in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, GateStatus* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_gate_status(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of pass, fail, timeout, oom, signal, skipped, infra or flood", from);
}
[[maybe_unused]] void write(Packer& out, GateStatus in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, ApplyStatus* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_apply_status(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(
      at, "one of clean, offset, fuzz, merged, already_applied, reversed, ambiguous or failed",
      from);
}
[[maybe_unused]] void write(Packer& out, ApplyStatus in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Stream* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_stream(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of state, progress, stdout or stderr", from);
}
[[maybe_unused]] void write(Packer& out, Stream in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, SubmitStatus* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_submit_status(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of accepted, existing or refused", from);
}
[[maybe_unused]] void write(Packer& out, SubmitStatus in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, ResultStatus* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_result_status(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of committed, stale or unknown", from);
}
[[maybe_unused]] void write(Packer& out, ResultStatus in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, InstanceState* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_instance_state(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of ready, draining or lost", from);
}
[[maybe_unused]] void write(Packer& out, InstanceState in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, CancelReason* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_cancel_reason(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of cancelled, expired or stale", from);
}
[[maybe_unused]] void write(Packer& out, CancelReason in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, ReleaseReason* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_release_reason(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of drain, unsent or outage", from);
}
[[maybe_unused]] void write(Packer& out, ReleaseReason in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, KeyRole* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_key_role(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of runner, relay or client", from);
}
[[maybe_unused]] void write(Packer& out, KeyRole in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Scope* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_scope(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of submit, read, operate or admin", from);
}
[[maybe_unused]] void write(Packer& out, Scope in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, MetricType* out) {
  std::string text;
  if (from.type == msgpack::type::STR) text.assign(from.via.str.ptr, from.via.str.size);
  if (const auto value = parse_metric_type(text)) {
    *out = *value;
    return ok_status();
  }
  return expected(at, "one of counter, gauge or histogram", from);
}
[[maybe_unused]] void write(Packer& out, MetricType in) {
  write(out, to_string(in));
}

Status read(const Path& at, const object& from, Base* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "repo") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->repo, [](const Path& q, const object& v, auto* o) {
          return read_name(q, v, o);
        });
    } else if (walk.key() == "ref") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->ref, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
    } else if (walk.key() == "job") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->job, [](const Path& q, const object& v, auto* o) {
          return read_name(q, v, o);
        });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Base& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0 + (in.repo ? 1 : 0) + (in.ref ? 1 : 0) + (in.job ? 1 : 0)));
  if (in.repo) {
    write_key(out, "repo");
    write(out, *in.repo);
  }
  if (in.ref) {
    write_key(out, "ref");
    write(out, *in.ref);
  }
  if (in.job) {
    write_key(out, "job");
    write(out, *in.job);
  }
}

Status read(const Path& at, const object& from, Anchor* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "after") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->after, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
    } else if (walk.key() == "before") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->before, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Anchor& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0 + (in.after ? 1 : 0) + (in.before ? 1 : 0)));
  if (in.after) {
    write_key(out, "after");
    write(out, *in.after);
  }
  if (in.before) {
    write_key(out, "before");
    write(out, *in.before);
  }
}

Status read(const Path& at, const object& from, Mutation* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "op") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->op);
    } else if (walk.key() == "path") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->path, {1u, 4096u});
    } else if (walk.key() == "contents") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->contents, [](const Path& q, const object& v, auto* o) {
          return read_bytes(q, v, o, {0u, 33554432u});
        });
    } else if (walk.key() == "encoding") {
      s = walk.first_time(3);
      if (s) s = read(p, value, &out->encoding);
    } else if (walk.key() == "mode") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->mode, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 6u});
        });
    } else if (walk.key() == "anchor") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->anchor,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "regex") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->regex, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 65536u});
        });
    } else if (walk.key() == "replacement") {
      s = walk.first_time(7);
      if (s)
        s = read_optional(p, value, &out->replacement, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
    } else if (walk.key() == "expectMatches") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->expect_matches, {1u, 1000000u});
    } else if (walk.key() == "ifMatch") {
      s = walk.first_time(9);
      if (s)
        s = read_optional(p, value, &out->if_match, [](const Path& q, const object& v, auto* o) {
          return read_oid(q, v, o);
        });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "op");
  if (!walk.seen(1)) return missing_field(at, "path");
  return ok_status();
}

void write(Packer& out, const Mutation& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4 + (in.contents ? 1 : 0) + (in.mode ? 1 : 0) +
                                     (in.anchor ? 1 : 0) + (in.regex ? 1 : 0) +
                                     (in.replacement ? 1 : 0) + (in.if_match ? 1 : 0)));
  write_key(out, "op");
  write(out, in.op);
  write_key(out, "path");
  write(out, in.path);
  if (in.contents) {
    write_key(out, "contents");
    write_bin(out, *in.contents);
  }
  write_key(out, "encoding");
  write(out, in.encoding);
  if (in.mode) {
    write_key(out, "mode");
    write(out, *in.mode);
  }
  if (in.anchor) {
    write_key(out, "anchor");
    write(out, *in.anchor);
  }
  if (in.regex) {
    write_key(out, "regex");
    write(out, *in.regex);
  }
  if (in.replacement) {
    write_key(out, "replacement");
    write(out, *in.replacement);
  }
  write_key(out, "expectMatches");
  write(out, in.expect_matches);
  if (in.if_match) {
    write_key(out, "ifMatch");
    write(out, *in.if_match);
  }
}

Status read(const Path& at, const object& from, PatchBody* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "format") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->format,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "strip") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->strip, {0u, 100u});
    } else if (walk.key() == "data") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->data, [](const Path& q, const object& v, auto* o) {
          return read_bytes(q, v, o, {0u, 33554432u});
        });
    } else if (walk.key() == "encoding") {
      s = walk.first_time(3);
      if (s) s = read(p, value, &out->encoding);
    } else if (walk.key() == "root") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->root, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
    } else if (walk.key() == "items") {
      s = walk.first_time(5);
      if (s)
        s = read_list(p, value, &out->items, {0u, 10000u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const PatchBody& in) {
  (void)in;
  out.pack_map(
      static_cast<uint32_t>(3 + (in.format ? 1 : 0) + (in.data ? 1 : 0) + (in.root ? 1 : 0)));
  if (in.format) {
    write_key(out, "format");
    write(out, *in.format);
  }
  write_key(out, "strip");
  write(out, in.strip);
  if (in.data) {
    write_key(out, "data");
    write_bin(out, *in.data);
  }
  write_key(out, "encoding");
  write(out, in.encoding);
  if (in.root) {
    write_key(out, "root");
    write(out, *in.root);
  }
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, ApplyOptions* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "mode") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->mode);
    } else if (walk.key() == "maxFuzz") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->max_fuzz, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {0u, 100u});
        });
    } else if (walk.key() == "maxOffset") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->max_offset, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {0u, 100000000u});
        });
    } else if (walk.key() == "whitespace") {
      s = walk.first_time(3);
      if (s) s = read(p, value, &out->whitespace);
    } else if (walk.key() == "eol") {
      s = walk.first_time(4);
      if (s) s = read(p, value, &out->eol);
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ApplyOptions& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3 + (in.max_fuzz ? 1 : 0) + (in.max_offset ? 1 : 0)));
  write_key(out, "mode");
  write(out, in.mode);
  if (in.max_fuzz) {
    write_key(out, "maxFuzz");
    write(out, *in.max_fuzz);
  }
  if (in.max_offset) {
    write_key(out, "maxOffset");
    write(out, *in.max_offset);
  }
  write_key(out, "whitespace");
  write(out, in.whitespace);
  write_key(out, "eol");
  write(out, in.eol);
}

Status read(const Path& at, const object& from, Gate* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->name, {1u, 200u});
    } else if (walk.key() == "phase") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->phase);
    } else if (walk.key() == "run") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->run, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 131072u});
        });
    } else if (walk.key() == "argv") {
      s = walk.first_time(3);
      if (s)
        s = read_list(p, value, &out->argv, {0u, 1000u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "cwd") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->cwd, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
    } else if (walk.key() == "env") {
      s = walk.first_time(5);
      if (s)
        s = read_map(p, value, &out->env, {0u, 1000u}, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "timeoutMs") {
      s = walk.first_time(6);
      if (s) s = read_u64(p, value, &out->timeout_ms, {1u, 86400000u});
    } else if (walk.key() == "retries") {
      s = walk.first_time(7);
      if (s) s = read_u64(p, value, &out->retries, {0u, 10u});
    } else if (walk.key() == "allowFailure") {
      s = walk.first_time(8);
      if (s) s = read_bool(p, value, &out->allow_failure);
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const Gate& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(7 + (in.run ? 1 : 0) + (in.cwd ? 1 : 0)));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "phase");
  write(out, in.phase);
  if (in.run) {
    write_key(out, "run");
    write(out, *in.run);
  }
  write_key(out, "argv");
  write_list(out, in.argv, [](Packer& o, const auto& v) { write(o, v); });
  if (in.cwd) {
    write_key(out, "cwd");
    write(out, *in.cwd);
  }
  write_key(out, "env");
  write_map(out, in.env, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "timeoutMs");
  write(out, in.timeout_ms);
  write_key(out, "retries");
  write(out, in.retries);
  write_key(out, "allowFailure");
  write(out, in.allow_failure);
}

Status read(const Path& at, const object& from, JobLimits* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "wallMs") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->wall_ms, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {1u, 604800000u});
        });
    } else if (walk.key() == "cpuMs") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->cpu_ms, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {1u, 604800000u});
        });
    } else if (walk.key() == "memoryBytes") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->memory_bytes,
                          [](const Path& q, const object& v, auto* o) {
                            return read_u64(q, v, o, {1048576u, 1099511627776u});
                          });
    } else if (walk.key() == "pids") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->pids, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {1u, 1000000u});
        });
    } else if (walk.key() == "diskBytes") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->disk_bytes, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {1048576u, 1099511627776u});
        });
    } else if (walk.key() == "inodes") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->inodes, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {64u, 100000000u});
        });
    } else if (walk.key() == "outputBytes") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->output_bytes,
                          [](const Path& q, const object& v, auto* o) {
                            return read_u64(q, v, o, {1024u, 1073741824u});
                          });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const JobLimits& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0 + (in.wall_ms ? 1 : 0) + (in.cpu_ms ? 1 : 0) +
                                     (in.memory_bytes ? 1 : 0) + (in.pids ? 1 : 0) +
                                     (in.disk_bytes ? 1 : 0) + (in.inodes ? 1 : 0) +
                                     (in.output_bytes ? 1 : 0)));
  if (in.wall_ms) {
    write_key(out, "wallMs");
    write(out, *in.wall_ms);
  }
  if (in.cpu_ms) {
    write_key(out, "cpuMs");
    write(out, *in.cpu_ms);
  }
  if (in.memory_bytes) {
    write_key(out, "memoryBytes");
    write(out, *in.memory_bytes);
  }
  if (in.pids) {
    write_key(out, "pids");
    write(out, *in.pids);
  }
  if (in.disk_bytes) {
    write_key(out, "diskBytes");
    write(out, *in.disk_bytes);
  }
  if (in.inodes) {
    write_key(out, "inodes");
    write(out, *in.inodes);
  }
  if (in.output_bytes) {
    write_key(out, "outputBytes");
    write(out, *in.output_bytes);
  }
}

Status read(const Path& at, const object& from, Author* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->name, {1u, 1000u});
    } else if (walk.key() == "email") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->email, {0u, 1000u});
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  if (!walk.seen(1)) return missing_field(at, "email");
  return ok_status();
}

void write(Packer& out, const Author& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "email");
  write(out, in.email);
}

Status read(const Path& at, const object& from, CommitSpec* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "message") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->message, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
    } else if (walk.key() == "author") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->author,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "include") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->include, {0u, 1000u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const CommitSpec& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1 + (in.message ? 1 : 0) + (in.author ? 1 : 0)));
  if (in.message) {
    write_key(out, "message");
    write(out, *in.message);
  }
  if (in.author) {
    write_key(out, "author");
    write(out, *in.author);
  }
  write_key(out, "include");
  write_list(out, in.include, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, OnSuccess* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "commit") {
      s = walk.first_time(0);
      if (s)
        s = read_optional(p, value, &out->commit,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "branch") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->branch, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
    } else if (walk.key() == "tag") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->tag, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
    } else if (walk.key() == "push") {
      s = walk.first_time(3);
      if (s) s = read_bool(p, value, &out->push);
    } else if (walk.key() == "onBaseMoved") {
      s = walk.first_time(4);
      if (s) s = read(p, value, &out->on_base_moved);
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const OnSuccess& in) {
  (void)in;
  out.pack_map(
      static_cast<uint32_t>(2 + (in.commit ? 1 : 0) + (in.branch ? 1 : 0) + (in.tag ? 1 : 0)));
  if (in.commit) {
    write_key(out, "commit");
    write(out, *in.commit);
  }
  if (in.branch) {
    write_key(out, "branch");
    write(out, *in.branch);
  }
  if (in.tag) {
    write_key(out, "tag");
    write(out, *in.tag);
  }
  write_key(out, "push");
  write(out, in.push);
  write_key(out, "onBaseMoved");
  write(out, in.on_base_moved);
}

Status read(const Path& at, const object& from, PatchRequest* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "schemaVersion") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->schema_version, {1u, 1u});
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->id, [](const Path& q, const object& v, auto* o) {
          return read_name(q, v, o);
        });
    } else if (walk.key() == "description") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->description, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
    } else if (walk.key() == "labels") {
      s = walk.first_time(3);
      if (s)
        s = read_map(p, value, &out->labels, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "lane") {
      s = walk.first_time(4);
      if (s) s = read_name(p, value, &out->lane);
    } else if (walk.key() == "priority") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->priority, {0u, 9u});
    } else if (walk.key() == "idempotencyKey") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->idempotency_key,
                          [](const Path& q, const object& v, auto* o) {
                            return read_string(q, v, o, {1u, 255u});
                          });
    } else if (walk.key() == "base") {
      s = walk.first_time(7);
      if (s) s = read(p, value, &out->base);
    } else if (walk.key() == "patch") {
      s = walk.first_time(8);
      if (s) s = read(p, value, &out->patch);
    } else if (walk.key() == "apply") {
      s = walk.first_time(9);
      if (s) s = read(p, value, &out->apply);
    } else if (walk.key() == "gates") {
      s = walk.first_time(10);
      if (s)
        s = read_list(p, value, &out->gates, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "limits") {
      s = walk.first_time(11);
      if (s) s = read(p, value, &out->limits);
    } else if (walk.key() == "network") {
      s = walk.first_time(12);
      if (s) s = read(p, value, &out->network);
    } else if (walk.key() == "protectedPaths") {
      s = walk.first_time(13);
      if (s)
        s = read_list(p, value, &out->protected_paths, {0u, 1000u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "artifacts") {
      s = walk.first_time(14);
      if (s)
        s = read_list(p, value, &out->artifacts, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "onSuccess") {
      s = walk.first_time(15);
      if (s)
        s = read_optional(p, value, &out->on_success,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "requires") {
      s = walk.first_time(16);
      if (s)
        s = read_map(p, value, &out->requires_, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "dependsOn") {
      s = walk.first_time(17);
      if (s)
        s = read_list(p, value, &out->depends_on, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) { return read_name(q, v, o); });
    } else if (walk.key() == "maxAttempts") {
      s = walk.first_time(18);
      if (s) s = read_u64(p, value, &out->max_attempts, {1u, 100u});
    } else if (walk.key() == "notBefore") {
      s = walk.first_time(19);
      if (s)
        s = read_optional(p, value, &out->not_before, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "deadline") {
      s = walk.first_time(20);
      if (s)
        s = read_optional(p, value, &out->deadline, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "secretEnv") {
      s = walk.first_time(21);
      if (s)
        s = read_list(p, value, &out->secret_env, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "traceparent") {
      s = walk.first_time(22);
      if (s)
        s = read_optional(p, value, &out->traceparent, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, 128u});
        });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(7)) return missing_field(at, "base");
  if (!walk.seen(8)) return missing_field(at, "patch");
  return ok_status();
}

void write(Packer& out, const PatchRequest& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(16 + (in.id ? 1 : 0) + (in.description ? 1 : 0) +
                                     (in.idempotency_key ? 1 : 0) + (in.on_success ? 1 : 0) +
                                     (in.not_before ? 1 : 0) + (in.deadline ? 1 : 0) +
                                     (in.traceparent ? 1 : 0)));
  write_key(out, "schemaVersion");
  write(out, in.schema_version);
  if (in.id) {
    write_key(out, "id");
    write(out, *in.id);
  }
  if (in.description) {
    write_key(out, "description");
    write(out, *in.description);
  }
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "lane");
  write(out, in.lane);
  write_key(out, "priority");
  write(out, in.priority);
  if (in.idempotency_key) {
    write_key(out, "idempotencyKey");
    write(out, *in.idempotency_key);
  }
  write_key(out, "base");
  write(out, in.base);
  write_key(out, "patch");
  write(out, in.patch);
  write_key(out, "apply");
  write(out, in.apply);
  write_key(out, "gates");
  write_list(out, in.gates, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "limits");
  write(out, in.limits);
  write_key(out, "network");
  write(out, in.network);
  write_key(out, "protectedPaths");
  write_list(out, in.protected_paths, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "artifacts");
  write_list(out, in.artifacts, [](Packer& o, const auto& v) { write(o, v); });
  if (in.on_success) {
    write_key(out, "onSuccess");
    write(out, *in.on_success);
  }
  write_key(out, "requires");
  write_map(out, in.requires_, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "dependsOn");
  write_list(out, in.depends_on, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "maxAttempts");
  write(out, in.max_attempts);
  if (in.not_before) {
    write_key(out, "notBefore");
    write_time(out, *in.not_before);
  }
  if (in.deadline) {
    write_key(out, "deadline");
    write_time(out, *in.deadline);
  }
  write_key(out, "secretEnv");
  write_list(out, in.secret_env, [](Packer& o, const auto& v) { write(o, v); });
  if (in.traceparent) {
    write_key(out, "traceparent");
    write(out, *in.traceparent);
  }
}

Status read(const Path& at, const object& from, FileReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "path") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->path, {0u, kNoBound});
    } else if (walk.key() == "oldPath") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->old_path, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "op") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->op, {0u, kNoBound});
    } else if (walk.key() == "oldOid") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->old_oid, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "newOid") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->new_oid, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "mode") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->mode, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "path");
  if (!walk.seen(2)) return missing_field(at, "op");
  return ok_status();
}

void write(Packer& out, const FileReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2 + (in.old_path ? 1 : 0) + (in.old_oid ? 1 : 0) +
                                     (in.new_oid ? 1 : 0) + (in.mode ? 1 : 0)));
  write_key(out, "path");
  write(out, in.path);
  if (in.old_path) {
    write_key(out, "oldPath");
    write(out, *in.old_path);
  }
  write_key(out, "op");
  write(out, in.op);
  if (in.old_oid) {
    write_key(out, "oldOid");
    write(out, *in.old_oid);
  }
  if (in.new_oid) {
    write_key(out, "newOid");
    write(out, *in.new_oid);
  }
  if (in.mode) {
    write_key(out, "mode");
    write(out, *in.mode);
  }
}

Status read(const Path& at, const object& from, HunkReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "file") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->file, {0u, kNoBound});
    } else if (walk.key() == "index") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->index, {0u, kNoBound});
    } else if (walk.key() == "expectedLine") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->expected_line, {0u, kNoBound});
    } else if (walk.key() == "matchedLine") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->matched_line,
                          [](const Path& q, const object& v, auto* o) {
                            return read_u64(q, v, o, {0u, kNoBound});
                          });
    } else if (walk.key() == "offset") {
      s = walk.first_time(4);
      if (s) s = read_i64(p, value, &out->offset);
    } else if (walk.key() == "fuzz") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->fuzz, {0u, kNoBound});
    } else if (walk.key() == "strategy") {
      s = walk.first_time(6);
      if (s) s = read_string(p, value, &out->strategy, {0u, kNoBound});
    } else if (walk.key() == "status") {
      s = walk.first_time(7);
      if (s) s = read(p, value, &out->status);
    } else if (walk.key() == "error") {
      s = walk.first_time(8);
      if (s)
        s = read_optional(p, value, &out->error, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "nearest") {
      s = walk.first_time(9);
      if (s)
        s = read_optional(p, value, &out->nearest, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "file");
  if (!walk.seen(1)) return missing_field(at, "index");
  if (!walk.seen(2)) return missing_field(at, "expectedLine");
  if (!walk.seen(7)) return missing_field(at, "status");
  return ok_status();
}

void write(Packer& out, const HunkReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(7 + (in.matched_line ? 1 : 0) + (in.error ? 1 : 0) +
                                     (in.nearest ? 1 : 0)));
  write_key(out, "file");
  write(out, in.file);
  write_key(out, "index");
  write(out, in.index);
  write_key(out, "expectedLine");
  write(out, in.expected_line);
  if (in.matched_line) {
    write_key(out, "matchedLine");
    write(out, *in.matched_line);
  }
  write_key(out, "offset");
  write(out, in.offset);
  write_key(out, "fuzz");
  write(out, in.fuzz);
  write_key(out, "strategy");
  write(out, in.strategy);
  write_key(out, "status");
  write(out, in.status);
  if (in.error) {
    write_key(out, "error");
    write(out, *in.error);
  }
  if (in.nearest) {
    write_key(out, "nearest");
    write(out, *in.nearest);
  }
}

Status read(const Path& at, const object& from, RefusalReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "code") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->code, {0u, kNoBound});
    } else if (walk.key() == "path") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->path, {0u, kNoBound});
    } else if (walk.key() == "line") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->line, {0u, kNoBound});
    } else if (walk.key() == "message") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->message, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "code");
  if (!walk.seen(3)) return missing_field(at, "message");
  return ok_status();
}

void write(Packer& out, const RefusalReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "code");
  write(out, in.code);
  write_key(out, "path");
  write(out, in.path);
  write_key(out, "line");
  write(out, in.line);
  write_key(out, "message");
  write(out, in.message);
}

Status read(const Path& at, const object& from, ApplyReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "status") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->status);
    } else if (walk.key() == "files") {
      s = walk.first_time(1);
      if (s)
        s = read_list(p, value, &out->files, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "hunks") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->hunks, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "errors") {
      s = walk.first_time(3);
      if (s)
        s = read_list(p, value, &out->errors, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "status");
  return ok_status();
}

void write(Packer& out, const ApplyReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "status");
  write(out, in.status);
  write_key(out, "files");
  write_list(out, in.files, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "hunks");
  write_list(out, in.hunks, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "errors");
  write_list(out, in.errors, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, OutputReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "bytes") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->bytes, {0u, kNoBound});
    } else if (walk.key() == "truncated") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->truncated);
    } else if (walk.key() == "sha256") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->sha256, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "bytes");
  if (!walk.seen(1)) return missing_field(at, "truncated");
  if (!walk.seen(2)) return missing_field(at, "sha256");
  return ok_status();
}

void write(Packer& out, const OutputReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "bytes");
  write(out, in.bytes);
  write_key(out, "truncated");
  write(out, in.truncated);
  write_key(out, "sha256");
  write(out, in.sha256);
}

Status read(const Path& at, const object& from, GateReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->name, {0u, kNoBound});
    } else if (walk.key() == "phase") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->phase);
    } else if (walk.key() == "status") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->status);
    } else if (walk.key() == "exitCode") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->exit_code, [](const Path& q, const object& v, auto* o) {
          return read_i64(q, v, o);
        });
    } else if (walk.key() == "signal") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->signal, [](const Path& q, const object& v, auto* o) {
          return read_i64(q, v, o);
        });
    } else if (walk.key() == "wallMs") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->wall_ms, {0u, kNoBound});
    } else if (walk.key() == "cpuMs") {
      s = walk.first_time(6);
      if (s) s = read_u64(p, value, &out->cpu_ms, {0u, kNoBound});
    } else if (walk.key() == "maxRssBytes") {
      s = walk.first_time(7);
      if (s) s = read_u64(p, value, &out->max_rss_bytes, {0u, kNoBound});
    } else if (walk.key() == "writtenBytes") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->written_bytes, {0u, kNoBound});
    } else if (walk.key() == "attempts") {
      s = walk.first_time(9);
      if (s) s = read_u64(p, value, &out->attempts, {0u, kNoBound});
    } else if (walk.key() == "flaky") {
      s = walk.first_time(10);
      if (s) s = read_bool(p, value, &out->flaky);
    } else if (walk.key() == "allowedFailure") {
      s = walk.first_time(11);
      if (s) s = read_bool(p, value, &out->allowed_failure);
    } else if (walk.key() == "stdout") {
      s = walk.first_time(12);
      if (s)
        s = read_optional(p, value, &out->stdout,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "stderr") {
      s = walk.first_time(13);
      if (s)
        s = read_optional(p, value, &out->stderr,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "error") {
      s = walk.first_time(14);
      if (s)
        s = read_optional(p, value, &out->error, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  if (!walk.seen(1)) return missing_field(at, "phase");
  if (!walk.seen(2)) return missing_field(at, "status");
  return ok_status();
}

void write(Packer& out, const GateReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(10 + (in.exit_code ? 1 : 0) + (in.signal ? 1 : 0) +
                                     (in.stdout ? 1 : 0) + (in.stderr ? 1 : 0) +
                                     (in.error ? 1 : 0)));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "phase");
  write(out, in.phase);
  write_key(out, "status");
  write(out, in.status);
  if (in.exit_code) {
    write_key(out, "exitCode");
    write(out, *in.exit_code);
  }
  if (in.signal) {
    write_key(out, "signal");
    write(out, *in.signal);
  }
  write_key(out, "wallMs");
  write(out, in.wall_ms);
  write_key(out, "cpuMs");
  write(out, in.cpu_ms);
  write_key(out, "maxRssBytes");
  write(out, in.max_rss_bytes);
  write_key(out, "writtenBytes");
  write(out, in.written_bytes);
  write_key(out, "attempts");
  write(out, in.attempts);
  write_key(out, "flaky");
  write(out, in.flaky);
  write_key(out, "allowedFailure");
  write(out, in.allowed_failure);
  if (in.stdout) {
    write_key(out, "stdout");
    write(out, *in.stdout);
  }
  if (in.stderr) {
    write_key(out, "stderr");
    write(out, *in.stderr);
  }
  if (in.error) {
    write_key(out, "error");
    write(out, *in.error);
  }
}

Status read(const Path& at, const object& from, ResultReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "treeOid") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->tree_oid, {0u, kNoBound});
    } else if (walk.key() == "commitOid") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->commit_oid, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "branch") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->branch, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "tag") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->tag, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "pushed") {
      s = walk.first_time(4);
      if (s) s = read_bool(p, value, &out->pushed);
    } else if (walk.key() == "diff") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->diff, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "diffBytes") {
      s = walk.first_time(6);
      if (s) s = read_u64(p, value, &out->diff_bytes, {0u, kNoBound});
    } else if (walk.key() == "diffSha256") {
      s = walk.first_time(7);
      if (s)
        s = read_optional(p, value, &out->diff_sha256, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "treeOid");
  return ok_status();
}

void write(Packer& out, const ResultReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3 + (in.commit_oid ? 1 : 0) + (in.branch ? 1 : 0) +
                                     (in.tag ? 1 : 0) + (in.diff ? 1 : 0) +
                                     (in.diff_sha256 ? 1 : 0)));
  write_key(out, "treeOid");
  write(out, in.tree_oid);
  if (in.commit_oid) {
    write_key(out, "commitOid");
    write(out, *in.commit_oid);
  }
  if (in.branch) {
    write_key(out, "branch");
    write(out, *in.branch);
  }
  if (in.tag) {
    write_key(out, "tag");
    write(out, *in.tag);
  }
  write_key(out, "pushed");
  write(out, in.pushed);
  if (in.diff) {
    write_key(out, "diff");
    write(out, *in.diff);
  }
  write_key(out, "diffBytes");
  write(out, in.diff_bytes);
  if (in.diff_sha256) {
    write_key(out, "diffSha256");
    write(out, *in.diff_sha256);
  }
}

Status read(const Path& at, const object& from, ArtifactReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "path") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->path, {0u, kNoBound});
    } else if (walk.key() == "sha256") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->sha256, {0u, kNoBound});
    } else if (walk.key() == "sizeBytes") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->size_bytes, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "path");
  if (!walk.seen(1)) return missing_field(at, "sha256");
  if (!walk.seen(2)) return missing_field(at, "sizeBytes");
  return ok_status();
}

void write(Packer& out, const ArtifactReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "path");
  write(out, in.path);
  write_key(out, "sha256");
  write(out, in.sha256);
  write_key(out, "sizeBytes");
  write(out, in.size_bytes);
}

Status read(const Path& at, const object& from, RollbackReport* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "performed") {
      s = walk.first_time(0);
      if (s) s = read_bool(p, value, &out->performed);
    } else if (walk.key() == "verified") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->verified);
    } else if (walk.key() == "baseTreeOid") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->base_tree_oid, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "performed");
  if (!walk.seen(1)) return missing_field(at, "verified");
  return ok_status();
}

void write(Packer& out, const RollbackReport& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "performed");
  write(out, in.performed);
  write_key(out, "verified");
  write(out, in.verified);
  write_key(out, "baseTreeOid");
  write(out, in.base_tree_oid);
}

Status read(const Path& at, const object& from, Verdict* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "outcome") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->outcome);
    } else if (walk.key() == "reason") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->reason, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "apply") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->apply,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "gates") {
      s = walk.first_time(3);
      if (s)
        s = read_list(p, value, &out->gates, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "result") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->result,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "artifacts") {
      s = walk.first_time(5);
      if (s)
        s = read_list(p, value, &out->artifacts, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "rollback") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->rollback,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "isolation") {
      s = walk.first_time(7);
      if (s)
        s = read_list(p, value, &out->isolation, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "startedAt") {
      s = walk.first_time(8);
      if (s)
        s = read_optional(p, value, &out->started_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "outcome");
  return ok_status();
}

void write(Packer& out, const Verdict& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4 + (in.reason ? 1 : 0) + (in.apply ? 1 : 0) +
                                     (in.result ? 1 : 0) + (in.rollback ? 1 : 0) +
                                     (in.started_at ? 1 : 0)));
  write_key(out, "outcome");
  write(out, in.outcome);
  if (in.reason) {
    write_key(out, "reason");
    write(out, *in.reason);
  }
  if (in.apply) {
    write_key(out, "apply");
    write(out, *in.apply);
  }
  write_key(out, "gates");
  write_list(out, in.gates, [](Packer& o, const auto& v) { write(o, v); });
  if (in.result) {
    write_key(out, "result");
    write(out, *in.result);
  }
  write_key(out, "artifacts");
  write_list(out, in.artifacts, [](Packer& o, const auto& v) { write(o, v); });
  if (in.rollback) {
    write_key(out, "rollback");
    write(out, *in.rollback);
  }
  write_key(out, "isolation");
  write_list(out, in.isolation, [](Packer& o, const auto& v) { write(o, v); });
  if (in.started_at) {
    write_key(out, "startedAt");
    write_time(out, *in.started_at);
  }
}

Status read(const Path& at, const object& from, Submission* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "tenant") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "idempotencyKey") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->idempotency_key,
                          [](const Path& q, const object& v, auto* o) {
                            return read_string(q, v, o, {0u, 255u});
                          });
    } else if (walk.key() == "requestHash") {
      s = walk.first_time(3);
      if (s) s = read_bytes(p, value, &out->request_hash, {16u, 32u});
    } else if (walk.key() == "lane") {
      s = walk.first_time(4);
      if (s) s = read_name(p, value, &out->lane);
    } else if (walk.key() == "priority") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->priority, {0u, 9u});
    } else if (walk.key() == "repo") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->repo, [](const Path& q, const object& v, auto* o) {
          return read_name(q, v, o);
        });
    } else if (walk.key() == "ref") {
      s = walk.first_time(7);
      if (s) s = read_string(p, value, &out->ref, {0u, 1024u});
    } else if (walk.key() == "baseJob") {
      s = walk.first_time(8);
      if (s)
        s = read_optional(p, value, &out->base_job, [](const Path& q, const object& v, auto* o) {
          return read_name(q, v, o);
        });
    } else if (walk.key() == "requires") {
      s = walk.first_time(9);
      if (s)
        s = read_map(p, value, &out->requires_, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "labels") {
      s = walk.first_time(10);
      if (s)
        s = read_map(p, value, &out->labels, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "dependsOn") {
      s = walk.first_time(11);
      if (s)
        s = read_list(p, value, &out->depends_on, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) { return read_name(q, v, o); });
    } else if (walk.key() == "maxAttempts") {
      s = walk.first_time(12);
      if (s) s = read_u64(p, value, &out->max_attempts, {1u, 100u});
    } else if (walk.key() == "notBeforeMs") {
      s = walk.first_time(13);
      if (s) s = read_i64(p, value, &out->not_before_ms);
    } else if (walk.key() == "deadlineMs") {
      s = walk.first_time(14);
      if (s) s = read_i64(p, value, &out->deadline_ms);
    } else if (walk.key() == "description") {
      s = walk.first_time(15);
      if (s) s = read_string(p, value, &out->description, {0u, 4096u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(3)) return missing_field(at, "requestHash");
  return ok_status();
}

void write(Packer& out, const Submission& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(13 + (in.idempotency_key ? 1 : 0) + (in.repo ? 1 : 0) +
                                     (in.base_job ? 1 : 0)));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "tenant");
  write(out, in.tenant);
  if (in.idempotency_key) {
    write_key(out, "idempotencyKey");
    write(out, *in.idempotency_key);
  }
  write_key(out, "requestHash");
  write_bin(out, in.request_hash);
  write_key(out, "lane");
  write(out, in.lane);
  write_key(out, "priority");
  write(out, in.priority);
  if (in.repo) {
    write_key(out, "repo");
    write(out, *in.repo);
  }
  write_key(out, "ref");
  write(out, in.ref);
  if (in.base_job) {
    write_key(out, "baseJob");
    write(out, *in.base_job);
  }
  write_key(out, "requires");
  write_map(out, in.requires_, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "dependsOn");
  write_list(out, in.depends_on, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "maxAttempts");
  write(out, in.max_attempts);
  write_key(out, "notBeforeMs");
  write(out, in.not_before_ms);
  write_key(out, "deadlineMs");
  write(out, in.deadline_ms);
  write_key(out, "description");
  write(out, in.description);
}

Status read(const Path& at, const object& from, ErrorBody* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "code") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->code, {0u, kNoBound});
    } else if (walk.key() == "detail") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->detail, {0u, kNoBound});
    } else if (walk.key() == "field") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->field, {0u, kNoBound});
    } else if (walk.key() == "retryAfterMs") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->retry_after_ms, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "code");
  return ok_status();
}

void write(Packer& out, const ErrorBody& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "code");
  write(out, in.code);
  write_key(out, "detail");
  write(out, in.detail);
  write_key(out, "field");
  write(out, in.field);
  write_key(out, "retryAfterMs");
  write(out, in.retry_after_ms);
}

Status read(const Path& at, const object& from, Waiting* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "reason") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->reason, {0u, kNoBound});
    } else if (walk.key() == "detail") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->detail, {0u, kNoBound});
    } else if (walk.key() == "until") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->until, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "job") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->job, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "reason");
  if (!walk.seen(1)) return missing_field(at, "detail");
  return ok_status();
}

void write(Packer& out, const Waiting& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2 + (in.until ? 1 : 0) + (in.job ? 1 : 0)));
  write_key(out, "reason");
  write(out, in.reason);
  write_key(out, "detail");
  write(out, in.detail);
  if (in.until) {
    write_key(out, "until");
    write_time(out, *in.until);
  }
  if (in.job) {
    write_key(out, "job");
    write(out, *in.job);
  }
}

Status read(const Path& at, const object& from, Timestamps* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "accepted") {
      s = walk.first_time(0);
      if (s) s = read_time(p, value, &out->accepted);
    } else if (walk.key() == "leased") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->leased, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "started") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->started, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "completed") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->completed, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "accepted");
  return ok_status();
}

void write(Packer& out, const Timestamps& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1 + (in.leased ? 1 : 0) + (in.started ? 1 : 0) +
                                     (in.completed ? 1 : 0)));
  write_key(out, "accepted");
  write_time(out, in.accepted);
  if (in.leased) {
    write_key(out, "leased");
    write_time(out, *in.leased);
  }
  if (in.started) {
    write_key(out, "started");
    write_time(out, *in.started);
  }
  if (in.completed) {
    write_key(out, "completed");
    write_time(out, *in.completed);
  }
}

Status read(const Path& at, const object& from, JobView* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "tenant") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->tenant, {0u, kNoBound});
    } else if (walk.key() == "state") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->state);
    } else if (walk.key() == "outcome") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->outcome,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "reason") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->reason, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "description") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->description, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "lane") {
      s = walk.first_time(6);
      if (s) s = read_string(p, value, &out->lane, {0u, kNoBound});
    } else if (walk.key() == "priority") {
      s = walk.first_time(7);
      if (s) s = read_u64(p, value, &out->priority, {0u, kNoBound});
    } else if (walk.key() == "repo") {
      s = walk.first_time(8);
      if (s)
        s = read_optional(p, value, &out->repo, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "ref") {
      s = walk.first_time(9);
      if (s)
        s = read_optional(p, value, &out->ref, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "baseJob") {
      s = walk.first_time(10);
      if (s)
        s = read_optional(p, value, &out->base_job, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "baseCommit") {
      s = walk.first_time(11);
      if (s)
        s = read_optional(p, value, &out->base_commit, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "labels") {
      s = walk.first_time(12);
      if (s)
        s = read_map(p, value, &out->labels, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "requires") {
      s = walk.first_time(13);
      if (s)
        s = read_map(p, value, &out->requires_, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "dependsOn") {
      s = walk.first_time(14);
      if (s)
        s = read_list(p, value, &out->depends_on, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "attempt") {
      s = walk.first_time(15);
      if (s) s = read_u64(p, value, &out->attempt, {0u, kNoBound});
    } else if (walk.key() == "maxAttempts") {
      s = walk.first_time(16);
      if (s) s = read_u64(p, value, &out->max_attempts, {0u, kNoBound});
    } else if (walk.key() == "runner") {
      s = walk.first_time(17);
      if (s)
        s = read_optional(p, value, &out->runner, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "cancelRequested") {
      s = walk.first_time(18);
      if (s) s = read_bool(p, value, &out->cancel_requested);
    } else if (walk.key() == "delivering") {
      s = walk.first_time(19);
      if (s) s = read_bool(p, value, &out->delivering);
    } else if (walk.key() == "retryOf") {
      s = walk.first_time(20);
      if (s)
        s = read_optional(p, value, &out->retry_of, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "waiting") {
      s = walk.first_time(21);
      if (s)
        s = read_optional(p, value, &out->waiting,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "notBefore") {
      s = walk.first_time(22);
      if (s)
        s = read_optional(p, value, &out->not_before, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "deadline") {
      s = walk.first_time(23);
      if (s)
        s = read_optional(p, value, &out->deadline, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "timestamps") {
      s = walk.first_time(24);
      if (s) s = read(p, value, &out->timestamps);
    } else if (walk.key() == "version") {
      s = walk.first_time(25);
      if (s) s = read_u64(p, value, &out->version, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "tenant");
  if (!walk.seen(2)) return missing_field(at, "state");
  if (!walk.seen(6)) return missing_field(at, "lane");
  if (!walk.seen(7)) return missing_field(at, "priority");
  if (!walk.seen(15)) return missing_field(at, "attempt");
  if (!walk.seen(16)) return missing_field(at, "maxAttempts");
  if (!walk.seen(24)) return missing_field(at, "timestamps");
  if (!walk.seen(25)) return missing_field(at, "version");
  return ok_status();
}

void write(Packer& out, const JobView& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(
      14 + (in.outcome ? 1 : 0) + (in.reason ? 1 : 0) + (in.description ? 1 : 0) +
      (in.repo ? 1 : 0) + (in.ref ? 1 : 0) + (in.base_job ? 1 : 0) + (in.base_commit ? 1 : 0) +
      (in.runner ? 1 : 0) + (in.retry_of ? 1 : 0) + (in.waiting ? 1 : 0) + (in.not_before ? 1 : 0) +
      (in.deadline ? 1 : 0)));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "state");
  write(out, in.state);
  if (in.outcome) {
    write_key(out, "outcome");
    write(out, *in.outcome);
  }
  if (in.reason) {
    write_key(out, "reason");
    write(out, *in.reason);
  }
  if (in.description) {
    write_key(out, "description");
    write(out, *in.description);
  }
  write_key(out, "lane");
  write(out, in.lane);
  write_key(out, "priority");
  write(out, in.priority);
  if (in.repo) {
    write_key(out, "repo");
    write(out, *in.repo);
  }
  if (in.ref) {
    write_key(out, "ref");
    write(out, *in.ref);
  }
  if (in.base_job) {
    write_key(out, "baseJob");
    write(out, *in.base_job);
  }
  if (in.base_commit) {
    write_key(out, "baseCommit");
    write(out, *in.base_commit);
  }
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "requires");
  write_map(out, in.requires_, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "dependsOn");
  write_list(out, in.depends_on, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "attempt");
  write(out, in.attempt);
  write_key(out, "maxAttempts");
  write(out, in.max_attempts);
  if (in.runner) {
    write_key(out, "runner");
    write(out, *in.runner);
  }
  write_key(out, "cancelRequested");
  write(out, in.cancel_requested);
  write_key(out, "delivering");
  write(out, in.delivering);
  if (in.retry_of) {
    write_key(out, "retryOf");
    write(out, *in.retry_of);
  }
  if (in.waiting) {
    write_key(out, "waiting");
    write(out, *in.waiting);
  }
  if (in.not_before) {
    write_key(out, "notBefore");
    write_time(out, *in.not_before);
  }
  if (in.deadline) {
    write_key(out, "deadline");
    write_time(out, *in.deadline);
  }
  write_key(out, "timestamps");
  write(out, in.timestamps);
  write_key(out, "version");
  write(out, in.version);
}

Status read(const Path& at, const object& from, SubmitAck* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "status") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->status);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "state") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->state,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "error") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->error,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "job") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->job,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "status");
  if (!walk.seen(1)) return missing_field(at, "id");
  return ok_status();
}

void write(Packer& out, const SubmitAck& in) {
  (void)in;
  out.pack_map(
      static_cast<uint32_t>(2 + (in.state ? 1 : 0) + (in.error ? 1 : 0) + (in.job ? 1 : 0)));
  write_key(out, "status");
  write(out, in.status);
  write_key(out, "id");
  write(out, in.id);
  if (in.state) {
    write_key(out, "state");
    write(out, *in.state);
  }
  if (in.error) {
    write_key(out, "error");
    write(out, *in.error);
  }
  if (in.job) {
    write_key(out, "job");
    write(out, *in.job);
  }
}

Status read(const Path& at, const object& from, FinishedItem* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "state") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->state);
    } else if (walk.key() == "outcome") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->outcome);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "state");
  if (!walk.seen(2)) return missing_field(at, "outcome");
  return ok_status();
}

void write(Packer& out, const FinishedItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "state");
  write(out, in.state);
  write_key(out, "outcome");
  write(out, in.outcome);
}

Status read(const Path& at, const object& from, Event* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "seq") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->seq, {0u, kNoBound});
    } else if (walk.key() == "attempt") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->attempt, {0u, kNoBound});
    } else if (walk.key() == "stream") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->stream);
    } else if (walk.key() == "offset") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->offset, {0u, kNoBound});
    } else if (walk.key() == "at") {
      s = walk.first_time(4);
      if (s) s = read_time(p, value, &out->at);
    } else if (walk.key() == "type") {
      s = walk.first_time(5);
      if (s) s = read_string(p, value, &out->type, {0u, 64u});
    } else if (walk.key() == "gate") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->gate, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "data") {
      s = walk.first_time(7);
      if (s)
        s = read_optional(p, value, &out->data, [](const Path& q, const object& v, auto* o) {
          return read_bytes(q, v, o, {0u, 262144u});
        });
    } else if (walk.key() == "skipped") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->skipped, {0u, kNoBound});
    } else if (walk.key() == "detail") {
      s = walk.first_time(9);
      if (s)
        s = read_optional(p, value, &out->detail, [](const Path& q, const object& v, auto* o) {
          return read_raw(q, v, o, {0u, 65536u});
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "attempt");
  if (!walk.seen(2)) return missing_field(at, "stream");
  if (!walk.seen(3)) return missing_field(at, "offset");
  if (!walk.seen(4)) return missing_field(at, "at");
  if (!walk.seen(5)) return missing_field(at, "type");
  return ok_status();
}

void write(Packer& out, const Event& in) {
  (void)in;
  out.pack_map(
      static_cast<uint32_t>(7 + (in.gate ? 1 : 0) + (in.data ? 1 : 0) + (in.detail ? 1 : 0)));
  write_key(out, "seq");
  write(out, in.seq);
  write_key(out, "attempt");
  write(out, in.attempt);
  write_key(out, "stream");
  write(out, in.stream);
  write_key(out, "offset");
  write(out, in.offset);
  write_key(out, "at");
  write_time(out, in.at);
  write_key(out, "type");
  write(out, in.type);
  if (in.gate) {
    write_key(out, "gate");
    write(out, *in.gate);
  }
  if (in.data) {
    write_key(out, "data");
    write_bin(out, *in.data);
  }
  write_key(out, "skipped");
  write(out, in.skipped);
  if (in.detail) {
    write_key(out, "detail");
    write_raw(out, *in.detail);
  }
}

Status read(const Path& at, const object& from, LeaseRef* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "job") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->job, {0u, kNoBound});
    } else if (walk.key() == "epoch") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else if (walk.key() == "n") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->n, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "job");
  if (!walk.seen(1)) return missing_field(at, "epoch");
  if (!walk.seen(2)) return missing_field(at, "n");
  return ok_status();
}

void write(Packer& out, const LeaseRef& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "job");
  write(out, in.job);
  write_key(out, "epoch");
  write(out, in.epoch);
  write_key(out, "n");
  write(out, in.n);
}

Status read(const Path& at, const object& from, Ancestor* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "treeOid") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->tree_oid, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "treeOid");
  return ok_status();
}

void write(Packer& out, const Ancestor& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "treeOid");
  write(out, in.tree_oid);
}

Status read(const Path& at, const object& from, Repo* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "url") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->url, {1u, 4096u});
    } else if (walk.key() == "defaultBranch") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->default_branch, {0u, 1024u});
    } else if (walk.key() == "credential") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->credential, {0u, 128u});
    } else if (walk.key() == "allowGitlinks") {
      s = walk.first_time(4);
      if (s) s = read_bool(p, value, &out->allow_gitlinks);
    } else if (walk.key() == "prepare") {
      s = walk.first_time(5);
      if (s)
        s = read_list(p, value, &out->prepare, {0u, 32u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "prepareFiles") {
      s = walk.first_time(6);
      if (s)
        s = read_list(p, value, &out->prepare_files, {0u, 100u},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "prepareNetwork") {
      s = walk.first_time(7);
      if (s) s = read(p, value, &out->prepare_network);
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  if (!walk.seen(1)) return missing_field(at, "url");
  return ok_status();
}

void write(Packer& out, const Repo& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(8));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "url");
  write(out, in.url);
  write_key(out, "defaultBranch");
  write(out, in.default_branch);
  write_key(out, "credential");
  write(out, in.credential);
  write_key(out, "allowGitlinks");
  write(out, in.allow_gitlinks);
  write_key(out, "prepare");
  write_list(out, in.prepare, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "prepareFiles");
  write_list(out, in.prepare_files, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "prepareNetwork");
  write(out, in.prepare_network);
}

Status read(const Path& at, const object& from, Dispatch* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "tenant") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->tenant, {0u, kNoBound});
    } else if (walk.key() == "attempt") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->attempt, {0u, kNoBound});
    } else if (walk.key() == "repo") {
      s = walk.first_time(4);
      if (s) s = read(p, value, &out->repo);
    } else if (walk.key() == "ref") {
      s = walk.first_time(5);
      if (s) s = read_string(p, value, &out->ref, {0u, kNoBound});
    } else if (walk.key() == "baseCommit") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->base_commit, [](const Path& q, const object& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
    } else if (walk.key() == "ancestors") {
      s = walk.first_time(7);
      if (s)
        s = read_list(p, value, &out->ancestors, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "acceptedMs") {
      s = walk.first_time(8);
      if (s) s = read_i64(p, value, &out->accepted_ms);
    } else if (walk.key() == "leaseMs") {
      s = walk.first_time(9);
      if (s) s = read_u64(p, value, &out->lease_ms, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "id");
  if (!walk.seen(2)) return missing_field(at, "tenant");
  if (!walk.seen(3)) return missing_field(at, "attempt");
  if (!walk.seen(4)) return missing_field(at, "repo");
  if (!walk.seen(5)) return missing_field(at, "ref");
  if (!walk.seen(8)) return missing_field(at, "acceptedMs");
  if (!walk.seen(9)) return missing_field(at, "leaseMs");
  return ok_status();
}

void write(Packer& out, const Dispatch& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(9 + (in.base_commit ? 1 : 0)));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "attempt");
  write(out, in.attempt);
  write_key(out, "repo");
  write(out, in.repo);
  write_key(out, "ref");
  write(out, in.ref);
  if (in.base_commit) {
    write_key(out, "baseCommit");
    write(out, *in.base_commit);
  }
  write_key(out, "ancestors");
  write_list(out, in.ancestors, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "acceptedMs");
  write(out, in.accepted_ms);
  write_key(out, "leaseMs");
  write(out, in.lease_ms);
}

Status read(const Path& at, const object& from, CancelOrder* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "reason") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->reason);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "reason");
  return ok_status();
}

void write(Packer& out, const CancelOrder& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "reason");
  write(out, in.reason);
}

Status read(const Path& at, const object& from, ResultItem* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "outcome") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->outcome);
    } else if (walk.key() == "reason") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->reason, {0u, 4096u});
    } else if (walk.key() == "treeOid") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->tree_oid, {0u, kNoBound});
    } else if (walk.key() == "commitOid") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->commit_oid, {0u, kNoBound});
    } else if (walk.key() == "startedMs") {
      s = walk.first_time(5);
      if (s) s = read_i64(p, value, &out->started_ms);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "outcome");
  return ok_status();
}

void write(Packer& out, const ResultItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "outcome");
  write(out, in.outcome);
  write_key(out, "reason");
  write(out, in.reason);
  write_key(out, "treeOid");
  write(out, in.tree_oid);
  write_key(out, "commitOid");
  write(out, in.commit_oid);
  write_key(out, "startedMs");
  write(out, in.started_ms);
}

Status read(const Path& at, const object& from, ResultAckItem* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "status") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->status);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "status");
  return ok_status();
}

void write(Packer& out, const ResultAckItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "status");
  write(out, in.status);
}

Status read(const Path& at, const object& from, Lane* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "weight") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->weight, {1u, 1000u});
    } else if (walk.key() == "limit") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->limit, {0u, 1000000u});
    } else if (walk.key() == "paused") {
      s = walk.first_time(3);
      if (s) s = read_bool(p, value, &out->paused);
    } else if (walk.key() == "queued") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->queued, {0u, kNoBound});
    } else if (walk.key() == "leased") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->leased, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const Lane& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "weight");
  write(out, in.weight);
  write_key(out, "limit");
  write(out, in.limit);
  write_key(out, "paused");
  write(out, in.paused);
  write_key(out, "queued");
  write(out, in.queued);
  write_key(out, "leased");
  write(out, in.leased);
}

Status read(const Path& at, const object& from, Instance* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "service") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->service);
    } else if (walk.key() == "instance") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->instance);
    } else if (walk.key() == "host") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->host, {0u, 255u});
    } else if (walk.key() == "endpoints") {
      s = walk.first_time(3);
      if (s)
        s = read_map(p, value, &out->endpoints, {0u, 32u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "labels") {
      s = walk.first_time(4);
      if (s)
        s = read_map(p, value, &out->labels, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "capacity") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->capacity, {0u, 1000000u});
    } else if (walk.key() == "version") {
      s = walk.first_time(6);
      if (s) s = read_string(p, value, &out->version, {0u, 128u});
    } else if (walk.key() == "state") {
      s = walk.first_time(7);
      if (s) s = read(p, value, &out->state);
    } else if (walk.key() == "ttlMs") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->ttl_ms, {1000u, 86400000u});
    } else if (walk.key() == "registeredAt") {
      s = walk.first_time(9);
      if (s)
        s = read_optional(
            p, value, &out->registered_at,
            [](const Path& q, const object& v, auto* o) { return read_time(q, v, o); });
    } else if (walk.key() == "lastSeenAt") {
      s = walk.first_time(10);
      if (s)
        s = read_optional(
            p, value, &out->last_seen_at,
            [](const Path& q, const object& v, auto* o) { return read_time(q, v, o); });
    } else {
      s = unknown_field(p);
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "service");
  if (!walk.seen(1)) return missing_field(at, "instance");
  return ok_status();
}

void write(Packer& out, const Instance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(9 + (in.registered_at ? 1 : 0) + (in.last_seen_at ? 1 : 0)));
  write_key(out, "service");
  write(out, in.service);
  write_key(out, "instance");
  write(out, in.instance);
  write_key(out, "host");
  write(out, in.host);
  write_key(out, "endpoints");
  write_map(out, in.endpoints, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "capacity");
  write(out, in.capacity);
  write_key(out, "version");
  write(out, in.version);
  write_key(out, "state");
  write(out, in.state);
  write_key(out, "ttlMs");
  write(out, in.ttl_ms);
  if (in.registered_at) {
    write_key(out, "registeredAt");
    write_time(out, *in.registered_at);
  }
  if (in.last_seen_at) {
    write_key(out, "lastSeenAt");
    write_time(out, *in.last_seen_at);
  }
}

Status read(const Path& at, const object& from, RunnerView* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->id, {0u, kNoBound});
    } else if (walk.key() == "host") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->host, {0u, kNoBound});
    } else if (walk.key() == "version") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->version, {0u, kNoBound});
    } else if (walk.key() == "labels") {
      s = walk.first_time(3);
      if (s)
        s = read_map(p, value, &out->labels, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "slots") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->slots, {0u, kNoBound});
    } else if (walk.key() == "busy") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->busy, {0u, kNoBound});
    } else if (walk.key() == "state") {
      s = walk.first_time(6);
      if (s) s = read(p, value, &out->state);
    } else if (walk.key() == "jobs") {
      s = walk.first_time(7);
      if (s)
        s = read_list(p, value, &out->jobs, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) {
                        return read_string(q, v, o, {0u, kNoBound});
                      });
    } else if (walk.key() == "dispatched") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->dispatched, {0u, kNoBound});
    } else if (walk.key() == "lastSeenAt") {
      s = walk.first_time(9);
      if (s) s = read_time(p, value, &out->last_seen_at);
    } else if (walk.key() == "limits") {
      s = walk.first_time(10);
      if (s)
        s = read_map(p, value, &out->limits, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_u64(q, v, o, {0u, kNoBound});
                     });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "host");
  if (!walk.seen(2)) return missing_field(at, "version");
  if (!walk.seen(4)) return missing_field(at, "slots");
  if (!walk.seen(5)) return missing_field(at, "busy");
  if (!walk.seen(6)) return missing_field(at, "state");
  if (!walk.seen(8)) return missing_field(at, "dispatched");
  if (!walk.seen(9)) return missing_field(at, "lastSeenAt");
  return ok_status();
}

void write(Packer& out, const RunnerView& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(11));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "host");
  write(out, in.host);
  write_key(out, "version");
  write(out, in.version);
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "busy");
  write(out, in.busy);
  write_key(out, "state");
  write(out, in.state);
  write_key(out, "jobs");
  write_list(out, in.jobs, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "dispatched");
  write(out, in.dispatched);
  write_key(out, "lastSeenAt");
  write_time(out, in.last_seen_at);
  write_key(out, "limits");
  write_map(out, in.limits, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Metric* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->name, {0u, kNoBound});
    } else if (walk.key() == "help") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->help, {0u, kNoBound});
    } else if (walk.key() == "type") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->type);
    } else if (walk.key() == "labels") {
      s = walk.first_time(3);
      if (s)
        s = read_map(p, value, &out->labels, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "value") {
      s = walk.first_time(4);
      if (s) s = read_f64(p, value, &out->value);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  if (!walk.seen(1)) return missing_field(at, "help");
  if (!walk.seen(2)) return missing_field(at, "type");
  if (!walk.seen(4)) return missing_field(at, "value");
  return ok_status();
}

void write(Packer& out, const Metric& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "help");
  write(out, in.help);
  write_key(out, "type");
  write(out, in.type);
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "value");
  write(out, in.value);
}

Status read(const Path& at, const object& from, Key* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "role") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->role);
    } else if (walk.key() == "name") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "publicKey") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->public_key, {64u, 64u});
    } else if (walk.key() == "tenant") {
      s = walk.first_time(3);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "addedAt") {
      s = walk.first_time(4);
      if (s)
        s = read_optional(p, value, &out->added_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "revokedAt") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->revoked_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "role");
  if (!walk.seen(1)) return missing_field(at, "name");
  if (!walk.seen(2)) return missing_field(at, "publicKey");
  return ok_status();
}

void write(Packer& out, const Key& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4 + (in.added_at ? 1 : 0) + (in.revoked_at ? 1 : 0)));
  write_key(out, "role");
  write(out, in.role);
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "publicKey");
  write(out, in.public_key);
  write_key(out, "tenant");
  write(out, in.tenant);
  if (in.added_at) {
    write_key(out, "addedAt");
    write_time(out, *in.added_at);
  }
  if (in.revoked_at) {
    write_key(out, "revokedAt");
    write_time(out, *in.revoked_at);
  }
}

Status read(const Path& at, const object& from, Address* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "endpoint") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->endpoint, {0u, 1024u});
    } else if (walk.key() == "brokerKey") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->broker_key, {0u, 64u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "endpoint");
  if (!walk.seen(1)) return missing_field(at, "brokerKey");
  return ok_status();
}

void write(Packer& out, const Address& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "endpoint");
  write(out, in.endpoint);
  write_key(out, "brokerKey");
  write(out, in.broker_key);
}

Status read(const Path& at, const object& from, BearerToken* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "name") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "tenant") {
      s = walk.first_time(2);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "scopes") {
      s = walk.first_time(3);
      if (s)
        s = read_list(p, value, &out->scopes, {1u, 8u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "sha256") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->sha256, {0u, 64u});
    } else if (walk.key() == "addedAt") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->added_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "expiresAt") {
      s = walk.first_time(6);
      if (s)
        s = read_optional(p, value, &out->expires_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else if (walk.key() == "revokedAt") {
      s = walk.first_time(7);
      if (s)
        s = read_optional(p, value, &out->revoked_at, [](const Path& q, const object& v, auto* o) {
          return read_time(q, v, o);
        });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "name");
  if (!walk.seen(3)) return missing_field(at, "scopes");
  return ok_status();
}

void write(Packer& out, const BearerToken& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5 + (in.added_at ? 1 : 0) + (in.expires_at ? 1 : 0) +
                                     (in.revoked_at ? 1 : 0)));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "scopes");
  write_list(out, in.scopes, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "sha256");
  write(out, in.sha256);
  if (in.added_at) {
    write_key(out, "addedAt");
    write_time(out, *in.added_at);
  }
  if (in.expires_at) {
    write_key(out, "expiresAt");
    write_time(out, *in.expires_at);
  }
  if (in.revoked_at) {
    write_key(out, "revokedAt");
    write_time(out, *in.revoked_at);
  }
}

Status read(const Path& at, const object& from, Tenant* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "rate") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->rate, {0u, 1000000u});
    } else if (walk.key() == "inFlight") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->in_flight, {0u, 100000000u});
    } else if (walk.key() == "payloadBytes") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->payload_bytes, {0u, 1073741824u});
    } else if (walk.key() == "unfinished") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->unfinished, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const Tenant& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "rate");
  write(out, in.rate);
  write_key(out, "inFlight");
  write(out, in.in_flight);
  write_key(out, "payloadBytes");
  write(out, in.payload_bytes);
  write_key(out, "unfinished");
  write(out, in.unfinished);
}

Status read(const Path& at, const object& from, AuditEntry* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "at") {
      s = walk.first_time(0);
      if (s) s = read_time(p, value, &out->at);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, kNoBound});
    } else if (walk.key() == "action") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->action, {0u, kNoBound});
    } else if (walk.key() == "subject") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->subject, {0u, kNoBound});
    } else if (walk.key() == "detail") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->detail, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "at");
  if (!walk.seen(1)) return missing_field(at, "actor");
  if (!walk.seen(2)) return missing_field(at, "action");
  if (!walk.seen(3)) return missing_field(at, "subject");
  return ok_status();
}

void write(Packer& out, const AuditEntry& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5));
  write_key(out, "at");
  write_time(out, in.at);
  write_key(out, "actor");
  write(out, in.actor);
  write_key(out, "action");
  write(out, in.action);
  write_key(out, "subject");
  write(out, in.subject);
  write_key(out, "detail");
  write(out, in.detail);
}

Status read(const Path& at, const object& from, Hello* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "program") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->program, {0u, 128u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "program");
  return ok_status();
}

void write(Packer& out, const Hello& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "program");
  write(out, in.program);
}

Status read(const Path& at, const object& from, Welcome* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "epoch") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else if (walk.key() == "version") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->version, {0u, kNoBound});
    } else if (walk.key() == "limits") {
      s = walk.first_time(2);
      if (s)
        s = read_map(p, value, &out->limits, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_u64(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "move") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->move,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "epoch");
  if (!walk.seen(1)) return missing_field(at, "version");
  return ok_status();
}

void write(Packer& out, const Welcome& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3 + (in.move ? 1 : 0)));
  write_key(out, "epoch");
  write(out, in.epoch);
  write_key(out, "version");
  write(out, in.version);
  write_key(out, "limits");
  write_map(out, in.limits, [](Packer& o, const auto& v) { write(o, v); });
  if (in.move) {
    write_key(out, "move");
    write(out, *in.move);
  }
}

Status read(const Path& at, const object& from, Failure* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "error") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->error);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "error");
  return ok_status();
}

void write(Packer& out, const Failure& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "error");
  write(out, in.error);
}

Status read(const Path& at, const object& from, Done* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Done& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Submit* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {1u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "notify") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->notify);
    } else if (walk.key() == "view") {
      s = walk.first_time(2);
      if (s) s = read_bool(p, value, &out->view);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "items");
  return ok_status();
}

void write(Packer& out, const Submit& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "notify");
  write(out, in.notify);
  write_key(out, "view");
  write(out, in.view);
}

Status read(const Path& at, const object& from, Submitted* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Submitted& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Finished* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Finished& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, GetJob* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "waitMs") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->wait_ms, {0u, 120000u});
    } else if (walk.key() == "afterVersion") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->after_version, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "id");
  return ok_status();
}

void write(Packer& out, const GetJob& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "waitMs");
  write(out, in.wait_ms);
  write_key(out, "afterVersion");
  write(out, in.after_version);
}

Status read(const Path& at, const object& from, Job* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "job") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->job);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "job");
  return ok_status();
}

void write(Packer& out, const Job& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "job");
  write(out, in.job);
}

Status read(const Path& at, const object& from, ListJobs* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "states") {
      s = walk.first_time(1);
      if (s)
        s = read_list(p, value, &out->states, {0u, 7u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "labels") {
      s = walk.first_time(2);
      if (s)
        s = read_map(p, value, &out->labels, {0u, 16u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "repo") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->repo, {0u, 128u});
    } else if (walk.key() == "lane") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->lane, {0u, 128u});
    } else if (walk.key() == "sinceMs") {
      s = walk.first_time(5);
      if (s) s = read_i64(p, value, &out->since_ms);
    } else if (walk.key() == "untilMs") {
      s = walk.first_time(6);
      if (s) s = read_i64(p, value, &out->until_ms);
    } else if (walk.key() == "cursor") {
      s = walk.first_time(7);
      if (s) s = read_string(p, value, &out->cursor, {0u, 256u});
    } else if (walk.key() == "limit") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->limit, {1u, 500u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListJobs& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(9));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "states");
  write_list(out, in.states, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "repo");
  write(out, in.repo);
  write_key(out, "lane");
  write(out, in.lane);
  write_key(out, "sinceMs");
  write(out, in.since_ms);
  write_key(out, "untilMs");
  write(out, in.until_ms);
  write_key(out, "cursor");
  write(out, in.cursor);
  write_key(out, "limit");
  write(out, in.limit);
}

Status read(const Path& at, const object& from, Jobs* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "nextCursor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->next_cursor, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Jobs& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "nextCursor");
  write(out, in.next_cursor);
}

Status read(const Path& at, const object& from, CancelJob* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "actor") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "id");
  return ok_status();
}

void write(Packer& out, const CancelJob& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, RetryJob* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "newId") {
      s = walk.first_time(2);
      if (s) s = read_name(p, value, &out->new_id);
    } else if (walk.key() == "actor") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "id");
  if (!walk.seen(2)) return missing_field(at, "newId");
  return ok_status();
}

void write(Packer& out, const RetryJob& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "newId");
  write(out, in.new_id);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, GetEvents* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "afterSeq") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->after_seq, {0u, kNoBound});
    } else if (walk.key() == "afterId") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->after_id, {0u, 128u});
    } else if (walk.key() == "waitMs") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->wait_ms, {0u, 120000u});
    } else if (walk.key() == "bytesMax") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->bytes_max, {1024u, 1048576u});
    } else if (walk.key() == "streams") {
      s = walk.first_time(6);
      if (s)
        s = read_list(p, value, &out->streams, {0u, 4u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "id");
  return ok_status();
}

void write(Packer& out, const GetEvents& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(7));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "afterSeq");
  write(out, in.after_seq);
  write_key(out, "afterId");
  write(out, in.after_id);
  write_key(out, "waitMs");
  write(out, in.wait_ms);
  write_key(out, "bytesMax");
  write(out, in.bytes_max);
  write_key(out, "streams");
  write_list(out, in.streams, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Events* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "lastSeq") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->last_seq, {0u, kNoBound});
    } else if (walk.key() == "done") {
      s = walk.first_time(2);
      if (s) s = read_bool(p, value, &out->done);
    } else if (walk.key() == "gap") {
      s = walk.first_time(3);
      if (s) s = read_bool(p, value, &out->gap);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "lastSeq");
  if (!walk.seen(2)) return missing_field(at, "done");
  return ok_status();
}

void write(Packer& out, const Events& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "lastSeq");
  write(out, in.last_seq);
  write_key(out, "done");
  write(out, in.done);
  write_key(out, "gap");
  write(out, in.gap);
}

Status read(const Path& at, const object& from, GetBlob* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "tenant") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->tenant);
    } else if (walk.key() == "id") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "name") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->name, {0u, 4200u});
    } else if (walk.key() == "offset") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->offset, {0u, kNoBound});
    } else if (walk.key() == "bytesMax") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->bytes_max, {1u, 4194304u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "id");
  if (!walk.seen(2)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const GetBlob& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5));
  write_key(out, "tenant");
  write(out, in.tenant);
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "offset");
  write(out, in.offset);
  write_key(out, "bytesMax");
  write(out, in.bytes_max);
}

Status read(const Path& at, const object& from, BlobSlice* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "size") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->size, {0u, kNoBound});
    } else if (walk.key() == "sha256") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->sha256, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "size");
  return ok_status();
}

void write(Packer& out, const BlobSlice& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "size");
  write(out, in.size);
  write_key(out, "sha256");
  write(out, in.sha256);
}

Status read(const Path& at, const object& from, PutInstance* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "instance") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->instance);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "instance");
  return ok_status();
}

void write(Packer& out, const PutInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "instance");
  write(out, in.instance);
}

Status read(const Path& at, const object& from, InstancePut* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "instance") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->instance);
    } else if (walk.key() == "created") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->created);
    } else if (walk.key() == "epoch") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "instance");
  if (!walk.seen(1)) return missing_field(at, "created");
  if (!walk.seen(2)) return missing_field(at, "epoch");
  return ok_status();
}

void write(Packer& out, const InstancePut& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "instance");
  write(out, in.instance);
  write_key(out, "created");
  write(out, in.created);
  write_key(out, "epoch");
  write(out, in.epoch);
}

Status read(const Path& at, const object& from, DeleteInstance* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "service") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->service);
    } else if (walk.key() == "instance") {
      s = walk.first_time(1);
      if (s) s = read_name(p, value, &out->instance);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "service");
  if (!walk.seen(1)) return missing_field(at, "instance");
  return ok_status();
}

void write(Packer& out, const DeleteInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "service");
  write(out, in.service);
  write_key(out, "instance");
  write(out, in.instance);
}

Status read(const Path& at, const object& from, ListInstances* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "service") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->service, {0u, 128u});
    } else if (walk.key() == "readyOnly") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->ready_only);
    } else if (walk.key() == "afterRevision") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->after_revision, {0u, kNoBound});
    } else if (walk.key() == "waitMs") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->wait_ms, {0u, 120000u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListInstances& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "service");
  write(out, in.service);
  write_key(out, "readyOnly");
  write(out, in.ready_only);
  write_key(out, "afterRevision");
  write(out, in.after_revision);
  write_key(out, "waitMs");
  write(out, in.wait_ms);
}

Status read(const Path& at, const object& from, Instances* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "revision") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->revision, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(1)) return missing_field(at, "revision");
  return ok_status();
}

void write(Packer& out, const Instances& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "revision");
  write(out, in.revision);
}

Status read(const Path& at, const object& from, NextInstance* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "service") {
      s = walk.first_time(0);
      if (s) s = read_string(p, value, &out->service, {1u, 128u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "service");
  return ok_status();
}

void write(Packer& out, const NextInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "service");
  write(out, in.service);
}

Status read(const Path& at, const object& from, ListRunners* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListRunners& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Runners* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Runners& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, DrainRunner* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "drain") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->drain);
    } else if (walk.key() == "actor") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  return ok_status();
}

void write(Packer& out, const DrainRunner& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "drain");
  write(out, in.drain);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, SetSlots* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "id") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->id);
    } else if (walk.key() == "slots") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->slots, {1u, 1024u});
    } else if (walk.key() == "actor") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "id");
  if (!walk.seen(1)) return missing_field(at, "slots");
  return ok_status();
}

void write(Packer& out, const SetSlots& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, ListRepos* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListRepos& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Repos* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Repos& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, PutRepo* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "repo") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->repo);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "repo");
  return ok_status();
}

void write(Packer& out, const PutRepo& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "repo");
  write(out, in.repo);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, DeleteRepo* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const DeleteRepo& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, ListLanes* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListLanes& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Lanes* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Lanes& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, PatchLane* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "weight") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->weight, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {1u, 1000u});
        });
    } else if (walk.key() == "limit") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->limit, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {0u, 1000000u});
        });
    } else if (walk.key() == "paused") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->paused, [](const Path& q, const object& v, auto* o) {
          return read_bool(q, v, o);
        });
    } else if (walk.key() == "actor") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const PatchLane& in) {
  (void)in;
  out.pack_map(
      static_cast<uint32_t>(2 + (in.weight ? 1 : 0) + (in.limit ? 1 : 0) + (in.paused ? 1 : 0)));
  write_key(out, "name");
  write(out, in.name);
  if (in.weight) {
    write_key(out, "weight");
    write(out, *in.weight);
  }
  if (in.limit) {
    write_key(out, "limit");
    write(out, *in.limit);
  }
  if (in.paused) {
    write_key(out, "paused");
    write(out, *in.paused);
  }
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, GetStats* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const GetStats& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Stats* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "metrics") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->metrics, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "limits") {
      s = walk.first_time(1);
      if (s)
        s = read_map(p, value, &out->limits, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_u64(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "epoch") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(2)) return missing_field(at, "epoch");
  return ok_status();
}

void write(Packer& out, const Stats& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "metrics");
  write_list(out, in.metrics, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "limits");
  write_map(out, in.limits, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "epoch");
  write(out, in.epoch);
}

Status read(const Path& at, const object& from, ListAudit* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "limit") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->limit, {1u, 1000u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListAudit& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "limit");
  write(out, in.limit);
}

Status read(const Path& at, const object& from, Audit* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Audit& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, ListKeys* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListKeys& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Keys* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "clients") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->clients,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "runners") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->runners,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Keys& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1 + (in.clients ? 1 : 0) + (in.runners ? 1 : 0)));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  if (in.clients) {
    write_key(out, "clients");
    write(out, *in.clients);
  }
  if (in.runners) {
    write_key(out, "runners");
    write(out, *in.runners);
  }
}

Status read(const Path& at, const object& from, PutKey* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "key") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->key);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "key");
  return ok_status();
}

void write(Packer& out, const PutKey& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "key");
  write(out, in.key);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, RevokeKey* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const RevokeKey& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, CheckTokens* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "ids") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->ids, {0u, 1000u},
                      [](const Path& q, const object& v, auto* o) { return read_name(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const CheckTokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "ids");
  write_list(out, in.ids, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, TokensChecked* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "asked") {
      s = walk.first_time(0);
      if (s) s = read_bool(p, value, &out->asked);
    } else if (walk.key() == "items") {
      s = walk.first_time(1);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "tenants") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->tenants, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "asked");
  return ok_status();
}

void write(Packer& out, const TokensChecked& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "asked");
  write(out, in.asked);
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "tenants");
  write_list(out, in.tenants, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, ListTokens* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListTokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Tokens* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Tokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, PutToken* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "token") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->token);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "token");
  return ok_status();
}

void write(Packer& out, const PutToken& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "token");
  write(out, in.token);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, RevokeToken* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "actor") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const RevokeToken& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, ListTenants* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    (void)value;
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ListTenants& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

Status read(const Path& at, const object& from, Tenants* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const Tenants& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, PatchTenant* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "name") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->name);
    } else if (walk.key() == "rate") {
      s = walk.first_time(1);
      if (s)
        s = read_optional(p, value, &out->rate, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {0u, 1000000u});
        });
    } else if (walk.key() == "inFlight") {
      s = walk.first_time(2);
      if (s)
        s = read_optional(p, value, &out->in_flight, [](const Path& q, const object& v, auto* o) {
          return read_u64(q, v, o, {0u, 100000000u});
        });
    } else if (walk.key() == "payloadBytes") {
      s = walk.first_time(3);
      if (s)
        s = read_optional(p, value, &out->payload_bytes,
                          [](const Path& q, const object& v, auto* o) {
                            return read_u64(q, v, o, {0u, 1073741824u});
                          });
    } else if (walk.key() == "actor") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->actor, {0u, 256u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "name");
  return ok_status();
}

void write(Packer& out, const PatchTenant& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2 + (in.rate ? 1 : 0) + (in.in_flight ? 1 : 0) +
                                     (in.payload_bytes ? 1 : 0)));
  write_key(out, "name");
  write(out, in.name);
  if (in.rate) {
    write_key(out, "rate");
    write(out, *in.rate);
  }
  if (in.in_flight) {
    write_key(out, "inFlight");
    write(out, *in.in_flight);
  }
  if (in.payload_bytes) {
    write_key(out, "payloadBytes");
    write(out, *in.payload_bytes);
  }
  write_key(out, "actor");
  write(out, in.actor);
}

Status read(const Path& at, const object& from, Register* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "instance") {
      s = walk.first_time(0);
      if (s) s = read_name(p, value, &out->instance);
    } else if (walk.key() == "secret") {
      s = walk.first_time(1);
      if (s) s = read_bytes(p, value, &out->secret, {16u, 64u});
    } else if (walk.key() == "session") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->session, {1u, kNoBound});
    } else if (walk.key() == "host") {
      s = walk.first_time(3);
      if (s) s = read_string(p, value, &out->host, {0u, 255u});
    } else if (walk.key() == "version") {
      s = walk.first_time(4);
      if (s) s = read_string(p, value, &out->version, {0u, 128u});
    } else if (walk.key() == "slots") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->slots, {0u, 1024u});
    } else if (walk.key() == "labels") {
      s = walk.first_time(6);
      if (s)
        s = read_map(p, value, &out->labels, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_string(q, v, o, {0u, kNoBound});
                     });
    } else if (walk.key() == "held") {
      s = walk.first_time(7);
      if (s)
        s = read_list(p, value, &out->held, {0u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "lastJobSeq") {
      s = walk.first_time(8);
      if (s) s = read_u64(p, value, &out->last_job_seq, {0u, kNoBound});
    } else if (walk.key() == "draining") {
      s = walk.first_time(9);
      if (s) s = read_bool(p, value, &out->draining);
    } else if (walk.key() == "limits") {
      s = walk.first_time(10);
      if (s)
        s = read_map(p, value, &out->limits, {0u, 64u},
                     [](const Path& q, const object& v, auto* o) {
                       return read_u64(q, v, o, {0u, kNoBound});
                     });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "instance");
  if (!walk.seen(1)) return missing_field(at, "secret");
  if (!walk.seen(2)) return missing_field(at, "session");
  if (!walk.seen(5)) return missing_field(at, "slots");
  return ok_status();
}

void write(Packer& out, const Register& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(11));
  write_key(out, "instance");
  write(out, in.instance);
  write_key(out, "secret");
  write_bin(out, in.secret);
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "host");
  write(out, in.host);
  write_key(out, "version");
  write(out, in.version);
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "labels");
  write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "held");
  write_list(out, in.held, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "lastJobSeq");
  write(out, in.last_job_seq);
  write_key(out, "draining");
  write(out, in.draining);
  write_key(out, "limits");
  write_map(out, in.limits, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Registered* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "epoch") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else if (walk.key() == "session") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "heartbeatMs") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->heartbeat_ms, {0u, kNoBound});
    } else if (walk.key() == "leaseMs") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->lease_ms, {0u, kNoBound});
    } else if (walk.key() == "cancels") {
      s = walk.first_time(4);
      if (s)
        s = read_list(p, value, &out->cancels, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "slots") {
      s = walk.first_time(5);
      if (s) s = read_u64(p, value, &out->slots, {0u, kNoBound});
    } else if (walk.key() == "drain") {
      s = walk.first_time(6);
      if (s) s = read_bool(p, value, &out->drain);
    } else if (walk.key() == "move") {
      s = walk.first_time(7);
      if (s)
        s = read_optional(p, value, &out->move,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "epoch");
  if (!walk.seen(1)) return missing_field(at, "session");
  if (!walk.seen(2)) return missing_field(at, "heartbeatMs");
  if (!walk.seen(3)) return missing_field(at, "leaseMs");
  if (!walk.seen(5)) return missing_field(at, "slots");
  return ok_status();
}

void write(Packer& out, const Registered& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(7 + (in.move ? 1 : 0)));
  write_key(out, "epoch");
  write(out, in.epoch);
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "heartbeatMs");
  write(out, in.heartbeat_ms);
  write_key(out, "leaseMs");
  write(out, in.lease_ms);
  write_key(out, "cancels");
  write_list(out, in.cancels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "drain");
  write(out, in.drain);
  if (in.move) {
    write_key(out, "move");
    write(out, *in.move);
  }
}

Status read(const Path& at, const object& from, Heartbeat* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "sentMs") {
      s = walk.first_time(1);
      if (s) s = read_i64(p, value, &out->sent_ms);
    } else if (walk.key() == "slots") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->slots, {0u, 1024u});
    } else if (walk.key() == "held") {
      s = walk.first_time(3);
      if (s)
        s = read_list(p, value, &out->held, {0u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "lastJobSeq") {
      s = walk.first_time(4);
      if (s) s = read_u64(p, value, &out->last_job_seq, {0u, kNoBound});
    } else if (walk.key() == "draining") {
      s = walk.first_time(5);
      if (s) s = read_bool(p, value, &out->draining);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "sentMs");
  if (!walk.seen(2)) return missing_field(at, "slots");
  if (!walk.seen(4)) return missing_field(at, "lastJobSeq");
  return ok_status();
}

void write(Packer& out, const Heartbeat& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "sentMs");
  write(out, in.sent_ms);
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "held");
  write_list(out, in.held, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "lastJobSeq");
  write(out, in.last_job_seq);
  write_key(out, "draining");
  write(out, in.draining);
}

Status read(const Path& at, const object& from, HeartbeatAck* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "epoch") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else if (walk.key() == "sentMs") {
      s = walk.first_time(1);
      if (s) s = read_i64(p, value, &out->sent_ms);
    } else if (walk.key() == "cancels") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->cancels, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "slots") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->slots, {0u, kNoBound});
    } else if (walk.key() == "drain") {
      s = walk.first_time(4);
      if (s) s = read_bool(p, value, &out->drain);
    } else if (walk.key() == "move") {
      s = walk.first_time(5);
      if (s)
        s = read_optional(p, value, &out->move,
                          [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "epoch");
  if (!walk.seen(1)) return missing_field(at, "sentMs");
  if (!walk.seen(3)) return missing_field(at, "slots");
  return ok_status();
}

void write(Packer& out, const HeartbeatAck& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5 + (in.move ? 1 : 0)));
  write_key(out, "epoch");
  write(out, in.epoch);
  write_key(out, "sentMs");
  write(out, in.sent_ms);
  write_key(out, "cancels");
  write_list(out, in.cancels, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "drain");
  write(out, in.drain);
  if (in.move) {
    write_key(out, "move");
    write(out, *in.move);
  }
}

Status read(const Path& at, const object& from, RunJobs* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "seq") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->seq, {0u, kNoBound});
    } else if (walk.key() == "epoch") {
      s = walk.first_time(1);
      if (s) s = read_u64(p, value, &out->epoch, {0u, kNoBound});
    } else if (walk.key() == "items") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->items, {1u, 64u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "seq");
  if (!walk.seen(1)) return missing_field(at, "epoch");
  if (!walk.seen(2)) return missing_field(at, "items");
  return ok_status();
}

void write(Packer& out, const RunJobs& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "seq");
  write(out, in.seq);
  write_key(out, "epoch");
  write(out, in.epoch);
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Cancel* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "orders") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->orders, {1u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "orders");
  return ok_status();
}

void write(Packer& out, const Cancel& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "orders");
  write_list(out, in.orders, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, BaseResolved* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "lease") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "commit") {
      s = walk.first_time(2);
      if (s) s = read_oid(p, value, &out->commit);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "lease");
  if (!walk.seen(2)) return missing_field(at, "commit");
  return ok_status();
}

void write(Packer& out, const BaseResolved& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "commit");
  write(out, in.commit);
}

Status read(const Path& at, const object& from, BaseKept* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "commit") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->commit, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "commit");
  return ok_status();
}

void write(Packer& out, const BaseKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "commit");
  write(out, in.commit);
}

Status read(const Path& at, const object& from, PutEvents* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "lease") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "items") {
      s = walk.first_time(2);
      if (s)
        s = read_list(p, value, &out->items, {1u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "lease");
  if (!walk.seen(2)) return missing_field(at, "items");
  return ok_status();
}

void write(Packer& out, const PutEvents& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, EventsKept* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "stale") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->stale);
    } else if (walk.key() == "offsets") {
      s = walk.first_time(2);
      if (s)
        s = read_map(p, value, &out->offsets, {0u, kNoBound},
                     [](const Path& q, const object& v, auto* o) {
                       return read_u64(q, v, o, {0u, kNoBound});
                     });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  return ok_status();
}

void write(Packer& out, const EventsKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "stale");
  write(out, in.stale);
  write_key(out, "offsets");
  write_map(out, in.offsets, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, PutArtifact* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "lease") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "path") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->path, {1u, 4096u});
    } else if (walk.key() == "offset") {
      s = walk.first_time(3);
      if (s) s = read_u64(p, value, &out->offset, {0u, kNoBound});
    } else if (walk.key() == "last") {
      s = walk.first_time(4);
      if (s) s = read_bool(p, value, &out->last);
    } else if (walk.key() == "sha256") {
      s = walk.first_time(5);
      if (s) s = read_string(p, value, &out->sha256, {0u, 64u});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "lease");
  if (!walk.seen(2)) return missing_field(at, "path");
  if (!walk.seen(3)) return missing_field(at, "offset");
  if (!walk.seen(4)) return missing_field(at, "last");
  return ok_status();
}

void write(Packer& out, const PutArtifact& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "path");
  write(out, in.path);
  write_key(out, "offset");
  write(out, in.offset);
  write_key(out, "last");
  write(out, in.last);
  write_key(out, "sha256");
  write(out, in.sha256);
}

Status read(const Path& at, const object& from, ArtifactKept* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "path") {
      s = walk.first_time(1);
      if (s) s = read_string(p, value, &out->path, {0u, kNoBound});
    } else if (walk.key() == "nextOffset") {
      s = walk.first_time(2);
      if (s) s = read_u64(p, value, &out->next_offset, {0u, kNoBound});
    } else if (walk.key() == "stale") {
      s = walk.first_time(3);
      if (s) s = read_bool(p, value, &out->stale);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "path");
  if (!walk.seen(2)) return missing_field(at, "nextOffset");
  return ok_status();
}

void write(Packer& out, const ArtifactKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(4));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "path");
  write(out, in.path);
  write_key(out, "nextOffset");
  write(out, in.next_offset);
  write_key(out, "stale");
  write(out, in.stale);
}

Status read(const Path& at, const object& from, AskDelivery* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "lease") {
      s = walk.first_time(1);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "commitOid") {
      s = walk.first_time(2);
      if (s) s = read_oid(p, value, &out->commit_oid);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "lease");
  if (!walk.seen(2)) return missing_field(at, "commitOid");
  return ok_status();
}

void write(Packer& out, const AskDelivery& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "commitOid");
  write(out, in.commit_oid);
}

Status read(const Path& at, const object& from, Delivery* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "lease") {
      s = walk.first_time(0);
      if (s) s = read(p, value, &out->lease);
    } else if (walk.key() == "granted") {
      s = walk.first_time(1);
      if (s) s = read_bool(p, value, &out->granted);
    } else if (walk.key() == "reason") {
      s = walk.first_time(2);
      if (s) s = read_string(p, value, &out->reason, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "lease");
  if (!walk.seen(1)) return missing_field(at, "granted");
  return ok_status();
}

void write(Packer& out, const Delivery& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "granted");
  write(out, in.granted);
  write_key(out, "reason");
  write(out, in.reason);
}

Status read(const Path& at, const object& from, PutResults* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "items") {
      s = walk.first_time(1);
      if (s)
        s = read_list(p, value, &out->items, {1u, 64u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "items");
  return ok_status();
}

void write(Packer& out, const PutResults& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, ResultsKept* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "items") {
      s = walk.first_time(0);
      if (s)
        s = read_list(p, value, &out->items, {0u, kNoBound},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  return ok_status();
}

void write(Packer& out, const ResultsKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

Status read(const Path& at, const object& from, Release* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else if (walk.key() == "leases") {
      s = walk.first_time(1);
      if (s)
        s = read_list(p, value, &out->leases, {1u, 1024u},
                      [](const Path& q, const object& v, auto* o) { return read(q, v, o); });
    } else if (walk.key() == "reason") {
      s = walk.first_time(2);
      if (s) s = read(p, value, &out->reason);
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  if (!walk.seen(1)) return missing_field(at, "leases");
  if (!walk.seen(2)) return missing_field(at, "reason");
  return ok_status();
}

void write(Packer& out, const Release& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(3));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "leases");
  write_list(out, in.leases, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "reason");
  write(out, in.reason);
}

Status read(const Path& at, const object& from, Goodbye* out) {
  (void)out;
  FieldWalk walk(at, from);
  if (!walk.status()) return walk.status();
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    const object& value = walk.value();
    Status s = ok_status();
    if (walk.key() == "session") {
      s = walk.first_time(0);
      if (s) s = read_u64(p, value, &out->session, {0u, kNoBound});
    } else {
      (void)value;
    }
    if (!s) return s;
  }
  if (!walk.seen(0)) return missing_field(at, "session");
  return ok_status();
}

void write(Packer& out, const Goodbye& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "session");
  write(out, in.session);
}

}  // namespace

std::string encode(const Base& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Base> decode<Base>(std::string_view bytes) {
  return decode_with<Base>(
      bytes, [](const Path& at, const object& o, Base* out) { return read(at, o, out); });
}
std::string encode(const Anchor& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Anchor> decode<Anchor>(std::string_view bytes) {
  return decode_with<Anchor>(
      bytes, [](const Path& at, const object& o, Anchor* out) { return read(at, o, out); });
}
std::string encode(const Mutation& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Mutation> decode<Mutation>(std::string_view bytes) {
  return decode_with<Mutation>(
      bytes, [](const Path& at, const object& o, Mutation* out) { return read(at, o, out); });
}
std::string encode(const PatchBody& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchBody> decode<PatchBody>(std::string_view bytes) {
  return decode_with<PatchBody>(
      bytes, [](const Path& at, const object& o, PatchBody* out) { return read(at, o, out); });
}
std::string encode(const ApplyOptions& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ApplyOptions> decode<ApplyOptions>(std::string_view bytes) {
  return decode_with<ApplyOptions>(
      bytes, [](const Path& at, const object& o, ApplyOptions* out) { return read(at, o, out); });
}
std::string encode(const Gate& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Gate> decode<Gate>(std::string_view bytes) {
  return decode_with<Gate>(
      bytes, [](const Path& at, const object& o, Gate* out) { return read(at, o, out); });
}
std::string encode(const JobLimits& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<JobLimits> decode<JobLimits>(std::string_view bytes) {
  return decode_with<JobLimits>(
      bytes, [](const Path& at, const object& o, JobLimits* out) { return read(at, o, out); });
}
std::string encode(const Author& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Author> decode<Author>(std::string_view bytes) {
  return decode_with<Author>(
      bytes, [](const Path& at, const object& o, Author* out) { return read(at, o, out); });
}
std::string encode(const CommitSpec& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CommitSpec> decode<CommitSpec>(std::string_view bytes) {
  return decode_with<CommitSpec>(
      bytes, [](const Path& at, const object& o, CommitSpec* out) { return read(at, o, out); });
}
std::string encode(const OnSuccess& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<OnSuccess> decode<OnSuccess>(std::string_view bytes) {
  return decode_with<OnSuccess>(
      bytes, [](const Path& at, const object& o, OnSuccess* out) { return read(at, o, out); });
}
std::string encode(const PatchRequest& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchRequest> decode<PatchRequest>(std::string_view bytes) {
  return decode_with<PatchRequest>(
      bytes, [](const Path& at, const object& o, PatchRequest* out) { return read(at, o, out); });
}
std::string encode(const FileReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<FileReport> decode<FileReport>(std::string_view bytes) {
  return decode_with<FileReport>(
      bytes, [](const Path& at, const object& o, FileReport* out) { return read(at, o, out); });
}
std::string encode(const HunkReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<HunkReport> decode<HunkReport>(std::string_view bytes) {
  return decode_with<HunkReport>(
      bytes, [](const Path& at, const object& o, HunkReport* out) { return read(at, o, out); });
}
std::string encode(const RefusalReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RefusalReport> decode<RefusalReport>(std::string_view bytes) {
  return decode_with<RefusalReport>(
      bytes, [](const Path& at, const object& o, RefusalReport* out) { return read(at, o, out); });
}
std::string encode(const ApplyReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ApplyReport> decode<ApplyReport>(std::string_view bytes) {
  return decode_with<ApplyReport>(
      bytes, [](const Path& at, const object& o, ApplyReport* out) { return read(at, o, out); });
}
std::string encode(const OutputReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<OutputReport> decode<OutputReport>(std::string_view bytes) {
  return decode_with<OutputReport>(
      bytes, [](const Path& at, const object& o, OutputReport* out) { return read(at, o, out); });
}
std::string encode(const GateReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GateReport> decode<GateReport>(std::string_view bytes) {
  return decode_with<GateReport>(
      bytes, [](const Path& at, const object& o, GateReport* out) { return read(at, o, out); });
}
std::string encode(const ResultReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultReport> decode<ResultReport>(std::string_view bytes) {
  return decode_with<ResultReport>(
      bytes, [](const Path& at, const object& o, ResultReport* out) { return read(at, o, out); });
}
std::string encode(const ArtifactReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ArtifactReport> decode<ArtifactReport>(std::string_view bytes) {
  return decode_with<ArtifactReport>(
      bytes, [](const Path& at, const object& o, ArtifactReport* out) { return read(at, o, out); });
}
std::string encode(const RollbackReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RollbackReport> decode<RollbackReport>(std::string_view bytes) {
  return decode_with<RollbackReport>(
      bytes, [](const Path& at, const object& o, RollbackReport* out) { return read(at, o, out); });
}
std::string encode(const Verdict& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Verdict> decode<Verdict>(std::string_view bytes) {
  return decode_with<Verdict>(
      bytes, [](const Path& at, const object& o, Verdict* out) { return read(at, o, out); });
}
std::string encode(const Submission& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submission> decode<Submission>(std::string_view bytes) {
  return decode_with<Submission>(
      bytes, [](const Path& at, const object& o, Submission* out) { return read(at, o, out); });
}
std::string encode(const ErrorBody& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ErrorBody> decode<ErrorBody>(std::string_view bytes) {
  return decode_with<ErrorBody>(
      bytes, [](const Path& at, const object& o, ErrorBody* out) { return read(at, o, out); });
}
std::string encode(const Waiting& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Waiting> decode<Waiting>(std::string_view bytes) {
  return decode_with<Waiting>(
      bytes, [](const Path& at, const object& o, Waiting* out) { return read(at, o, out); });
}
std::string encode(const Timestamps& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Timestamps> decode<Timestamps>(std::string_view bytes) {
  return decode_with<Timestamps>(
      bytes, [](const Path& at, const object& o, Timestamps* out) { return read(at, o, out); });
}
std::string encode(const JobView& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<JobView> decode<JobView>(std::string_view bytes) {
  return decode_with<JobView>(
      bytes, [](const Path& at, const object& o, JobView* out) { return read(at, o, out); });
}
std::string encode(const SubmitAck& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<SubmitAck> decode<SubmitAck>(std::string_view bytes) {
  return decode_with<SubmitAck>(
      bytes, [](const Path& at, const object& o, SubmitAck* out) { return read(at, o, out); });
}
std::string encode(const FinishedItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<FinishedItem> decode<FinishedItem>(std::string_view bytes) {
  return decode_with<FinishedItem>(
      bytes, [](const Path& at, const object& o, FinishedItem* out) { return read(at, o, out); });
}
std::string encode(const Event& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Event> decode<Event>(std::string_view bytes) {
  return decode_with<Event>(
      bytes, [](const Path& at, const object& o, Event* out) { return read(at, o, out); });
}
std::string encode(const LeaseRef& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<LeaseRef> decode<LeaseRef>(std::string_view bytes) {
  return decode_with<LeaseRef>(
      bytes, [](const Path& at, const object& o, LeaseRef* out) { return read(at, o, out); });
}
std::string encode(const Ancestor& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Ancestor> decode<Ancestor>(std::string_view bytes) {
  return decode_with<Ancestor>(
      bytes, [](const Path& at, const object& o, Ancestor* out) { return read(at, o, out); });
}
std::string encode(const Repo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Repo> decode<Repo>(std::string_view bytes) {
  return decode_with<Repo>(
      bytes, [](const Path& at, const object& o, Repo* out) { return read(at, o, out); });
}
std::string encode(const Dispatch& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Dispatch> decode<Dispatch>(std::string_view bytes) {
  return decode_with<Dispatch>(
      bytes, [](const Path& at, const object& o, Dispatch* out) { return read(at, o, out); });
}
std::string encode(const CancelOrder& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CancelOrder> decode<CancelOrder>(std::string_view bytes) {
  return decode_with<CancelOrder>(
      bytes, [](const Path& at, const object& o, CancelOrder* out) { return read(at, o, out); });
}
std::string encode(const ResultItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultItem> decode<ResultItem>(std::string_view bytes) {
  return decode_with<ResultItem>(
      bytes, [](const Path& at, const object& o, ResultItem* out) { return read(at, o, out); });
}
std::string encode(const ResultAckItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultAckItem> decode<ResultAckItem>(std::string_view bytes) {
  return decode_with<ResultAckItem>(
      bytes, [](const Path& at, const object& o, ResultAckItem* out) { return read(at, o, out); });
}
std::string encode(const Lane& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Lane> decode<Lane>(std::string_view bytes) {
  return decode_with<Lane>(
      bytes, [](const Path& at, const object& o, Lane* out) { return read(at, o, out); });
}
std::string encode(const Instance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Instance> decode<Instance>(std::string_view bytes) {
  return decode_with<Instance>(
      bytes, [](const Path& at, const object& o, Instance* out) { return read(at, o, out); });
}
std::string encode(const RunnerView& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RunnerView> decode<RunnerView>(std::string_view bytes) {
  return decode_with<RunnerView>(
      bytes, [](const Path& at, const object& o, RunnerView* out) { return read(at, o, out); });
}
std::string encode(const Metric& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Metric> decode<Metric>(std::string_view bytes) {
  return decode_with<Metric>(
      bytes, [](const Path& at, const object& o, Metric* out) { return read(at, o, out); });
}
std::string encode(const Key& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Key> decode<Key>(std::string_view bytes) {
  return decode_with<Key>(
      bytes, [](const Path& at, const object& o, Key* out) { return read(at, o, out); });
}
std::string encode(const Address& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Address> decode<Address>(std::string_view bytes) {
  return decode_with<Address>(
      bytes, [](const Path& at, const object& o, Address* out) { return read(at, o, out); });
}
std::string encode(const BearerToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BearerToken> decode<BearerToken>(std::string_view bytes) {
  return decode_with<BearerToken>(
      bytes, [](const Path& at, const object& o, BearerToken* out) { return read(at, o, out); });
}
std::string encode(const Tenant& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tenant> decode<Tenant>(std::string_view bytes) {
  return decode_with<Tenant>(
      bytes, [](const Path& at, const object& o, Tenant* out) { return read(at, o, out); });
}
std::string encode(const AuditEntry& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<AuditEntry> decode<AuditEntry>(std::string_view bytes) {
  return decode_with<AuditEntry>(
      bytes, [](const Path& at, const object& o, AuditEntry* out) { return read(at, o, out); });
}
std::string encode(const Hello& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Hello> decode<Hello>(std::string_view bytes) {
  return decode_with<Hello>(
      bytes, [](const Path& at, const object& o, Hello* out) { return read(at, o, out); });
}
std::string encode(const Welcome& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Welcome> decode<Welcome>(std::string_view bytes) {
  return decode_with<Welcome>(
      bytes, [](const Path& at, const object& o, Welcome* out) { return read(at, o, out); });
}
std::string encode(const Failure& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Failure> decode<Failure>(std::string_view bytes) {
  return decode_with<Failure>(
      bytes, [](const Path& at, const object& o, Failure* out) { return read(at, o, out); });
}
std::string encode(const Done& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Done> decode<Done>(std::string_view bytes) {
  return decode_with<Done>(
      bytes, [](const Path& at, const object& o, Done* out) { return read(at, o, out); });
}
std::string encode(const Submit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submit> decode<Submit>(std::string_view bytes) {
  return decode_with<Submit>(
      bytes, [](const Path& at, const object& o, Submit* out) { return read(at, o, out); });
}
std::string encode(const Submitted& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submitted> decode<Submitted>(std::string_view bytes) {
  return decode_with<Submitted>(
      bytes, [](const Path& at, const object& o, Submitted* out) { return read(at, o, out); });
}
std::string encode(const Finished& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Finished> decode<Finished>(std::string_view bytes) {
  return decode_with<Finished>(
      bytes, [](const Path& at, const object& o, Finished* out) { return read(at, o, out); });
}
std::string encode(const GetJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetJob> decode<GetJob>(std::string_view bytes) {
  return decode_with<GetJob>(
      bytes, [](const Path& at, const object& o, GetJob* out) { return read(at, o, out); });
}
std::string encode(const Job& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Job> decode<Job>(std::string_view bytes) {
  return decode_with<Job>(
      bytes, [](const Path& at, const object& o, Job* out) { return read(at, o, out); });
}
std::string encode(const ListJobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListJobs> decode<ListJobs>(std::string_view bytes) {
  return decode_with<ListJobs>(
      bytes, [](const Path& at, const object& o, ListJobs* out) { return read(at, o, out); });
}
std::string encode(const Jobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Jobs> decode<Jobs>(std::string_view bytes) {
  return decode_with<Jobs>(
      bytes, [](const Path& at, const object& o, Jobs* out) { return read(at, o, out); });
}
std::string encode(const CancelJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CancelJob> decode<CancelJob>(std::string_view bytes) {
  return decode_with<CancelJob>(
      bytes, [](const Path& at, const object& o, CancelJob* out) { return read(at, o, out); });
}
std::string encode(const RetryJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RetryJob> decode<RetryJob>(std::string_view bytes) {
  return decode_with<RetryJob>(
      bytes, [](const Path& at, const object& o, RetryJob* out) { return read(at, o, out); });
}
std::string encode(const GetEvents& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetEvents> decode<GetEvents>(std::string_view bytes) {
  return decode_with<GetEvents>(
      bytes, [](const Path& at, const object& o, GetEvents* out) { return read(at, o, out); });
}
std::string encode(const Events& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Events> decode<Events>(std::string_view bytes) {
  return decode_with<Events>(
      bytes, [](const Path& at, const object& o, Events* out) { return read(at, o, out); });
}
std::string encode(const GetBlob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetBlob> decode<GetBlob>(std::string_view bytes) {
  return decode_with<GetBlob>(
      bytes, [](const Path& at, const object& o, GetBlob* out) { return read(at, o, out); });
}
std::string encode(const BlobSlice& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BlobSlice> decode<BlobSlice>(std::string_view bytes) {
  return decode_with<BlobSlice>(
      bytes, [](const Path& at, const object& o, BlobSlice* out) { return read(at, o, out); });
}
std::string encode(const PutInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutInstance> decode<PutInstance>(std::string_view bytes) {
  return decode_with<PutInstance>(
      bytes, [](const Path& at, const object& o, PutInstance* out) { return read(at, o, out); });
}
std::string encode(const InstancePut& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<InstancePut> decode<InstancePut>(std::string_view bytes) {
  return decode_with<InstancePut>(
      bytes, [](const Path& at, const object& o, InstancePut* out) { return read(at, o, out); });
}
std::string encode(const DeleteInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DeleteInstance> decode<DeleteInstance>(std::string_view bytes) {
  return decode_with<DeleteInstance>(
      bytes, [](const Path& at, const object& o, DeleteInstance* out) { return read(at, o, out); });
}
std::string encode(const ListInstances& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListInstances> decode<ListInstances>(std::string_view bytes) {
  return decode_with<ListInstances>(
      bytes, [](const Path& at, const object& o, ListInstances* out) { return read(at, o, out); });
}
std::string encode(const Instances& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Instances> decode<Instances>(std::string_view bytes) {
  return decode_with<Instances>(
      bytes, [](const Path& at, const object& o, Instances* out) { return read(at, o, out); });
}
std::string encode(const NextInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<NextInstance> decode<NextInstance>(std::string_view bytes) {
  return decode_with<NextInstance>(
      bytes, [](const Path& at, const object& o, NextInstance* out) { return read(at, o, out); });
}
std::string encode(const ListRunners& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListRunners> decode<ListRunners>(std::string_view bytes) {
  return decode_with<ListRunners>(
      bytes, [](const Path& at, const object& o, ListRunners* out) { return read(at, o, out); });
}
std::string encode(const Runners& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Runners> decode<Runners>(std::string_view bytes) {
  return decode_with<Runners>(
      bytes, [](const Path& at, const object& o, Runners* out) { return read(at, o, out); });
}
std::string encode(const DrainRunner& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DrainRunner> decode<DrainRunner>(std::string_view bytes) {
  return decode_with<DrainRunner>(
      bytes, [](const Path& at, const object& o, DrainRunner* out) { return read(at, o, out); });
}
std::string encode(const SetSlots& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<SetSlots> decode<SetSlots>(std::string_view bytes) {
  return decode_with<SetSlots>(
      bytes, [](const Path& at, const object& o, SetSlots* out) { return read(at, o, out); });
}
std::string encode(const ListRepos& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListRepos> decode<ListRepos>(std::string_view bytes) {
  return decode_with<ListRepos>(
      bytes, [](const Path& at, const object& o, ListRepos* out) { return read(at, o, out); });
}
std::string encode(const Repos& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Repos> decode<Repos>(std::string_view bytes) {
  return decode_with<Repos>(
      bytes, [](const Path& at, const object& o, Repos* out) { return read(at, o, out); });
}
std::string encode(const PutRepo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutRepo> decode<PutRepo>(std::string_view bytes) {
  return decode_with<PutRepo>(
      bytes, [](const Path& at, const object& o, PutRepo* out) { return read(at, o, out); });
}
std::string encode(const DeleteRepo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DeleteRepo> decode<DeleteRepo>(std::string_view bytes) {
  return decode_with<DeleteRepo>(
      bytes, [](const Path& at, const object& o, DeleteRepo* out) { return read(at, o, out); });
}
std::string encode(const ListLanes& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListLanes> decode<ListLanes>(std::string_view bytes) {
  return decode_with<ListLanes>(
      bytes, [](const Path& at, const object& o, ListLanes* out) { return read(at, o, out); });
}
std::string encode(const Lanes& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Lanes> decode<Lanes>(std::string_view bytes) {
  return decode_with<Lanes>(
      bytes, [](const Path& at, const object& o, Lanes* out) { return read(at, o, out); });
}
std::string encode(const PatchLane& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchLane> decode<PatchLane>(std::string_view bytes) {
  return decode_with<PatchLane>(
      bytes, [](const Path& at, const object& o, PatchLane* out) { return read(at, o, out); });
}
std::string encode(const GetStats& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetStats> decode<GetStats>(std::string_view bytes) {
  return decode_with<GetStats>(
      bytes, [](const Path& at, const object& o, GetStats* out) { return read(at, o, out); });
}
std::string encode(const Stats& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Stats> decode<Stats>(std::string_view bytes) {
  return decode_with<Stats>(
      bytes, [](const Path& at, const object& o, Stats* out) { return read(at, o, out); });
}
std::string encode(const ListAudit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListAudit> decode<ListAudit>(std::string_view bytes) {
  return decode_with<ListAudit>(
      bytes, [](const Path& at, const object& o, ListAudit* out) { return read(at, o, out); });
}
std::string encode(const Audit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Audit> decode<Audit>(std::string_view bytes) {
  return decode_with<Audit>(
      bytes, [](const Path& at, const object& o, Audit* out) { return read(at, o, out); });
}
std::string encode(const ListKeys& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListKeys> decode<ListKeys>(std::string_view bytes) {
  return decode_with<ListKeys>(
      bytes, [](const Path& at, const object& o, ListKeys* out) { return read(at, o, out); });
}
std::string encode(const Keys& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Keys> decode<Keys>(std::string_view bytes) {
  return decode_with<Keys>(
      bytes, [](const Path& at, const object& o, Keys* out) { return read(at, o, out); });
}
std::string encode(const PutKey& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutKey> decode<PutKey>(std::string_view bytes) {
  return decode_with<PutKey>(
      bytes, [](const Path& at, const object& o, PutKey* out) { return read(at, o, out); });
}
std::string encode(const RevokeKey& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RevokeKey> decode<RevokeKey>(std::string_view bytes) {
  return decode_with<RevokeKey>(
      bytes, [](const Path& at, const object& o, RevokeKey* out) { return read(at, o, out); });
}
std::string encode(const CheckTokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CheckTokens> decode<CheckTokens>(std::string_view bytes) {
  return decode_with<CheckTokens>(
      bytes, [](const Path& at, const object& o, CheckTokens* out) { return read(at, o, out); });
}
std::string encode(const TokensChecked& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<TokensChecked> decode<TokensChecked>(std::string_view bytes) {
  return decode_with<TokensChecked>(
      bytes, [](const Path& at, const object& o, TokensChecked* out) { return read(at, o, out); });
}
std::string encode(const ListTokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListTokens> decode<ListTokens>(std::string_view bytes) {
  return decode_with<ListTokens>(
      bytes, [](const Path& at, const object& o, ListTokens* out) { return read(at, o, out); });
}
std::string encode(const Tokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tokens> decode<Tokens>(std::string_view bytes) {
  return decode_with<Tokens>(
      bytes, [](const Path& at, const object& o, Tokens* out) { return read(at, o, out); });
}
std::string encode(const PutToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutToken> decode<PutToken>(std::string_view bytes) {
  return decode_with<PutToken>(
      bytes, [](const Path& at, const object& o, PutToken* out) { return read(at, o, out); });
}
std::string encode(const RevokeToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RevokeToken> decode<RevokeToken>(std::string_view bytes) {
  return decode_with<RevokeToken>(
      bytes, [](const Path& at, const object& o, RevokeToken* out) { return read(at, o, out); });
}
std::string encode(const ListTenants& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListTenants> decode<ListTenants>(std::string_view bytes) {
  return decode_with<ListTenants>(
      bytes, [](const Path& at, const object& o, ListTenants* out) { return read(at, o, out); });
}
std::string encode(const Tenants& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tenants> decode<Tenants>(std::string_view bytes) {
  return decode_with<Tenants>(
      bytes, [](const Path& at, const object& o, Tenants* out) { return read(at, o, out); });
}
std::string encode(const PatchTenant& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchTenant> decode<PatchTenant>(std::string_view bytes) {
  return decode_with<PatchTenant>(
      bytes, [](const Path& at, const object& o, PatchTenant* out) { return read(at, o, out); });
}
std::string encode(const Register& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Register> decode<Register>(std::string_view bytes) {
  return decode_with<Register>(
      bytes, [](const Path& at, const object& o, Register* out) { return read(at, o, out); });
}
std::string encode(const Registered& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Registered> decode<Registered>(std::string_view bytes) {
  return decode_with<Registered>(
      bytes, [](const Path& at, const object& o, Registered* out) { return read(at, o, out); });
}
std::string encode(const Heartbeat& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Heartbeat> decode<Heartbeat>(std::string_view bytes) {
  return decode_with<Heartbeat>(
      bytes, [](const Path& at, const object& o, Heartbeat* out) { return read(at, o, out); });
}
std::string encode(const HeartbeatAck& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<HeartbeatAck> decode<HeartbeatAck>(std::string_view bytes) {
  return decode_with<HeartbeatAck>(
      bytes, [](const Path& at, const object& o, HeartbeatAck* out) { return read(at, o, out); });
}
std::string encode(const RunJobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RunJobs> decode<RunJobs>(std::string_view bytes) {
  return decode_with<RunJobs>(
      bytes, [](const Path& at, const object& o, RunJobs* out) { return read(at, o, out); });
}
std::string encode(const Cancel& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Cancel> decode<Cancel>(std::string_view bytes) {
  return decode_with<Cancel>(
      bytes, [](const Path& at, const object& o, Cancel* out) { return read(at, o, out); });
}
std::string encode(const BaseResolved& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BaseResolved> decode<BaseResolved>(std::string_view bytes) {
  return decode_with<BaseResolved>(
      bytes, [](const Path& at, const object& o, BaseResolved* out) { return read(at, o, out); });
}
std::string encode(const BaseKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BaseKept> decode<BaseKept>(std::string_view bytes) {
  return decode_with<BaseKept>(
      bytes, [](const Path& at, const object& o, BaseKept* out) { return read(at, o, out); });
}
std::string encode(const PutEvents& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutEvents> decode<PutEvents>(std::string_view bytes) {
  return decode_with<PutEvents>(
      bytes, [](const Path& at, const object& o, PutEvents* out) { return read(at, o, out); });
}
std::string encode(const EventsKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<EventsKept> decode<EventsKept>(std::string_view bytes) {
  return decode_with<EventsKept>(
      bytes, [](const Path& at, const object& o, EventsKept* out) { return read(at, o, out); });
}
std::string encode(const PutArtifact& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutArtifact> decode<PutArtifact>(std::string_view bytes) {
  return decode_with<PutArtifact>(
      bytes, [](const Path& at, const object& o, PutArtifact* out) { return read(at, o, out); });
}
std::string encode(const ArtifactKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ArtifactKept> decode<ArtifactKept>(std::string_view bytes) {
  return decode_with<ArtifactKept>(
      bytes, [](const Path& at, const object& o, ArtifactKept* out) { return read(at, o, out); });
}
std::string encode(const AskDelivery& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<AskDelivery> decode<AskDelivery>(std::string_view bytes) {
  return decode_with<AskDelivery>(
      bytes, [](const Path& at, const object& o, AskDelivery* out) { return read(at, o, out); });
}
std::string encode(const Delivery& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Delivery> decode<Delivery>(std::string_view bytes) {
  return decode_with<Delivery>(
      bytes, [](const Path& at, const object& o, Delivery* out) { return read(at, o, out); });
}
std::string encode(const PutResults& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutResults> decode<PutResults>(std::string_view bytes) {
  return decode_with<PutResults>(
      bytes, [](const Path& at, const object& o, PutResults* out) { return read(at, o, out); });
}
std::string encode(const ResultsKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultsKept> decode<ResultsKept>(std::string_view bytes) {
  return decode_with<ResultsKept>(
      bytes, [](const Path& at, const object& o, ResultsKept* out) { return read(at, o, out); });
}
std::string encode(const Release& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Release> decode<Release>(std::string_view bytes) {
  return decode_with<Release>(
      bytes, [](const Path& at, const object& o, Release* out) { return read(at, o, out); });
}
std::string encode(const Goodbye& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Goodbye> decode<Goodbye>(std::string_view bytes) {
  return decode_with<Goodbye>(
      bytes, [](const Path& at, const object& o, Goodbye* out) { return read(at, o, out); });
}

}  // namespace ghost::wire
