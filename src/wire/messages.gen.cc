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

std::string_view to_string(BackupState value) {
  switch (value) {
    case BackupState::kNone:
      return "none";
    case BackupState::kRunning:
      return "running";
    case BackupState::kChecking:
      return "checking";
    case BackupState::kDone:
      return "done";
    case BackupState::kFailed:
      return "failed";
  }
  return "";
}
std::optional<BackupState> parse_backup_state(std::string_view text) {
  if (text == "none") return BackupState::kNone;
  if (text == "running") return BackupState::kRunning;
  if (text == "checking") return BackupState::kChecking;
  if (text == "done") return BackupState::kDone;
  if (text == "failed") return BackupState::kFailed;
  return std::nullopt;
}

namespace {

using namespace codec;

bool read(const Path& at, Reader& in, JobState* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_job_state(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(
      expected(at, "one of QUEUED, LEASED, SUCCEEDED, FAILED, CANCELLED, EXPIRED or DEAD", v));
}
[[maybe_unused]] void write(Packer& out, JobState in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Outcome* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_outcome(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at,
                          "one of passed, gate_failed, apply_failed, rejected, timeout, "
                          "base_moved, dependency_failed, cancelled, expired or infra_error",
                          v));
}
[[maybe_unused]] void write(Packer& out, Outcome in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, PatchFormat* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_patch_format(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(
      expected(at, "one of unified, mbox, mutations, search-replace, envelope or none", v));
}
[[maybe_unused]] void write(Packer& out, PatchFormat in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, MutationOp* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_mutation_op(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of create, upsert, delete, chmod, insert or replace", v));
}
[[maybe_unused]] void write(Packer& out, MutationOp in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Encoding* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_encoding(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of utf-8 or base64", v));
}
[[maybe_unused]] void write(Packer& out, Encoding in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, ApplyMode* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_apply_mode(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of strict, recount, fuzzy or threeway", v));
}
[[maybe_unused]] void write(Packer& out, ApplyMode in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Whitespace* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_whitespace(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of error or ignore-change", v));
}
[[maybe_unused]] void write(Packer& out, Whitespace in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Eol* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_eol(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of exact or normalize", v));
}
[[maybe_unused]] void write(Packer& out, Eol in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Network* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_network(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of none or host", v));
}
[[maybe_unused]] void write(Packer& out, Network in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, OnBaseMoved* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_on_base_moved(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of fail or reapply", v));
}
[[maybe_unused]] void write(Packer& out, OnBaseMoved in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, GatePhase* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_gate_phase(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of precheck, build or validate", v));
}
[[maybe_unused]] void write(Packer& out, GatePhase in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, GateStatus* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_gate_status(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(
      expected(at, "one of pass, fail, timeout, oom, signal, skipped, infra or flood", v));
}
[[maybe_unused]] void write(Packer& out, GateStatus in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, ApplyStatus* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_apply_status(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(
      at, "one of clean, offset, fuzz, merged, already_applied, reversed, ambiguous or failed", v));
}
[[maybe_unused]] void write(Packer& out, ApplyStatus in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Stream* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_stream(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of state, progress, stdout or stderr", v));
}
[[maybe_unused]] void write(Packer& out, Stream in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, SubmitStatus* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_submit_status(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of accepted, existing or refused", v));
}
[[maybe_unused]] void write(Packer& out, SubmitStatus in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, ResultStatus* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_result_status(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of committed, stale or unknown", v));
}
[[maybe_unused]] void write(Packer& out, ResultStatus in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, InstanceState* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_instance_state(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of ready, draining or lost", v));
}
[[maybe_unused]] void write(Packer& out, InstanceState in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, CancelReason* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_cancel_reason(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of cancelled, expired or stale", v));
}
[[maybe_unused]] void write(Packer& out, CancelReason in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, ReleaseReason* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_release_reason(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of drain, unsent or outage", v));
}
[[maybe_unused]] void write(Packer& out, ReleaseReason in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, KeyRole* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_key_role(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of runner, relay or client", v));
}
[[maybe_unused]] void write(Packer& out, KeyRole in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, Scope* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_scope(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of submit, read, operate or admin", v));
}
[[maybe_unused]] void write(Packer& out, Scope in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, MetricType* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_metric_type(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of counter, gauge or histogram", v));
}
[[maybe_unused]] void write(Packer& out, MetricType in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, BackupState* out) {
  const Value v = in.next();
  if (v.kind == Value::Kind::kString) {
    if (const auto known = parse_backup_state(v.bytes)) {
      *out = *known;
      return true;
    }
  }
  return in.fail(expected(at, "one of none, running, checking, done or failed", v));
}
[[maybe_unused]] void write(Packer& out, BackupState in) {
  write(out, to_string(in));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Base* out) {
  static constexpr std::string_view kNames[] = {"repo", "ref", "job"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->repo,
                             [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 1:
        good = read_optional(p, in, &out->ref, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->job,
                             [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Anchor* out) {
  static constexpr std::string_view kNames[] = {"after", "before"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->after, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
        break;
      case 1:
        good = read_optional(p, in, &out->before, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Mutation* out) {
  static constexpr std::string_view kNames[] = {
      "op",     "path",  "contents",    "encoding",      "mode",
      "anchor", "regex", "replacement", "expectMatches", "ifMatch"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->op);
        break;
      case 1:
        good = read_string(p, in, &out->path, {1u, 4096u});
        break;
      case 2:
        good = read_optional(p, in, &out->contents, [](const Path& q, Reader& v, auto* o) {
          return read_bytes(q, v, o, {0u, 33554432u});
        });
        break;
      case 3:
        good = read(p, in, &out->encoding);
        break;
      case 4:
        good = read_optional(p, in, &out->mode, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 6u});
        });
        break;
      case 5:
        good = read_optional(p, in, &out->anchor,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 6:
        good = read_optional(p, in, &out->regex, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 65536u});
        });
        break;
      case 7:
        good = read_optional(p, in, &out->replacement, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
        break;
      case 8:
        good = read_u64(p, in, &out->expect_matches, {1u, 1000000u});
        break;
      case 9:
        good = read_optional(p, in, &out->if_match,
                             [](const Path& q, Reader& v, auto* o) { return read_oid(q, v, o); });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "op"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "path"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] PatchBody* out) {
  static constexpr std::string_view kNames[] = {"format",   "strip", "data",
                                                "encoding", "root",  "items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->format,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_u64(p, in, &out->strip, {0u, 100u});
        break;
      case 2:
        good = read_optional(p, in, &out->data, [](const Path& q, Reader& v, auto* o) {
          return read_bytes(q, v, o, {0u, 33554432u});
        });
        break;
      case 3:
        good = read(p, in, &out->encoding);
        break;
      case 4:
        good = read_optional(p, in, &out->root, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
        break;
      case 5:
        good = read_list(p, in, &out->items, {0u, 10000u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ApplyOptions* out) {
  static constexpr std::string_view kNames[] = {"mode", "maxFuzz", "maxOffset", "whitespace",
                                                "eol"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->mode);
        break;
      case 1:
        good = read_optional(p, in, &out->max_fuzz, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 100u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->max_offset, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 100000000u});
        });
        break;
      case 3:
        good = read(p, in, &out->whitespace);
        break;
      case 4:
        good = read(p, in, &out->eol);
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Gate* out) {
  static constexpr std::string_view kNames[] = {
      "name", "phase", "run", "argv", "cwd", "env", "timeoutMs", "retries", "allowFailure"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->name, {1u, 200u});
        break;
      case 1:
        good = read(p, in, &out->phase);
        break;
      case 2:
        good = read_optional(p, in, &out->run, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 131072u});
        });
        break;
      case 3:
        good = read_list(p, in, &out->argv, {0u, 1000u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_optional(p, in, &out->cwd, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
        break;
      case 5:
        good = read_map(p, in, &out->env, {0u, 1000u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 6:
        good = read_u64(p, in, &out->timeout_ms, {1u, 86400000u});
        break;
      case 7:
        good = read_u64(p, in, &out->retries, {0u, 10u});
        break;
      case 8:
        good = read_bool(p, in, &out->allow_failure);
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] JobLimits* out) {
  static constexpr std::string_view kNames[] = {"wallMs",    "cpuMs",  "memoryBytes", "pids",
                                                "diskBytes", "inodes", "outputBytes"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->wall_ms, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1u, 604800000u});
        });
        break;
      case 1:
        good = read_optional(p, in, &out->cpu_ms, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1u, 604800000u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->memory_bytes, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1048576u, 1099511627776u});
        });
        break;
      case 3:
        good = read_optional(p, in, &out->pids, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1u, 1000000u});
        });
        break;
      case 4:
        good = read_optional(p, in, &out->disk_bytes, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1048576u, 1099511627776u});
        });
        break;
      case 5:
        good = read_optional(p, in, &out->inodes, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {64u, 100000000u});
        });
        break;
      case 6:
        good = read_optional(p, in, &out->output_bytes, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1024u, 1073741824u});
        });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Author* out) {
  static constexpr std::string_view kNames[] = {"name", "email"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->name, {1u, 1000u});
        break;
      case 1:
        good = read_string(p, in, &out->email, {0u, 1000u});
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "email"));
  return true;
}

void write(Packer& out, const Author& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "email");
  write(out, in.email);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] CommitSpec* out) {
  static constexpr std::string_view kNames[] = {"message", "author", "include"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->message, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1048576u});
        });
        break;
      case 1:
        good = read_optional(p, in, &out->author,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read_list(p, in, &out->include, {0u, 1000u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] OnSuccess* out) {
  static constexpr std::string_view kNames[] = {"commit", "branch", "tag", "push", "onBaseMoved"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_optional(p, in, &out->commit,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_optional(p, in, &out->branch, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->tag, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 1024u});
        });
        break;
      case 3:
        good = read_bool(p, in, &out->push);
        break;
      case 4:
        good = read(p, in, &out->on_base_moved);
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] PatchRequest* out) {
  static constexpr std::string_view kNames[] = {"schemaVersion",  "id",
                                                "description",    "labels",
                                                "lane",           "priority",
                                                "idempotencyKey", "base",
                                                "patch",          "apply",
                                                "gates",          "limits",
                                                "network",        "protectedPaths",
                                                "artifacts",      "onSuccess",
                                                "requires",       "dependsOn",
                                                "maxAttempts",    "notBefore",
                                                "deadline",       "secretEnv",
                                                "traceparent"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->schema_version, {1u, 1u});
        break;
      case 1:
        good = read_optional(p, in, &out->id,
                             [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 2:
        good = read_optional(p, in, &out->description, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 4096u});
        });
        break;
      case 3:
        good = read_map(p, in, &out->labels, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_name(p, in, &out->lane);
        break;
      case 5:
        good = read_u64(p, in, &out->priority, {0u, 9u});
        break;
      case 6:
        good = read_optional(p, in, &out->idempotency_key, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {1u, 255u});
        });
        break;
      case 7:
        good = read(p, in, &out->base);
        break;
      case 8:
        good = read(p, in, &out->patch);
        break;
      case 9:
        good = read(p, in, &out->apply);
        break;
      case 10:
        good = read_list(p, in, &out->gates, {0u, 100u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 11:
        good = read(p, in, &out->limits);
        break;
      case 12:
        good = read(p, in, &out->network);
        break;
      case 13:
        good = read_list(p, in, &out->protected_paths, {0u, 1000u},
                         [](const Path& q, Reader& v, auto* o) {
                           return read_string(q, v, o, {0u, kNoBound});
                         });
        break;
      case 14:
        good = read_list(p, in, &out->artifacts, {0u, 100u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 15:
        good = read_optional(p, in, &out->on_success,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 16:
        good = read_map(p, in, &out->requires_, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 17:
        good = read_list(p, in, &out->depends_on, {0u, 100u},
                         [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 18:
        good = read_u64(p, in, &out->max_attempts, {1u, 100u});
        break;
      case 19:
        good = read_optional(p, in, &out->not_before,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 20:
        good = read_optional(p, in, &out->deadline,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 21:
        good =
            read_list(p, in, &out->secret_env, {0u, 100u}, [](const Path& q, Reader& v, auto* o) {
              return read_string(q, v, o, {0u, kNoBound});
            });
        break;
      case 22:
        good = read_optional(p, in, &out->traceparent, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 128u});
        });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(7)) return in.fail(missing_field(at, "base"));
  if (!walk.seen(8)) return in.fail(missing_field(at, "patch"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] FileReport* out) {
  static constexpr std::string_view kNames[] = {"path",   "oldPath", "op",
                                                "oldOid", "newOid",  "mode"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->path, {0u, kNoBound});
        break;
      case 1:
        good = read_optional(p, in, &out->old_path, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 2:
        good = read_string(p, in, &out->op, {0u, kNoBound});
        break;
      case 3:
        good = read_optional(p, in, &out->old_oid, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_optional(p, in, &out->new_oid, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 5:
        good = read_optional(p, in, &out->mode, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "path"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "op"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] HunkReport* out) {
  static constexpr std::string_view kNames[] = {"file",   "index",  "expectedLine", "matchedLine",
                                                "offset", "fuzz",   "strategy",     "status",
                                                "error",  "nearest"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->file, {0u, kNoBound});
        break;
      case 1:
        good = read_u64(p, in, &out->index, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->expected_line, {0u, kNoBound});
        break;
      case 3:
        good = read_optional(p, in, &out->matched_line, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_i64(p, in, &out->offset);
        break;
      case 5:
        good = read_u64(p, in, &out->fuzz, {0u, kNoBound});
        break;
      case 6:
        good = read_string(p, in, &out->strategy, {0u, kNoBound});
        break;
      case 7:
        good = read(p, in, &out->status);
        break;
      case 8:
        good = read_optional(p, in, &out->error, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 9:
        good = read_optional(p, in, &out->nearest, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "file"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "index"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "expectedLine"));
  if (!walk.seen(7)) return in.fail(missing_field(at, "status"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] RefusalReport* out) {
  static constexpr std::string_view kNames[] = {"code", "path", "line", "message"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->code, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->path, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->line, {0u, kNoBound});
        break;
      case 3:
        good = read_string(p, in, &out->message, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "code"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "message"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ApplyReport* out) {
  static constexpr std::string_view kNames[] = {"status", "files", "hunks", "errors"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->status);
        break;
      case 1:
        good = read_list(p, in, &out->files, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read_list(p, in, &out->hunks, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 3:
        good = read_list(p, in, &out->errors, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "status"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] OutputReport* out) {
  static constexpr std::string_view kNames[] = {"bytes", "truncated", "sha256"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->bytes, {0u, kNoBound});
        break;
      case 1:
        good = read_bool(p, in, &out->truncated);
        break;
      case 2:
        good = read_string(p, in, &out->sha256, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "bytes"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "truncated"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "sha256"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] GateReport* out) {
  static constexpr std::string_view kNames[] = {
      "name",   "phase",          "status",      "exitCode",     "signal",
      "wallMs", "cpuMs",          "maxRssBytes", "writtenBytes", "attempts",
      "flaky",  "allowedFailure", "stdout",      "stderr",       "error"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->name, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->phase);
        break;
      case 2:
        good = read(p, in, &out->status);
        break;
      case 3:
        good = read_optional(p, in, &out->exit_code,
                             [](const Path& q, Reader& v, auto* o) { return read_i64(q, v, o); });
        break;
      case 4:
        good = read_optional(p, in, &out->signal,
                             [](const Path& q, Reader& v, auto* o) { return read_i64(q, v, o); });
        break;
      case 5:
        good = read_u64(p, in, &out->wall_ms, {0u, kNoBound});
        break;
      case 6:
        good = read_u64(p, in, &out->cpu_ms, {0u, kNoBound});
        break;
      case 7:
        good = read_u64(p, in, &out->max_rss_bytes, {0u, kNoBound});
        break;
      case 8:
        good = read_u64(p, in, &out->written_bytes, {0u, kNoBound});
        break;
      case 9:
        good = read_u64(p, in, &out->attempts, {0u, kNoBound});
        break;
      case 10:
        good = read_bool(p, in, &out->flaky);
        break;
      case 11:
        good = read_bool(p, in, &out->allowed_failure);
        break;
      case 12:
        good = read_optional(p, in, &out->stdout,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 13:
        good = read_optional(p, in, &out->stderr,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 14:
        good = read_optional(p, in, &out->error, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "phase"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "status"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ResultReport* out) {
  static constexpr std::string_view kNames[] = {"treeOid", "commitOid", "branch",    "tag",
                                                "pushed",  "diff",      "diffBytes", "diffSha256"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->tree_oid, {0u, kNoBound});
        break;
      case 1:
        good = read_optional(p, in, &out->commit_oid, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->branch, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 3:
        good = read_optional(p, in, &out->tag, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_bool(p, in, &out->pushed);
        break;
      case 5:
        good = read_optional(p, in, &out->diff, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 6:
        good = read_u64(p, in, &out->diff_bytes, {0u, kNoBound});
        break;
      case 7:
        good = read_optional(p, in, &out->diff_sha256, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "treeOid"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ArtifactReport* out) {
  static constexpr std::string_view kNames[] = {"path", "sha256", "sizeBytes"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->path, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->sha256, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->size_bytes, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "path"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "sha256"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "sizeBytes"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] RollbackReport* out) {
  static constexpr std::string_view kNames[] = {"performed", "verified", "baseTreeOid"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_bool(p, in, &out->performed);
        break;
      case 1:
        good = read_bool(p, in, &out->verified);
        break;
      case 2:
        good = read_string(p, in, &out->base_tree_oid, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "performed"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "verified"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Verdict* out) {
  static constexpr std::string_view kNames[] = {"outcome",  "reason",    "apply",
                                                "gates",    "result",    "artifacts",
                                                "rollback", "isolation", "startedAt"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->outcome);
        break;
      case 1:
        good = read_optional(p, in, &out->reason, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->apply,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 3:
        good = read_list(p, in, &out->gates, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_optional(p, in, &out->result,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 5:
        good = read_list(p, in, &out->artifacts, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 6:
        good = read_optional(p, in, &out->rollback,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 7:
        good = read_list(p, in, &out->isolation, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) {
                           return read_string(q, v, o, {0u, kNoBound});
                         });
        break;
      case 8:
        good = read_optional(p, in, &out->started_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "outcome"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Submission* out) {
  static constexpr std::string_view kNames[] = {
      "id",          "tenant",      "idempotencyKey", "requestHash", "lane",   "priority",
      "repo",        "ref",         "baseJob",        "requires",    "labels", "dependsOn",
      "maxAttempts", "notBeforeMs", "deadlineMs",     "description"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->id);
        break;
      case 1:
        good = read_name(p, in, &out->tenant);
        break;
      case 2:
        good = read_optional(p, in, &out->idempotency_key, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, 255u});
        });
        break;
      case 3:
        good = read_bytes(p, in, &out->request_hash, {16u, 32u});
        break;
      case 4:
        good = read_name(p, in, &out->lane);
        break;
      case 5:
        good = read_u64(p, in, &out->priority, {0u, 9u});
        break;
      case 6:
        good = read_optional(p, in, &out->repo,
                             [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 7:
        good = read_string(p, in, &out->ref, {0u, 1024u});
        break;
      case 8:
        good = read_optional(p, in, &out->base_job,
                             [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 9:
        good = read_map(p, in, &out->requires_, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 10:
        good = read_map(p, in, &out->labels, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 11:
        good = read_list(p, in, &out->depends_on, {0u, 100u},
                         [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      case 12:
        good = read_u64(p, in, &out->max_attempts, {1u, 100u});
        break;
      case 13:
        good = read_i64(p, in, &out->not_before_ms);
        break;
      case 14:
        good = read_i64(p, in, &out->deadline_ms);
        break;
      case 15:
        good = read_string(p, in, &out->description, {0u, 4096u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "requestHash"));
  return true;
}

void write(Packer& out, const Submission& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(
      2 + (in.tenant != "default" ? 1 : 0) + (in.idempotency_key ? 1 : 0) +
      (in.lane != "default" ? 1 : 0) + (in.priority != 4 ? 1 : 0) + (in.repo ? 1 : 0) +
      (!in.ref.empty() ? 1 : 0) + (in.base_job ? 1 : 0) + (!in.requires_.empty() ? 1 : 0) +
      (!in.labels.empty() ? 1 : 0) + (!in.depends_on.empty() ? 1 : 0) +
      (in.max_attempts != 3 ? 1 : 0) + (in.not_before_ms != 0 ? 1 : 0) +
      (in.deadline_ms != 0 ? 1 : 0) + (!in.description.empty() ? 1 : 0)));
  write_key(out, "id");
  write(out, in.id);
  if (in.tenant != "default") {
    write_key(out, "tenant");
    write(out, in.tenant);
  }
  if (in.idempotency_key) {
    write_key(out, "idempotencyKey");
    write(out, *in.idempotency_key);
  }
  write_key(out, "requestHash");
  write_bin(out, in.request_hash);
  if (in.lane != "default") {
    write_key(out, "lane");
    write(out, in.lane);
  }
  if (in.priority != 4) {
    write_key(out, "priority");
    write(out, in.priority);
  }
  if (in.repo) {
    write_key(out, "repo");
    write(out, *in.repo);
  }
  if (!in.ref.empty()) {
    write_key(out, "ref");
    write(out, in.ref);
  }
  if (in.base_job) {
    write_key(out, "baseJob");
    write(out, *in.base_job);
  }
  if (!in.requires_.empty()) {
    write_key(out, "requires");
    write_map(out, in.requires_, [](Packer& o, const auto& v) { write(o, v); });
  }
  if (!in.labels.empty()) {
    write_key(out, "labels");
    write_map(out, in.labels, [](Packer& o, const auto& v) { write(o, v); });
  }
  if (!in.depends_on.empty()) {
    write_key(out, "dependsOn");
    write_list(out, in.depends_on, [](Packer& o, const auto& v) { write(o, v); });
  }
  if (in.max_attempts != 3) {
    write_key(out, "maxAttempts");
    write(out, in.max_attempts);
  }
  if (in.not_before_ms != 0) {
    write_key(out, "notBeforeMs");
    write(out, in.not_before_ms);
  }
  if (in.deadline_ms != 0) {
    write_key(out, "deadlineMs");
    write(out, in.deadline_ms);
  }
  if (!in.description.empty()) {
    write_key(out, "description");
    write(out, in.description);
  }
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ErrorBody* out) {
  static constexpr std::string_view kNames[] = {"code", "detail", "field", "retryAfterMs",
                                                "versions"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->code, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->detail, {0u, kNoBound});
        break;
      case 2:
        good = read_string(p, in, &out->field, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->retry_after_ms, {0u, kNoBound});
        break;
      case 4:
        good =
            read_list(p, in, &out->versions, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
              return read_u64(q, v, o, {0u, kNoBound});
            });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "code"));
  return true;
}

void write(Packer& out, const ErrorBody& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5));
  write_key(out, "code");
  write(out, in.code);
  write_key(out, "detail");
  write(out, in.detail);
  write_key(out, "field");
  write(out, in.field);
  write_key(out, "retryAfterMs");
  write(out, in.retry_after_ms);
  write_key(out, "versions");
  write_list(out, in.versions, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Waiting* out) {
  static constexpr std::string_view kNames[] = {"reason", "detail", "until", "job"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->reason, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->detail, {0u, kNoBound});
        break;
      case 2:
        good = read_optional(p, in, &out->until,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 3:
        good = read_optional(p, in, &out->job, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "reason"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "detail"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Timestamps* out) {
  static constexpr std::string_view kNames[] = {"accepted", "leased", "started", "completed"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_time(p, in, &out->accepted);
        break;
      case 1:
        good = read_optional(p, in, &out->leased,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 2:
        good = read_optional(p, in, &out->started,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 3:
        good = read_optional(p, in, &out->completed,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "accepted"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] JobView* out) {
  static constexpr std::string_view kNames[] = {"id",
                                                "tenant",
                                                "state",
                                                "outcome",
                                                "reason",
                                                "description",
                                                "lane",
                                                "priority",
                                                "repo",
                                                "ref",
                                                "baseJob",
                                                "baseCommit",
                                                "labels",
                                                "requires",
                                                "dependsOn",
                                                "attempt",
                                                "maxAttempts",
                                                "runner",
                                                "cancelRequested",
                                                "delivering",
                                                "retryOf",
                                                "waiting",
                                                "notBefore",
                                                "deadline",
                                                "timestamps",
                                                "version"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->tenant, {0u, kNoBound});
        break;
      case 2:
        good = read(p, in, &out->state);
        break;
      case 3:
        good = read_optional(p, in, &out->outcome,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_optional(p, in, &out->reason, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 5:
        good = read_optional(p, in, &out->description, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 6:
        good = read_string(p, in, &out->lane, {0u, kNoBound});
        break;
      case 7:
        good = read_u64(p, in, &out->priority, {0u, kNoBound});
        break;
      case 8:
        good = read_optional(p, in, &out->repo, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 9:
        good = read_optional(p, in, &out->ref, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 10:
        good = read_optional(p, in, &out->base_job, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 11:
        good = read_optional(p, in, &out->base_commit, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 12:
        good = read_map(p, in, &out->labels, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 13:
        good =
            read_map(p, in, &out->requires_, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
              return read_string(q, v, o, {0u, kNoBound});
            });
        break;
      case 14:
        good = read_list(p, in, &out->depends_on, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) {
                           return read_string(q, v, o, {0u, kNoBound});
                         });
        break;
      case 15:
        good = read_u64(p, in, &out->attempt, {0u, kNoBound});
        break;
      case 16:
        good = read_u64(p, in, &out->max_attempts, {0u, kNoBound});
        break;
      case 17:
        good = read_optional(p, in, &out->runner, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 18:
        good = read_bool(p, in, &out->cancel_requested);
        break;
      case 19:
        good = read_bool(p, in, &out->delivering);
        break;
      case 20:
        good = read_optional(p, in, &out->retry_of, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 21:
        good = read_optional(p, in, &out->waiting,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 22:
        good = read_optional(p, in, &out->not_before,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 23:
        good = read_optional(p, in, &out->deadline,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 24:
        good = read(p, in, &out->timestamps);
        break;
      case 25:
        good = read_u64(p, in, &out->version, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "tenant"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "state"));
  if (!walk.seen(6)) return in.fail(missing_field(at, "lane"));
  if (!walk.seen(7)) return in.fail(missing_field(at, "priority"));
  if (!walk.seen(15)) return in.fail(missing_field(at, "attempt"));
  if (!walk.seen(16)) return in.fail(missing_field(at, "maxAttempts"));
  if (!walk.seen(24)) return in.fail(missing_field(at, "timestamps"));
  if (!walk.seen(25)) return in.fail(missing_field(at, "version"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] SubmitAck* out) {
  static constexpr std::string_view kNames[] = {"status", "id", "state", "error", "job"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->status);
        break;
      case 1:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 2:
        good = read_optional(p, in, &out->state,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 3:
        good = read_optional(p, in, &out->error,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_optional(p, in, &out->job,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "status"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] FinishedItem* out) {
  static constexpr std::string_view kNames[] = {"id", "state", "outcome"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->state);
        break;
      case 2:
        good = read(p, in, &out->outcome);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "state"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "outcome"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Event* out) {
  static constexpr std::string_view kNames[] = {"seq",  "attempt", "stream", "offset",  "at",
                                                "type", "gate",    "data",   "skipped", "detail"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->seq, {0u, kNoBound});
        break;
      case 1:
        good = read_u64(p, in, &out->attempt, {0u, kNoBound});
        break;
      case 2:
        good = read(p, in, &out->stream);
        break;
      case 3:
        good = read_u64(p, in, &out->offset, {0u, kNoBound});
        break;
      case 4:
        good = read_time(p, in, &out->at);
        break;
      case 5:
        good = read_string(p, in, &out->type, {0u, 64u});
        break;
      case 6:
        good = read_optional(p, in, &out->gate, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 7:
        good = read_optional(p, in, &out->data, [](const Path& q, Reader& v, auto* o) {
          return read_bytes(q, v, o, {0u, 262144u});
        });
        break;
      case 8:
        good = read_u64(p, in, &out->skipped, {0u, kNoBound});
        break;
      case 9:
        good = read_optional(p, in, &out->detail, [](const Path& q, Reader& v, auto* o) {
          return read_raw(q, v, o, {0u, 65536u});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "attempt"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "stream"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "offset"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "at"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "type"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] LeaseRef* out) {
  static constexpr std::string_view kNames[] = {"job", "epoch", "n"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->job, {0u, kNoBound});
        break;
      case 1:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->n, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "job"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "epoch"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "n"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Ancestor* out) {
  static constexpr std::string_view kNames[] = {"id", "treeOid"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->tree_oid, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "treeOid"));
  return true;
}

void write(Packer& out, const Ancestor& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "id");
  write(out, in.id);
  write_key(out, "treeOid");
  write(out, in.tree_oid);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Repo* out) {
  static constexpr std::string_view kNames[] = {"name",         "url",           "defaultBranch",
                                                "credential",   "allowGitlinks", "prepare",
                                                "prepareFiles", "prepareNetwork"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_string(p, in, &out->url, {1u, 4096u});
        break;
      case 2:
        good = read_string(p, in, &out->default_branch, {0u, 1024u});
        break;
      case 3:
        good = read_string(p, in, &out->credential, {0u, 128u});
        break;
      case 4:
        good = read_bool(p, in, &out->allow_gitlinks);
        break;
      case 5:
        good = read_list(p, in, &out->prepare, {0u, 32u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 6:
        good = read_list(p, in, &out->prepare_files, {0u, 100u},
                         [](const Path& q, Reader& v, auto* o) {
                           return read_string(q, v, o, {0u, kNoBound});
                         });
        break;
      case 7:
        good = read(p, in, &out->prepare_network);
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "url"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Dispatch* out) {
  static constexpr std::string_view kNames[] = {"lease",      "id",     "tenant",     "attempt",
                                                "repo",       "ref",    "baseCommit", "ancestors",
                                                "acceptedMs", "leaseMs"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 2:
        good = read_string(p, in, &out->tenant, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->attempt, {0u, kNoBound});
        break;
      case 4:
        good = read(p, in, &out->repo);
        break;
      case 5:
        good = read_string(p, in, &out->ref, {0u, kNoBound});
        break;
      case 6:
        good = read_optional(p, in, &out->base_commit, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 7:
        good = read_list(p, in, &out->ancestors, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 8:
        good = read_i64(p, in, &out->accepted_ms);
        break;
      case 9:
        good = read_u64(p, in, &out->lease_ms, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "tenant"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "attempt"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "repo"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "ref"));
  if (!walk.seen(8)) return in.fail(missing_field(at, "acceptedMs"));
  if (!walk.seen(9)) return in.fail(missing_field(at, "leaseMs"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] CancelOrder* out) {
  static constexpr std::string_view kNames[] = {"lease", "reason"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read(p, in, &out->reason);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "reason"));
  return true;
}

void write(Packer& out, const CancelOrder& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "reason");
  write(out, in.reason);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ResultItem* out) {
  static constexpr std::string_view kNames[] = {"lease",     "outcome",   "reason", "treeOid",
                                                "commitOid", "startedMs", "gatesMs"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read(p, in, &out->outcome);
        break;
      case 2:
        good = read_string(p, in, &out->reason, {0u, 4096u});
        break;
      case 3:
        good = read_string(p, in, &out->tree_oid, {0u, kNoBound});
        break;
      case 4:
        good = read_string(p, in, &out->commit_oid, {0u, kNoBound});
        break;
      case 5:
        good = read_i64(p, in, &out->started_ms);
        break;
      case 6:
        good = read_optional(p, in, &out->gates_ms, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "outcome"));
  return true;
}

void write(Packer& out, const ResultItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(
      2 + (!in.reason.empty() ? 1 : 0) + (!in.tree_oid.empty() ? 1 : 0) +
      (!in.commit_oid.empty() ? 1 : 0) + (in.started_ms != 0 ? 1 : 0) + (in.gates_ms ? 1 : 0)));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "outcome");
  write(out, in.outcome);
  if (!in.reason.empty()) {
    write_key(out, "reason");
    write(out, in.reason);
  }
  if (!in.tree_oid.empty()) {
    write_key(out, "treeOid");
    write(out, in.tree_oid);
  }
  if (!in.commit_oid.empty()) {
    write_key(out, "commitOid");
    write(out, in.commit_oid);
  }
  if (in.started_ms != 0) {
    write_key(out, "startedMs");
    write(out, in.started_ms);
  }
  if (in.gates_ms) {
    write_key(out, "gatesMs");
    write(out, *in.gates_ms);
  }
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ResultAckItem* out) {
  static constexpr std::string_view kNames[] = {"lease", "status"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read(p, in, &out->status);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "status"));
  return true;
}

void write(Packer& out, const ResultAckItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "status");
  write(out, in.status);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Lane* out) {
  static constexpr std::string_view kNames[] = {"name",   "weight", "limit",
                                                "paused", "queued", "leased"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_u64(p, in, &out->weight, {1u, 1000u});
        break;
      case 2:
        good = read_u64(p, in, &out->limit, {0u, 1000000u});
        break;
      case 3:
        good = read_bool(p, in, &out->paused);
        break;
      case 4:
        good = read_u64(p, in, &out->queued, {0u, kNoBound});
        break;
      case 5:
        good = read_u64(p, in, &out->leased, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Instance* out) {
  static constexpr std::string_view kNames[] = {"service", "instance",     "host",      "endpoints",
                                                "labels",  "capacity",     "version",   "state",
                                                "ttlMs",   "registeredAt", "lastSeenAt"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->service);
        break;
      case 1:
        good = read_name(p, in, &out->instance);
        break;
      case 2:
        good = read_string(p, in, &out->host, {0u, 255u});
        break;
      case 3:
        good = read_map(p, in, &out->endpoints, {0u, 32u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_map(p, in, &out->labels, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 5:
        good = read_u64(p, in, &out->capacity, {0u, 1000000u});
        break;
      case 6:
        good = read_string(p, in, &out->version, {0u, 128u});
        break;
      case 7:
        good = read(p, in, &out->state);
        break;
      case 8:
        good = read_u64(p, in, &out->ttl_ms, {1000u, 86400000u});
        break;
      case 9:
        good = read_optional(p, in, &out->registered_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 10:
        good = read_optional(p, in, &out->last_seen_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      default:
        return in.fail(unknown_field(p));
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "service"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "instance"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] RunnerView* out) {
  static constexpr std::string_view kNames[] = {"id",         "host",       "version", "labels",
                                                "slots",      "busy",       "state",   "jobs",
                                                "dispatched", "lastSeenAt", "limits"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->id, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->host, {0u, kNoBound});
        break;
      case 2:
        good = read_string(p, in, &out->version, {0u, kNoBound});
        break;
      case 3:
        good = read_map(p, in, &out->labels, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_u64(p, in, &out->slots, {0u, kNoBound});
        break;
      case 5:
        good = read_u64(p, in, &out->busy, {0u, kNoBound});
        break;
      case 6:
        good = read(p, in, &out->state);
        break;
      case 7:
        good = read_list(p, in, &out->jobs, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 8:
        good = read_u64(p, in, &out->dispatched, {0u, kNoBound});
        break;
      case 9:
        good = read_time(p, in, &out->last_seen_at);
        break;
      case 10:
        good = read_map(p, in, &out->limits, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "host"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "version"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "slots"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "busy"));
  if (!walk.seen(6)) return in.fail(missing_field(at, "state"));
  if (!walk.seen(8)) return in.fail(missing_field(at, "dispatched"));
  if (!walk.seen(9)) return in.fail(missing_field(at, "lastSeenAt"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Metric* out) {
  static constexpr std::string_view kNames[] = {"name", "help", "type", "labels", "value"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->name, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->help, {0u, kNoBound});
        break;
      case 2:
        good = read(p, in, &out->type);
        break;
      case 3:
        good = read_map(p, in, &out->labels, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 4:
        good = read_f64(p, in, &out->value);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "help"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "type"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "value"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Key* out) {
  static constexpr std::string_view kNames[] = {"role",   "name",    "publicKey",
                                                "tenant", "addedAt", "revokedAt"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->role);
        break;
      case 1:
        good = read_name(p, in, &out->name);
        break;
      case 2:
        good = read_string(p, in, &out->public_key, {64u, 64u});
        break;
      case 3:
        good = read_name(p, in, &out->tenant);
        break;
      case 4:
        good = read_optional(p, in, &out->added_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 5:
        good = read_optional(p, in, &out->revoked_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "role"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "publicKey"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Address* out) {
  static constexpr std::string_view kNames[] = {"endpoint", "brokerKey"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->endpoint, {0u, 1024u});
        break;
      case 1:
        good = read_string(p, in, &out->broker_key, {0u, 64u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "endpoint"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "brokerKey"));
  return true;
}

void write(Packer& out, const Address& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "endpoint");
  write(out, in.endpoint);
  write_key(out, "brokerKey");
  write(out, in.broker_key);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] DemandItem* out) {
  static constexpr std::string_view kNames[] = {"requires", "waiting", "oldestWaitMs",
                                                "runners",  "slots",   "freeSlots"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good =
            read_map(p, in, &out->requires_, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
              return read_string(q, v, o, {0u, kNoBound});
            });
        break;
      case 1:
        good = read_u64(p, in, &out->waiting, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->oldest_wait_ms, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->runners, {0u, kNoBound});
        break;
      case 4:
        good = read_u64(p, in, &out->slots, {0u, kNoBound});
        break;
      case 5:
        good = read_u64(p, in, &out->free_slots, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "waiting"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "oldestWaitMs"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "runners"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "slots"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "freeSlots"));
  return true;
}

void write(Packer& out, const DemandItem& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "requires");
  write_map(out, in.requires_, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "waiting");
  write(out, in.waiting);
  write_key(out, "oldestWaitMs");
  write(out, in.oldest_wait_ms);
  write_key(out, "runners");
  write(out, in.runners);
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "freeSlots");
  write(out, in.free_slots);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] BearerToken* out) {
  static constexpr std::string_view kNames[] = {"id",     "name",    "tenant",    "scopes",
                                                "sha256", "addedAt", "expiresAt", "revokedAt"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->id);
        break;
      case 1:
        good = read_name(p, in, &out->name);
        break;
      case 2:
        good = read_name(p, in, &out->tenant);
        break;
      case 3:
        good = read_list(p, in, &out->scopes, {1u, 8u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_string(p, in, &out->sha256, {0u, 64u});
        break;
      case 5:
        good = read_optional(p, in, &out->added_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 6:
        good = read_optional(p, in, &out->expires_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 7:
        good = read_optional(p, in, &out->revoked_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "name"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "scopes"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Tenant* out) {
  static constexpr std::string_view kNames[] = {"name", "rate", "inFlight", "payloadBytes",
                                                "unfinished"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_u64(p, in, &out->rate, {0u, 1000000u});
        break;
      case 2:
        good = read_u64(p, in, &out->in_flight, {0u, 100000000u});
        break;
      case 3:
        good = read_u64(p, in, &out->payload_bytes, {0u, 1073741824u});
        break;
      case 4:
        good = read_u64(p, in, &out->unfinished, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] AuditEntry* out) {
  static constexpr std::string_view kNames[] = {"at", "actor", "action", "subject", "detail"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_time(p, in, &out->at);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, kNoBound});
        break;
      case 2:
        good = read_string(p, in, &out->action, {0u, kNoBound});
        break;
      case 3:
        good = read_string(p, in, &out->subject, {0u, kNoBound});
        break;
      case 4:
        good = read_string(p, in, &out->detail, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "at"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "actor"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "action"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "subject"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Hello* out) {
  static constexpr std::string_view kNames[] = {"program", "protocols"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->program, {0u, 128u});
        break;
      case 1:
        good = read_list(p, in, &out->protocols, {0u, 16u}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "program"));
  return true;
}

void write(Packer& out, const Hello& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "program");
  write(out, in.program);
  write_key(out, "protocols");
  write_list(out, in.protocols, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Welcome* out) {
  static constexpr std::string_view kNames[] = {"epoch", "version",  "limits",
                                                "move",  "protocol", "joined"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->version, {0u, kNoBound});
        break;
      case 2:
        good = read_map(p, in, &out->limits, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      case 3:
        good = read_optional(p, in, &out->move,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_u64(p, in, &out->protocol, {0u, kNoBound});
        break;
      case 5:
        good = read_bool(p, in, &out->joined);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "epoch"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "version"));
  return true;
}

void write(Packer& out, const Welcome& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(5 + (in.move ? 1 : 0)));
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
  write_key(out, "protocol");
  write(out, in.protocol);
  write_key(out, "joined");
  write(out, in.joined);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Failure* out) {
  static constexpr std::string_view kNames[] = {"error"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->error);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "error"));
  return true;
}

void write(Packer& out, const Failure& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "error");
  write(out, in.error);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Done* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Done& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Submit* out) {
  static constexpr std::string_view kNames[] = {"items", "notify", "view"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {1u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_bool(p, in, &out->notify);
        break;
      case 2:
        good = read_bool(p, in, &out->view);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "items"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Submitted* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Submitted& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Finished* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Finished& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] GetJob* out) {
  static constexpr std::string_view kNames[] = {"tenant", "id", "waitMs", "afterVersion"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_name(p, in, &out->id);
        break;
      case 2:
        good = read_u64(p, in, &out->wait_ms, {0u, 120000u});
        break;
      case 3:
        good = read_u64(p, in, &out->after_version, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Job* out) {
  static constexpr std::string_view kNames[] = {"job"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->job);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "job"));
  return true;
}

void write(Packer& out, const Job& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "job");
  write(out, in.job);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListJobs* out) {
  static constexpr std::string_view kNames[] = {"tenant",  "states",  "labels", "repo", "lane",
                                                "sinceMs", "untilMs", "cursor", "limit"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_list(p, in, &out->states, {0u, 7u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read_map(p, in, &out->labels, {0u, 16u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 3:
        good = read_string(p, in, &out->repo, {0u, 128u});
        break;
      case 4:
        good = read_string(p, in, &out->lane, {0u, 128u});
        break;
      case 5:
        good = read_i64(p, in, &out->since_ms);
        break;
      case 6:
        good = read_i64(p, in, &out->until_ms);
        break;
      case 7:
        good = read_string(p, in, &out->cursor, {0u, 256u});
        break;
      case 8:
        good = read_u64(p, in, &out->limit, {1u, 500u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Jobs* out) {
  static constexpr std::string_view kNames[] = {"items", "nextCursor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_string(p, in, &out->next_cursor, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Jobs& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "nextCursor");
  write(out, in.next_cursor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] CancelJob* out) {
  static constexpr std::string_view kNames[] = {"tenant", "id", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_name(p, in, &out->id);
        break;
      case 2:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] RetryJob* out) {
  static constexpr std::string_view kNames[] = {"tenant", "id", "newId", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_name(p, in, &out->id);
        break;
      case 2:
        good = read_name(p, in, &out->new_id);
        break;
      case 3:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "newId"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] GetEvents* out) {
  static constexpr std::string_view kNames[] = {"tenant", "id",       "afterSeq", "afterId",
                                                "waitMs", "bytesMax", "streams"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_name(p, in, &out->id);
        break;
      case 2:
        good = read_u64(p, in, &out->after_seq, {0u, kNoBound});
        break;
      case 3:
        good = read_string(p, in, &out->after_id, {0u, 128u});
        break;
      case 4:
        good = read_u64(p, in, &out->wait_ms, {0u, 120000u});
        break;
      case 5:
        good = read_u64(p, in, &out->bytes_max, {1024u, 1048576u});
        break;
      case 6:
        good = read_list(p, in, &out->streams, {0u, 4u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Events* out) {
  static constexpr std::string_view kNames[] = {"items", "lastSeq", "done", "gap"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_u64(p, in, &out->last_seq, {0u, kNoBound});
        break;
      case 2:
        good = read_bool(p, in, &out->done);
        break;
      case 3:
        good = read_bool(p, in, &out->gap);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "lastSeq"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "done"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] GetBlob* out) {
  static constexpr std::string_view kNames[] = {"tenant", "id", "name", "offset", "bytesMax"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->tenant);
        break;
      case 1:
        good = read_name(p, in, &out->id);
        break;
      case 2:
        good = read_string(p, in, &out->name, {0u, 4200u});
        break;
      case 3:
        good = read_u64(p, in, &out->offset, {0u, kNoBound});
        break;
      case 4:
        good = read_u64(p, in, &out->bytes_max, {1u, 4194304u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] BlobSlice* out) {
  static constexpr std::string_view kNames[] = {"size", "sha256"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->size, {0u, kNoBound});
        break;
      case 1:
        good = read_string(p, in, &out->sha256, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "size"));
  return true;
}

void write(Packer& out, const BlobSlice& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "size");
  write(out, in.size);
  write_key(out, "sha256");
  write(out, in.sha256);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PutInstance* out) {
  static constexpr std::string_view kNames[] = {"instance"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->instance);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "instance"));
  return true;
}

void write(Packer& out, const PutInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "instance");
  write(out, in.instance);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] InstancePut* out) {
  static constexpr std::string_view kNames[] = {"instance", "created", "epoch"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->instance);
        break;
      case 1:
        good = read_bool(p, in, &out->created);
        break;
      case 2:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "instance"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "created"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "epoch"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] DeleteInstance* out) {
  static constexpr std::string_view kNames[] = {"service", "instance"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->service);
        break;
      case 1:
        good = read_name(p, in, &out->instance);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "service"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "instance"));
  return true;
}

void write(Packer& out, const DeleteInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "service");
  write(out, in.service);
  write_key(out, "instance");
  write(out, in.instance);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListInstances* out) {
  static constexpr std::string_view kNames[] = {"service", "readyOnly", "afterRevision", "waitMs"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->service, {0u, 128u});
        break;
      case 1:
        good = read_bool(p, in, &out->ready_only);
        break;
      case 2:
        good = read_u64(p, in, &out->after_revision, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->wait_ms, {0u, 120000u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Instances* out) {
  static constexpr std::string_view kNames[] = {"items", "revision"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_u64(p, in, &out->revision, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "revision"));
  return true;
}

void write(Packer& out, const Instances& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "revision");
  write(out, in.revision);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] NextInstance* out) {
  static constexpr std::string_view kNames[] = {"service"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->service, {1u, 128u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "service"));
  return true;
}

void write(Packer& out, const NextInstance& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "service");
  write(out, in.service);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListRunners* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListRunners& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Runners* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Runners& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] DrainRunner* out) {
  static constexpr std::string_view kNames[] = {"id", "drain", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->id);
        break;
      case 1:
        good = read_bool(p, in, &out->drain);
        break;
      case 2:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] SetSlots* out) {
  static constexpr std::string_view kNames[] = {"id", "slots", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->id);
        break;
      case 1:
        good = read_u64(p, in, &out->slots, {1u, 1024u});
        break;
      case 2:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "id"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "slots"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ListRepos* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListRepos& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Repos* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Repos& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PutRepo* out) {
  static constexpr std::string_view kNames[] = {"repo", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->repo);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "repo"));
  return true;
}

void write(Packer& out, const PutRepo& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "repo");
  write(out, in.repo);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] DeleteRepo* out) {
  static constexpr std::string_view kNames[] = {"name", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
}

void write(Packer& out, const DeleteRepo& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListLanes* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListLanes& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Lanes* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Lanes& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PatchLane* out) {
  static constexpr std::string_view kNames[] = {"name", "weight", "limit", "paused", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_optional(p, in, &out->weight, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {1u, 1000u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->limit, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 1000000u});
        });
        break;
      case 3:
        good = read_optional(p, in, &out->paused,
                             [](const Path& q, Reader& v, auto* o) { return read_bool(q, v, o); });
        break;
      case 4:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] GetStats* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const GetStats& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Stats* out) {
  static constexpr std::string_view kNames[] = {"metrics", "limits", "epoch"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->metrics, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_map(p, in, &out->limits, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      case 2:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(2)) return in.fail(missing_field(at, "epoch"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] GetDemand* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const GetDemand& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Demand* out) {
  static constexpr std::string_view kNames[] = {"items",  "waiting", "oldestWaitMs",
                                                "leased", "slots",   "freeSlots"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_u64(p, in, &out->waiting, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->oldest_wait_ms, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->leased, {0u, kNoBound});
        break;
      case 4:
        good = read_u64(p, in, &out->slots, {0u, kNoBound});
        break;
      case 5:
        good = read_u64(p, in, &out->free_slots, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(1)) return in.fail(missing_field(at, "waiting"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "oldestWaitMs"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "leased"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "slots"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "freeSlots"));
  return true;
}

void write(Packer& out, const Demand& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "waiting");
  write(out, in.waiting);
  write_key(out, "oldestWaitMs");
  write(out, in.oldest_wait_ms);
  write_key(out, "leased");
  write(out, in.leased);
  write_key(out, "slots");
  write(out, in.slots);
  write_key(out, "freeSlots");
  write(out, in.free_slots);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] MakeBackup* out) {
  static constexpr std::string_view kNames[] = {"actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const MakeBackup& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] GetBackup* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const GetBackup& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Backup* out) {
  static constexpr std::string_view kNames[] = {"state",  "path",      "bytes",      "copiedBytes",
                                                "sha256", "startedAt", "finishedAt", "error"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->state);
        break;
      case 1:
        good = read_string(p, in, &out->path, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->bytes, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->copied_bytes, {0u, kNoBound});
        break;
      case 4:
        good = read_string(p, in, &out->sha256, {0u, kNoBound});
        break;
      case 5:
        good = read_optional(p, in, &out->started_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 6:
        good = read_optional(p, in, &out->finished_at,
                             [](const Path& q, Reader& v, auto* o) { return read_time(q, v, o); });
        break;
      case 7:
        good = read_string(p, in, &out->error, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "state"));
  return true;
}

void write(Packer& out, const Backup& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(6 + (in.started_at ? 1 : 0) + (in.finished_at ? 1 : 0)));
  write_key(out, "state");
  write(out, in.state);
  write_key(out, "path");
  write(out, in.path);
  write_key(out, "bytes");
  write(out, in.bytes);
  write_key(out, "copiedBytes");
  write(out, in.copied_bytes);
  write_key(out, "sha256");
  write(out, in.sha256);
  if (in.started_at) {
    write_key(out, "startedAt");
    write_time(out, *in.started_at);
  }
  if (in.finished_at) {
    write_key(out, "finishedAt");
    write_time(out, *in.finished_at);
  }
  write_key(out, "error");
  write(out, in.error);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListAudit* out) {
  static constexpr std::string_view kNames[] = {"limit"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->limit, {1u, 1000u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListAudit& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "limit");
  write(out, in.limit);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Audit* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Audit& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListKeys* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListKeys& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Keys* out) {
  static constexpr std::string_view kNames[] = {"items", "clients", "runners"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 1:
        good = read_optional(p, in, &out->clients,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read_optional(p, in, &out->runners,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] PutKey* out) {
  static constexpr std::string_view kNames[] = {"key", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->key);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "key"));
  return true;
}

void write(Packer& out, const PutKey& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "key");
  write(out, in.key);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] RevokeKey* out) {
  static constexpr std::string_view kNames[] = {"name", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
}

void write(Packer& out, const RevokeKey& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] CheckTokens* out) {
  static constexpr std::string_view kNames[] = {"ids"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->ids, {0u, 1000u},
                         [](const Path& q, Reader& v, auto* o) { return read_name(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const CheckTokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "ids");
  write_list(out, in.ids, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] TokensChecked* out) {
  static constexpr std::string_view kNames[] = {"asked", "items", "tenants"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_bool(p, in, &out->asked);
        break;
      case 1:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read_list(p, in, &out->tenants, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "asked"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ListTokens* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListTokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Tokens* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Tokens& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PutToken* out) {
  static constexpr std::string_view kNames[] = {"token", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->token);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "token"));
  return true;
}

void write(Packer& out, const PutToken& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "token");
  write(out, in.token);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] RevokeToken* out) {
  static constexpr std::string_view kNames[] = {"name", "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
}

void write(Packer& out, const RevokeToken& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "name");
  write(out, in.name);
  write_key(out, "actor");
  write(out, in.actor);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ListTenants* out) {
  FieldWalk walk(at, in, {});
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    in.skip();
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ListTenants& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(0));
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Tenants* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const Tenants& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PatchTenant* out) {
  static constexpr std::string_view kNames[] = {"name", "rate", "inFlight", "payloadBytes",
                                                "actor"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->name);
        break;
      case 1:
        good = read_optional(p, in, &out->rate, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 1000000u});
        });
        break;
      case 2:
        good = read_optional(p, in, &out->in_flight, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 100000000u});
        });
        break;
      case 3:
        good = read_optional(p, in, &out->payload_bytes, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, 1073741824u});
        });
        break;
      case 4:
        good = read_string(p, in, &out->actor, {0u, 256u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "name"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Register* out) {
  static constexpr std::string_view kNames[] = {
      "instance", "secret",     "session",  "host",   "version",   "slots", "labels",
      "held",     "lastJobSeq", "draining", "limits", "protocols", "joined"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_name(p, in, &out->instance);
        break;
      case 1:
        good = read_bytes(p, in, &out->secret, {16u, 64u});
        break;
      case 2:
        good = read_u64(p, in, &out->session, {1u, kNoBound});
        break;
      case 3:
        good = read_string(p, in, &out->host, {0u, 255u});
        break;
      case 4:
        good = read_string(p, in, &out->version, {0u, 128u});
        break;
      case 5:
        good = read_u64(p, in, &out->slots, {0u, 1024u});
        break;
      case 6:
        good = read_map(p, in, &out->labels, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_string(q, v, o, {0u, kNoBound});
        });
        break;
      case 7:
        good = read_list(p, in, &out->held, {0u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 8:
        good = read_u64(p, in, &out->last_job_seq, {0u, kNoBound});
        break;
      case 9:
        good = read_bool(p, in, &out->draining);
        break;
      case 10:
        good = read_map(p, in, &out->limits, {0u, 64u}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      case 11:
        good = read_list(p, in, &out->protocols, {0u, 16u}, [](const Path& q, Reader& v, auto* o) {
          return read_u64(q, v, o, {0u, kNoBound});
        });
        break;
      case 12:
        good = read_bool(p, in, &out->joined);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "instance"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "secret"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "slots"));
  return true;
}

void write(Packer& out, const Register& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(13));
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
  write_key(out, "protocols");
  write_list(out, in.protocols, [](Packer& o, const auto& v) { write(o, v); });
  write_key(out, "joined");
  write(out, in.joined);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Registered* out) {
  static constexpr std::string_view kNames[] = {"epoch",    "session", "heartbeatMs", "leaseMs",
                                                "cancels",  "slots",   "drain",       "move",
                                                "protocol", "joined"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      case 1:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->heartbeat_ms, {0u, kNoBound});
        break;
      case 3:
        good = read_u64(p, in, &out->lease_ms, {0u, kNoBound});
        break;
      case 4:
        good = read_list(p, in, &out->cancels, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 5:
        good = read_u64(p, in, &out->slots, {0u, kNoBound});
        break;
      case 6:
        good = read_bool(p, in, &out->drain);
        break;
      case 7:
        good = read_optional(p, in, &out->move,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 8:
        good = read_u64(p, in, &out->protocol, {0u, kNoBound});
        break;
      case 9:
        good = read_bool(p, in, &out->joined);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "epoch"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "heartbeatMs"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "leaseMs"));
  if (!walk.seen(5)) return in.fail(missing_field(at, "slots"));
  return true;
}

void write(Packer& out, const Registered& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(9 + (in.move ? 1 : 0)));
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
  write_key(out, "protocol");
  write(out, in.protocol);
  write_key(out, "joined");
  write(out, in.joined);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Heartbeat* out) {
  static constexpr std::string_view kNames[] = {"session", "sentMs",     "slots",
                                                "held",    "lastJobSeq", "draining"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read_i64(p, in, &out->sent_ms);
        break;
      case 2:
        good = read_u64(p, in, &out->slots, {0u, 1024u});
        break;
      case 3:
        good = read_list(p, in, &out->held, {0u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 4:
        good = read_u64(p, in, &out->last_job_seq, {0u, kNoBound});
        break;
      case 5:
        good = read_bool(p, in, &out->draining);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "sentMs"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "slots"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "lastJobSeq"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] HeartbeatAck* out) {
  static constexpr std::string_view kNames[] = {"epoch", "sentMs", "cancels",
                                                "slots", "drain",  "move"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      case 1:
        good = read_i64(p, in, &out->sent_ms);
        break;
      case 2:
        good = read_list(p, in, &out->cancels, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 3:
        good = read_u64(p, in, &out->slots, {0u, kNoBound});
        break;
      case 4:
        good = read_bool(p, in, &out->drain);
        break;
      case 5:
        good = read_optional(p, in, &out->move,
                             [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "epoch"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "sentMs"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "slots"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] RunJobs* out) {
  static constexpr std::string_view kNames[] = {"seq", "epoch", "items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->seq, {0u, kNoBound});
        break;
      case 1:
        good = read_u64(p, in, &out->epoch, {0u, kNoBound});
        break;
      case 2:
        good = read_list(p, in, &out->items, {1u, 64u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "seq"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "epoch"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "items"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Cancel* out) {
  static constexpr std::string_view kNames[] = {"orders"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->orders, {1u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "orders"));
  return true;
}

void write(Packer& out, const Cancel& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "orders");
  write_list(out, in.orders, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] BaseResolved* out) {
  static constexpr std::string_view kNames[] = {"session", "lease", "commit"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->lease);
        break;
      case 2:
        good = read_oid(p, in, &out->commit);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "commit"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] BaseKept* out) {
  static constexpr std::string_view kNames[] = {"lease", "commit"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read_string(p, in, &out->commit, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "commit"));
  return true;
}

void write(Packer& out, const BaseKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "lease");
  write(out, in.lease);
  write_key(out, "commit");
  write(out, in.commit);
}

bool read(const Path& at, Reader& in, [[maybe_unused]] PutEvents* out) {
  static constexpr std::string_view kNames[] = {"session", "lease", "items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->lease);
        break;
      case 2:
        good = read_list(p, in, &out->items, {1u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "items"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] EventsKept* out) {
  static constexpr std::string_view kNames[] = {"lease", "stale", "offsets"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read_bool(p, in, &out->stale);
        break;
      case 2:
        good =
            read_map(p, in, &out->offsets, {0u, kNoBound}, [](const Path& q, Reader& v, auto* o) {
              return read_u64(q, v, o, {0u, kNoBound});
            });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] PutArtifact* out) {
  static constexpr std::string_view kNames[] = {"session", "lease", "path",
                                                "offset",  "last",  "sha256"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->lease);
        break;
      case 2:
        good = read_string(p, in, &out->path, {1u, 4096u});
        break;
      case 3:
        good = read_u64(p, in, &out->offset, {0u, kNoBound});
        break;
      case 4:
        good = read_bool(p, in, &out->last);
        break;
      case 5:
        good = read_string(p, in, &out->sha256, {0u, 64u});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "path"));
  if (!walk.seen(3)) return in.fail(missing_field(at, "offset"));
  if (!walk.seen(4)) return in.fail(missing_field(at, "last"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] ArtifactKept* out) {
  static constexpr std::string_view kNames[] = {"lease", "path", "nextOffset", "stale"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read_string(p, in, &out->path, {0u, kNoBound});
        break;
      case 2:
        good = read_u64(p, in, &out->next_offset, {0u, kNoBound});
        break;
      case 3:
        good = read_bool(p, in, &out->stale);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "path"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "nextOffset"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] AskDelivery* out) {
  static constexpr std::string_view kNames[] = {"session", "lease", "commitOid"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read(p, in, &out->lease);
        break;
      case 2:
        good = read_oid(p, in, &out->commit_oid);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "commitOid"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Delivery* out) {
  static constexpr std::string_view kNames[] = {"lease", "granted", "reason"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read(p, in, &out->lease);
        break;
      case 1:
        good = read_bool(p, in, &out->granted);
        break;
      case 2:
        good = read_string(p, in, &out->reason, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "lease"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "granted"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] PutResults* out) {
  static constexpr std::string_view kNames[] = {"session", "items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read_list(p, in, &out->items, {1u, 64u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "items"));
  return true;
}

void write(Packer& out, const PutResults& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(2));
  write_key(out, "session");
  write(out, in.session);
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] ResultsKept* out) {
  static constexpr std::string_view kNames[] = {"items"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_list(p, in, &out->items, {0u, kNoBound},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  return true;
}

void write(Packer& out, const ResultsKept& in) {
  (void)in;
  out.pack_map(static_cast<uint32_t>(1));
  write_key(out, "items");
  write_list(out, in.items, [](Packer& o, const auto& v) { write(o, v); });
}

bool read(const Path& at, Reader& in, [[maybe_unused]] Release* out) {
  static constexpr std::string_view kNames[] = {"session", "leases", "reason"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      case 1:
        good = read_list(p, in, &out->leases, {1u, 1024u},
                         [](const Path& q, Reader& v, auto* o) { return read(q, v, o); });
        break;
      case 2:
        good = read(p, in, &out->reason);
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  if (!walk.seen(1)) return in.fail(missing_field(at, "leases"));
  if (!walk.seen(2)) return in.fail(missing_field(at, "reason"));
  return true;
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

bool read(const Path& at, Reader& in, [[maybe_unused]] Goodbye* out) {
  static constexpr std::string_view kNames[] = {"session"};
  FieldWalk walk(at, in, kNames);
  while (walk.next()) {
    [[maybe_unused]] const Path p{&at, walk.key()};
    bool good = true;
    switch (walk.field()) {
      case 0:
        good = read_u64(p, in, &out->session, {0u, kNoBound});
        break;
      default:
        in.skip();
    }
    if (!good) return false;
  }
  if (!walk.ok()) return false;
  if (!walk.seen(0)) return in.fail(missing_field(at, "session"));
  return true;
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
  return decode_with<Base>(bytes,
                           [](const Path& at, Reader& in, Base* out) { return read(at, in, out); });
}
std::string encode(const Anchor& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Anchor> decode<Anchor>(std::string_view bytes) {
  return decode_with<Anchor>(
      bytes, [](const Path& at, Reader& in, Anchor* out) { return read(at, in, out); });
}
std::string encode(const Mutation& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Mutation> decode<Mutation>(std::string_view bytes) {
  return decode_with<Mutation>(
      bytes, [](const Path& at, Reader& in, Mutation* out) { return read(at, in, out); });
}
std::string encode(const PatchBody& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchBody> decode<PatchBody>(std::string_view bytes) {
  return decode_with<PatchBody>(
      bytes, [](const Path& at, Reader& in, PatchBody* out) { return read(at, in, out); });
}
std::string encode(const ApplyOptions& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ApplyOptions> decode<ApplyOptions>(std::string_view bytes) {
  return decode_with<ApplyOptions>(
      bytes, [](const Path& at, Reader& in, ApplyOptions* out) { return read(at, in, out); });
}
std::string encode(const Gate& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Gate> decode<Gate>(std::string_view bytes) {
  return decode_with<Gate>(bytes,
                           [](const Path& at, Reader& in, Gate* out) { return read(at, in, out); });
}
std::string encode(const JobLimits& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<JobLimits> decode<JobLimits>(std::string_view bytes) {
  return decode_with<JobLimits>(
      bytes, [](const Path& at, Reader& in, JobLimits* out) { return read(at, in, out); });
}
std::string encode(const Author& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Author> decode<Author>(std::string_view bytes) {
  return decode_with<Author>(
      bytes, [](const Path& at, Reader& in, Author* out) { return read(at, in, out); });
}
std::string encode(const CommitSpec& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CommitSpec> decode<CommitSpec>(std::string_view bytes) {
  return decode_with<CommitSpec>(
      bytes, [](const Path& at, Reader& in, CommitSpec* out) { return read(at, in, out); });
}
std::string encode(const OnSuccess& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<OnSuccess> decode<OnSuccess>(std::string_view bytes) {
  return decode_with<OnSuccess>(
      bytes, [](const Path& at, Reader& in, OnSuccess* out) { return read(at, in, out); });
}
std::string encode(const PatchRequest& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchRequest> decode<PatchRequest>(std::string_view bytes) {
  return decode_with<PatchRequest>(
      bytes, [](const Path& at, Reader& in, PatchRequest* out) { return read(at, in, out); });
}
std::string encode(const FileReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<FileReport> decode<FileReport>(std::string_view bytes) {
  return decode_with<FileReport>(
      bytes, [](const Path& at, Reader& in, FileReport* out) { return read(at, in, out); });
}
std::string encode(const HunkReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<HunkReport> decode<HunkReport>(std::string_view bytes) {
  return decode_with<HunkReport>(
      bytes, [](const Path& at, Reader& in, HunkReport* out) { return read(at, in, out); });
}
std::string encode(const RefusalReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RefusalReport> decode<RefusalReport>(std::string_view bytes) {
  return decode_with<RefusalReport>(
      bytes, [](const Path& at, Reader& in, RefusalReport* out) { return read(at, in, out); });
}
std::string encode(const ApplyReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ApplyReport> decode<ApplyReport>(std::string_view bytes) {
  return decode_with<ApplyReport>(
      bytes, [](const Path& at, Reader& in, ApplyReport* out) { return read(at, in, out); });
}
std::string encode(const OutputReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<OutputReport> decode<OutputReport>(std::string_view bytes) {
  return decode_with<OutputReport>(
      bytes, [](const Path& at, Reader& in, OutputReport* out) { return read(at, in, out); });
}
std::string encode(const GateReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GateReport> decode<GateReport>(std::string_view bytes) {
  return decode_with<GateReport>(
      bytes, [](const Path& at, Reader& in, GateReport* out) { return read(at, in, out); });
}
std::string encode(const ResultReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultReport> decode<ResultReport>(std::string_view bytes) {
  return decode_with<ResultReport>(
      bytes, [](const Path& at, Reader& in, ResultReport* out) { return read(at, in, out); });
}
std::string encode(const ArtifactReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ArtifactReport> decode<ArtifactReport>(std::string_view bytes) {
  return decode_with<ArtifactReport>(
      bytes, [](const Path& at, Reader& in, ArtifactReport* out) { return read(at, in, out); });
}
std::string encode(const RollbackReport& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RollbackReport> decode<RollbackReport>(std::string_view bytes) {
  return decode_with<RollbackReport>(
      bytes, [](const Path& at, Reader& in, RollbackReport* out) { return read(at, in, out); });
}
std::string encode(const Verdict& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Verdict> decode<Verdict>(std::string_view bytes) {
  return decode_with<Verdict>(
      bytes, [](const Path& at, Reader& in, Verdict* out) { return read(at, in, out); });
}
std::string encode(const Submission& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submission> decode<Submission>(std::string_view bytes) {
  return decode_with<Submission>(
      bytes, [](const Path& at, Reader& in, Submission* out) { return read(at, in, out); });
}
std::string encode(const ErrorBody& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ErrorBody> decode<ErrorBody>(std::string_view bytes) {
  return decode_with<ErrorBody>(
      bytes, [](const Path& at, Reader& in, ErrorBody* out) { return read(at, in, out); });
}
std::string encode(const Waiting& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Waiting> decode<Waiting>(std::string_view bytes) {
  return decode_with<Waiting>(
      bytes, [](const Path& at, Reader& in, Waiting* out) { return read(at, in, out); });
}
std::string encode(const Timestamps& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Timestamps> decode<Timestamps>(std::string_view bytes) {
  return decode_with<Timestamps>(
      bytes, [](const Path& at, Reader& in, Timestamps* out) { return read(at, in, out); });
}
std::string encode(const JobView& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<JobView> decode<JobView>(std::string_view bytes) {
  return decode_with<JobView>(
      bytes, [](const Path& at, Reader& in, JobView* out) { return read(at, in, out); });
}
std::string encode(const SubmitAck& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<SubmitAck> decode<SubmitAck>(std::string_view bytes) {
  return decode_with<SubmitAck>(
      bytes, [](const Path& at, Reader& in, SubmitAck* out) { return read(at, in, out); });
}
std::string encode(const FinishedItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<FinishedItem> decode<FinishedItem>(std::string_view bytes) {
  return decode_with<FinishedItem>(
      bytes, [](const Path& at, Reader& in, FinishedItem* out) { return read(at, in, out); });
}
std::string encode(const Event& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Event> decode<Event>(std::string_view bytes) {
  return decode_with<Event>(
      bytes, [](const Path& at, Reader& in, Event* out) { return read(at, in, out); });
}
std::string encode(const LeaseRef& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<LeaseRef> decode<LeaseRef>(std::string_view bytes) {
  return decode_with<LeaseRef>(
      bytes, [](const Path& at, Reader& in, LeaseRef* out) { return read(at, in, out); });
}
std::string encode(const Ancestor& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Ancestor> decode<Ancestor>(std::string_view bytes) {
  return decode_with<Ancestor>(
      bytes, [](const Path& at, Reader& in, Ancestor* out) { return read(at, in, out); });
}
std::string encode(const Repo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Repo> decode<Repo>(std::string_view bytes) {
  return decode_with<Repo>(bytes,
                           [](const Path& at, Reader& in, Repo* out) { return read(at, in, out); });
}
std::string encode(const Dispatch& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Dispatch> decode<Dispatch>(std::string_view bytes) {
  return decode_with<Dispatch>(
      bytes, [](const Path& at, Reader& in, Dispatch* out) { return read(at, in, out); });
}
std::string encode(const CancelOrder& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CancelOrder> decode<CancelOrder>(std::string_view bytes) {
  return decode_with<CancelOrder>(
      bytes, [](const Path& at, Reader& in, CancelOrder* out) { return read(at, in, out); });
}
std::string encode(const ResultItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultItem> decode<ResultItem>(std::string_view bytes) {
  return decode_with<ResultItem>(
      bytes, [](const Path& at, Reader& in, ResultItem* out) { return read(at, in, out); });
}
std::string encode(const ResultAckItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultAckItem> decode<ResultAckItem>(std::string_view bytes) {
  return decode_with<ResultAckItem>(
      bytes, [](const Path& at, Reader& in, ResultAckItem* out) { return read(at, in, out); });
}
std::string encode(const Lane& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Lane> decode<Lane>(std::string_view bytes) {
  return decode_with<Lane>(bytes,
                           [](const Path& at, Reader& in, Lane* out) { return read(at, in, out); });
}
std::string encode(const Instance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Instance> decode<Instance>(std::string_view bytes) {
  return decode_with<Instance>(
      bytes, [](const Path& at, Reader& in, Instance* out) { return read(at, in, out); });
}
std::string encode(const RunnerView& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RunnerView> decode<RunnerView>(std::string_view bytes) {
  return decode_with<RunnerView>(
      bytes, [](const Path& at, Reader& in, RunnerView* out) { return read(at, in, out); });
}
std::string encode(const Metric& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Metric> decode<Metric>(std::string_view bytes) {
  return decode_with<Metric>(
      bytes, [](const Path& at, Reader& in, Metric* out) { return read(at, in, out); });
}
std::string encode(const Key& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Key> decode<Key>(std::string_view bytes) {
  return decode_with<Key>(bytes,
                          [](const Path& at, Reader& in, Key* out) { return read(at, in, out); });
}
std::string encode(const Address& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Address> decode<Address>(std::string_view bytes) {
  return decode_with<Address>(
      bytes, [](const Path& at, Reader& in, Address* out) { return read(at, in, out); });
}
std::string encode(const DemandItem& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DemandItem> decode<DemandItem>(std::string_view bytes) {
  return decode_with<DemandItem>(
      bytes, [](const Path& at, Reader& in, DemandItem* out) { return read(at, in, out); });
}
std::string encode(const BearerToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BearerToken> decode<BearerToken>(std::string_view bytes) {
  return decode_with<BearerToken>(
      bytes, [](const Path& at, Reader& in, BearerToken* out) { return read(at, in, out); });
}
std::string encode(const Tenant& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tenant> decode<Tenant>(std::string_view bytes) {
  return decode_with<Tenant>(
      bytes, [](const Path& at, Reader& in, Tenant* out) { return read(at, in, out); });
}
std::string encode(const AuditEntry& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<AuditEntry> decode<AuditEntry>(std::string_view bytes) {
  return decode_with<AuditEntry>(
      bytes, [](const Path& at, Reader& in, AuditEntry* out) { return read(at, in, out); });
}
std::string encode(const Hello& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Hello> decode<Hello>(std::string_view bytes) {
  return decode_with<Hello>(
      bytes, [](const Path& at, Reader& in, Hello* out) { return read(at, in, out); });
}
std::string encode(const Welcome& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Welcome> decode<Welcome>(std::string_view bytes) {
  return decode_with<Welcome>(
      bytes, [](const Path& at, Reader& in, Welcome* out) { return read(at, in, out); });
}
std::string encode(const Failure& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Failure> decode<Failure>(std::string_view bytes) {
  return decode_with<Failure>(
      bytes, [](const Path& at, Reader& in, Failure* out) { return read(at, in, out); });
}
std::string encode(const Done& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Done> decode<Done>(std::string_view bytes) {
  return decode_with<Done>(bytes,
                           [](const Path& at, Reader& in, Done* out) { return read(at, in, out); });
}
std::string encode(const Submit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submit> decode<Submit>(std::string_view bytes) {
  return decode_with<Submit>(
      bytes, [](const Path& at, Reader& in, Submit* out) { return read(at, in, out); });
}
std::string encode(const Submitted& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Submitted> decode<Submitted>(std::string_view bytes) {
  return decode_with<Submitted>(
      bytes, [](const Path& at, Reader& in, Submitted* out) { return read(at, in, out); });
}
std::string encode(const Finished& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Finished> decode<Finished>(std::string_view bytes) {
  return decode_with<Finished>(
      bytes, [](const Path& at, Reader& in, Finished* out) { return read(at, in, out); });
}
std::string encode(const GetJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetJob> decode<GetJob>(std::string_view bytes) {
  return decode_with<GetJob>(
      bytes, [](const Path& at, Reader& in, GetJob* out) { return read(at, in, out); });
}
std::string encode(const Job& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Job> decode<Job>(std::string_view bytes) {
  return decode_with<Job>(bytes,
                          [](const Path& at, Reader& in, Job* out) { return read(at, in, out); });
}
std::string encode(const ListJobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListJobs> decode<ListJobs>(std::string_view bytes) {
  return decode_with<ListJobs>(
      bytes, [](const Path& at, Reader& in, ListJobs* out) { return read(at, in, out); });
}
std::string encode(const Jobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Jobs> decode<Jobs>(std::string_view bytes) {
  return decode_with<Jobs>(bytes,
                           [](const Path& at, Reader& in, Jobs* out) { return read(at, in, out); });
}
std::string encode(const CancelJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CancelJob> decode<CancelJob>(std::string_view bytes) {
  return decode_with<CancelJob>(
      bytes, [](const Path& at, Reader& in, CancelJob* out) { return read(at, in, out); });
}
std::string encode(const RetryJob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RetryJob> decode<RetryJob>(std::string_view bytes) {
  return decode_with<RetryJob>(
      bytes, [](const Path& at, Reader& in, RetryJob* out) { return read(at, in, out); });
}
std::string encode(const GetEvents& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetEvents> decode<GetEvents>(std::string_view bytes) {
  return decode_with<GetEvents>(
      bytes, [](const Path& at, Reader& in, GetEvents* out) { return read(at, in, out); });
}
std::string encode(const Events& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Events> decode<Events>(std::string_view bytes) {
  return decode_with<Events>(
      bytes, [](const Path& at, Reader& in, Events* out) { return read(at, in, out); });
}
std::string encode(const GetBlob& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetBlob> decode<GetBlob>(std::string_view bytes) {
  return decode_with<GetBlob>(
      bytes, [](const Path& at, Reader& in, GetBlob* out) { return read(at, in, out); });
}
std::string encode(const BlobSlice& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BlobSlice> decode<BlobSlice>(std::string_view bytes) {
  return decode_with<BlobSlice>(
      bytes, [](const Path& at, Reader& in, BlobSlice* out) { return read(at, in, out); });
}
std::string encode(const PutInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutInstance> decode<PutInstance>(std::string_view bytes) {
  return decode_with<PutInstance>(
      bytes, [](const Path& at, Reader& in, PutInstance* out) { return read(at, in, out); });
}
std::string encode(const InstancePut& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<InstancePut> decode<InstancePut>(std::string_view bytes) {
  return decode_with<InstancePut>(
      bytes, [](const Path& at, Reader& in, InstancePut* out) { return read(at, in, out); });
}
std::string encode(const DeleteInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DeleteInstance> decode<DeleteInstance>(std::string_view bytes) {
  return decode_with<DeleteInstance>(
      bytes, [](const Path& at, Reader& in, DeleteInstance* out) { return read(at, in, out); });
}
std::string encode(const ListInstances& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListInstances> decode<ListInstances>(std::string_view bytes) {
  return decode_with<ListInstances>(
      bytes, [](const Path& at, Reader& in, ListInstances* out) { return read(at, in, out); });
}
std::string encode(const Instances& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Instances> decode<Instances>(std::string_view bytes) {
  return decode_with<Instances>(
      bytes, [](const Path& at, Reader& in, Instances* out) { return read(at, in, out); });
}
std::string encode(const NextInstance& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<NextInstance> decode<NextInstance>(std::string_view bytes) {
  return decode_with<NextInstance>(
      bytes, [](const Path& at, Reader& in, NextInstance* out) { return read(at, in, out); });
}
std::string encode(const ListRunners& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListRunners> decode<ListRunners>(std::string_view bytes) {
  return decode_with<ListRunners>(
      bytes, [](const Path& at, Reader& in, ListRunners* out) { return read(at, in, out); });
}
std::string encode(const Runners& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Runners> decode<Runners>(std::string_view bytes) {
  return decode_with<Runners>(
      bytes, [](const Path& at, Reader& in, Runners* out) { return read(at, in, out); });
}
std::string encode(const DrainRunner& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DrainRunner> decode<DrainRunner>(std::string_view bytes) {
  return decode_with<DrainRunner>(
      bytes, [](const Path& at, Reader& in, DrainRunner* out) { return read(at, in, out); });
}
std::string encode(const SetSlots& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<SetSlots> decode<SetSlots>(std::string_view bytes) {
  return decode_with<SetSlots>(
      bytes, [](const Path& at, Reader& in, SetSlots* out) { return read(at, in, out); });
}
std::string encode(const ListRepos& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListRepos> decode<ListRepos>(std::string_view bytes) {
  return decode_with<ListRepos>(
      bytes, [](const Path& at, Reader& in, ListRepos* out) { return read(at, in, out); });
}
std::string encode(const Repos& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Repos> decode<Repos>(std::string_view bytes) {
  return decode_with<Repos>(
      bytes, [](const Path& at, Reader& in, Repos* out) { return read(at, in, out); });
}
std::string encode(const PutRepo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutRepo> decode<PutRepo>(std::string_view bytes) {
  return decode_with<PutRepo>(
      bytes, [](const Path& at, Reader& in, PutRepo* out) { return read(at, in, out); });
}
std::string encode(const DeleteRepo& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<DeleteRepo> decode<DeleteRepo>(std::string_view bytes) {
  return decode_with<DeleteRepo>(
      bytes, [](const Path& at, Reader& in, DeleteRepo* out) { return read(at, in, out); });
}
std::string encode(const ListLanes& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListLanes> decode<ListLanes>(std::string_view bytes) {
  return decode_with<ListLanes>(
      bytes, [](const Path& at, Reader& in, ListLanes* out) { return read(at, in, out); });
}
std::string encode(const Lanes& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Lanes> decode<Lanes>(std::string_view bytes) {
  return decode_with<Lanes>(
      bytes, [](const Path& at, Reader& in, Lanes* out) { return read(at, in, out); });
}
std::string encode(const PatchLane& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchLane> decode<PatchLane>(std::string_view bytes) {
  return decode_with<PatchLane>(
      bytes, [](const Path& at, Reader& in, PatchLane* out) { return read(at, in, out); });
}
std::string encode(const GetStats& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetStats> decode<GetStats>(std::string_view bytes) {
  return decode_with<GetStats>(
      bytes, [](const Path& at, Reader& in, GetStats* out) { return read(at, in, out); });
}
std::string encode(const Stats& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Stats> decode<Stats>(std::string_view bytes) {
  return decode_with<Stats>(
      bytes, [](const Path& at, Reader& in, Stats* out) { return read(at, in, out); });
}
std::string encode(const GetDemand& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetDemand> decode<GetDemand>(std::string_view bytes) {
  return decode_with<GetDemand>(
      bytes, [](const Path& at, Reader& in, GetDemand* out) { return read(at, in, out); });
}
std::string encode(const Demand& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Demand> decode<Demand>(std::string_view bytes) {
  return decode_with<Demand>(
      bytes, [](const Path& at, Reader& in, Demand* out) { return read(at, in, out); });
}
std::string encode(const MakeBackup& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<MakeBackup> decode<MakeBackup>(std::string_view bytes) {
  return decode_with<MakeBackup>(
      bytes, [](const Path& at, Reader& in, MakeBackup* out) { return read(at, in, out); });
}
std::string encode(const GetBackup& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<GetBackup> decode<GetBackup>(std::string_view bytes) {
  return decode_with<GetBackup>(
      bytes, [](const Path& at, Reader& in, GetBackup* out) { return read(at, in, out); });
}
std::string encode(const Backup& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Backup> decode<Backup>(std::string_view bytes) {
  return decode_with<Backup>(
      bytes, [](const Path& at, Reader& in, Backup* out) { return read(at, in, out); });
}
std::string encode(const ListAudit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListAudit> decode<ListAudit>(std::string_view bytes) {
  return decode_with<ListAudit>(
      bytes, [](const Path& at, Reader& in, ListAudit* out) { return read(at, in, out); });
}
std::string encode(const Audit& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Audit> decode<Audit>(std::string_view bytes) {
  return decode_with<Audit>(
      bytes, [](const Path& at, Reader& in, Audit* out) { return read(at, in, out); });
}
std::string encode(const ListKeys& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListKeys> decode<ListKeys>(std::string_view bytes) {
  return decode_with<ListKeys>(
      bytes, [](const Path& at, Reader& in, ListKeys* out) { return read(at, in, out); });
}
std::string encode(const Keys& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Keys> decode<Keys>(std::string_view bytes) {
  return decode_with<Keys>(bytes,
                           [](const Path& at, Reader& in, Keys* out) { return read(at, in, out); });
}
std::string encode(const PutKey& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutKey> decode<PutKey>(std::string_view bytes) {
  return decode_with<PutKey>(
      bytes, [](const Path& at, Reader& in, PutKey* out) { return read(at, in, out); });
}
std::string encode(const RevokeKey& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RevokeKey> decode<RevokeKey>(std::string_view bytes) {
  return decode_with<RevokeKey>(
      bytes, [](const Path& at, Reader& in, RevokeKey* out) { return read(at, in, out); });
}
std::string encode(const CheckTokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<CheckTokens> decode<CheckTokens>(std::string_view bytes) {
  return decode_with<CheckTokens>(
      bytes, [](const Path& at, Reader& in, CheckTokens* out) { return read(at, in, out); });
}
std::string encode(const TokensChecked& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<TokensChecked> decode<TokensChecked>(std::string_view bytes) {
  return decode_with<TokensChecked>(
      bytes, [](const Path& at, Reader& in, TokensChecked* out) { return read(at, in, out); });
}
std::string encode(const ListTokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListTokens> decode<ListTokens>(std::string_view bytes) {
  return decode_with<ListTokens>(
      bytes, [](const Path& at, Reader& in, ListTokens* out) { return read(at, in, out); });
}
std::string encode(const Tokens& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tokens> decode<Tokens>(std::string_view bytes) {
  return decode_with<Tokens>(
      bytes, [](const Path& at, Reader& in, Tokens* out) { return read(at, in, out); });
}
std::string encode(const PutToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutToken> decode<PutToken>(std::string_view bytes) {
  return decode_with<PutToken>(
      bytes, [](const Path& at, Reader& in, PutToken* out) { return read(at, in, out); });
}
std::string encode(const RevokeToken& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RevokeToken> decode<RevokeToken>(std::string_view bytes) {
  return decode_with<RevokeToken>(
      bytes, [](const Path& at, Reader& in, RevokeToken* out) { return read(at, in, out); });
}
std::string encode(const ListTenants& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ListTenants> decode<ListTenants>(std::string_view bytes) {
  return decode_with<ListTenants>(
      bytes, [](const Path& at, Reader& in, ListTenants* out) { return read(at, in, out); });
}
std::string encode(const Tenants& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Tenants> decode<Tenants>(std::string_view bytes) {
  return decode_with<Tenants>(
      bytes, [](const Path& at, Reader& in, Tenants* out) { return read(at, in, out); });
}
std::string encode(const PatchTenant& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PatchTenant> decode<PatchTenant>(std::string_view bytes) {
  return decode_with<PatchTenant>(
      bytes, [](const Path& at, Reader& in, PatchTenant* out) { return read(at, in, out); });
}
std::string encode(const Register& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Register> decode<Register>(std::string_view bytes) {
  return decode_with<Register>(
      bytes, [](const Path& at, Reader& in, Register* out) { return read(at, in, out); });
}
std::string encode(const Registered& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Registered> decode<Registered>(std::string_view bytes) {
  return decode_with<Registered>(
      bytes, [](const Path& at, Reader& in, Registered* out) { return read(at, in, out); });
}
std::string encode(const Heartbeat& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Heartbeat> decode<Heartbeat>(std::string_view bytes) {
  return decode_with<Heartbeat>(
      bytes, [](const Path& at, Reader& in, Heartbeat* out) { return read(at, in, out); });
}
std::string encode(const HeartbeatAck& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<HeartbeatAck> decode<HeartbeatAck>(std::string_view bytes) {
  return decode_with<HeartbeatAck>(
      bytes, [](const Path& at, Reader& in, HeartbeatAck* out) { return read(at, in, out); });
}
std::string encode(const RunJobs& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<RunJobs> decode<RunJobs>(std::string_view bytes) {
  return decode_with<RunJobs>(
      bytes, [](const Path& at, Reader& in, RunJobs* out) { return read(at, in, out); });
}
std::string encode(const Cancel& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Cancel> decode<Cancel>(std::string_view bytes) {
  return decode_with<Cancel>(
      bytes, [](const Path& at, Reader& in, Cancel* out) { return read(at, in, out); });
}
std::string encode(const BaseResolved& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BaseResolved> decode<BaseResolved>(std::string_view bytes) {
  return decode_with<BaseResolved>(
      bytes, [](const Path& at, Reader& in, BaseResolved* out) { return read(at, in, out); });
}
std::string encode(const BaseKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<BaseKept> decode<BaseKept>(std::string_view bytes) {
  return decode_with<BaseKept>(
      bytes, [](const Path& at, Reader& in, BaseKept* out) { return read(at, in, out); });
}
std::string encode(const PutEvents& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutEvents> decode<PutEvents>(std::string_view bytes) {
  return decode_with<PutEvents>(
      bytes, [](const Path& at, Reader& in, PutEvents* out) { return read(at, in, out); });
}
std::string encode(const EventsKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<EventsKept> decode<EventsKept>(std::string_view bytes) {
  return decode_with<EventsKept>(
      bytes, [](const Path& at, Reader& in, EventsKept* out) { return read(at, in, out); });
}
std::string encode(const PutArtifact& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutArtifact> decode<PutArtifact>(std::string_view bytes) {
  return decode_with<PutArtifact>(
      bytes, [](const Path& at, Reader& in, PutArtifact* out) { return read(at, in, out); });
}
std::string encode(const ArtifactKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ArtifactKept> decode<ArtifactKept>(std::string_view bytes) {
  return decode_with<ArtifactKept>(
      bytes, [](const Path& at, Reader& in, ArtifactKept* out) { return read(at, in, out); });
}
std::string encode(const AskDelivery& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<AskDelivery> decode<AskDelivery>(std::string_view bytes) {
  return decode_with<AskDelivery>(
      bytes, [](const Path& at, Reader& in, AskDelivery* out) { return read(at, in, out); });
}
std::string encode(const Delivery& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Delivery> decode<Delivery>(std::string_view bytes) {
  return decode_with<Delivery>(
      bytes, [](const Path& at, Reader& in, Delivery* out) { return read(at, in, out); });
}
std::string encode(const PutResults& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<PutResults> decode<PutResults>(std::string_view bytes) {
  return decode_with<PutResults>(
      bytes, [](const Path& at, Reader& in, PutResults* out) { return read(at, in, out); });
}
std::string encode(const ResultsKept& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<ResultsKept> decode<ResultsKept>(std::string_view bytes) {
  return decode_with<ResultsKept>(
      bytes, [](const Path& at, Reader& in, ResultsKept* out) { return read(at, in, out); });
}
std::string encode(const Release& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Release> decode<Release>(std::string_view bytes) {
  return decode_with<Release>(
      bytes, [](const Path& at, Reader& in, Release* out) { return read(at, in, out); });
}
std::string encode(const Goodbye& value) {
  return encode_with([&](Packer& out) { write(out, value); });
}
template <>
Result<Goodbye> decode<Goodbye>(std::string_view bytes) {
  return decode_with<Goodbye>(
      bytes, [](const Path& at, Reader& in, Goodbye* out) { return read(at, in, out); });
}

}  // namespace ghost::wire
