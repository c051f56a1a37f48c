// Made by proto_schemas/generate.py from messages.json; do not edit.
// Structs of the wire protocol. Plain values, owned by whoever holds them; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ghost::wire {

inline constexpr uint64_t kProtocolVersion = 1;

enum class JobState { kQueued, kLeased, kSucceeded, kFailed, kCancelled, kExpired, kDead };
std::string_view to_string(JobState value);
std::optional<JobState> parse_job_state(std::string_view text);

enum class Outcome {
  kPassed,
  kGateFailed,
  kApplyFailed,
  kRejected,
  kTimeout,
  kBaseMoved,
  kDependencyFailed,
  kCancelled,
  kExpired,
  kInfraError
};
std::string_view to_string(Outcome value);
std::optional<Outcome> parse_outcome(std::string_view text);

enum class PatchFormat { kUnified, kMbox, kMutations, kSearchReplace, kEnvelope, kNone };
std::string_view to_string(PatchFormat value);
std::optional<PatchFormat> parse_patch_format(std::string_view text);

enum class MutationOp { kCreate, kUpsert, kDelete, kChmod, kInsert, kReplace };
std::string_view to_string(MutationOp value);
std::optional<MutationOp> parse_mutation_op(std::string_view text);

enum class Encoding { kUtf8, kBase64 };
std::string_view to_string(Encoding value);
std::optional<Encoding> parse_encoding(std::string_view text);

enum class ApplyMode { kStrict, kRecount, kFuzzy, kThreeway };
std::string_view to_string(ApplyMode value);
std::optional<ApplyMode> parse_apply_mode(std::string_view text);

enum class Whitespace { kError, kIgnoreChange };
std::string_view to_string(Whitespace value);
std::optional<Whitespace> parse_whitespace(std::string_view text);

enum class Eol { kExact, kNormalize };
std::string_view to_string(Eol value);
std::optional<Eol> parse_eol(std::string_view text);

enum class Network { kNone, kHost };
std::string_view to_string(Network value);
std::optional<Network> parse_network(std::string_view text);

enum class OnBaseMoved { kFail, kReapply };
std::string_view to_string(OnBaseMoved value);
std::optional<OnBaseMoved> parse_on_base_moved(std::string_view text);

enum class GatePhase { kPrecheck, kBuild, kValidate };
std::string_view to_string(GatePhase value);
std::optional<GatePhase> parse_gate_phase(std::string_view text);

enum class GateStatus { kPass, kFail, kTimeout, kOom, kSignal, kSkipped, kInfra, kFlood };
std::string_view to_string(GateStatus value);
std::optional<GateStatus> parse_gate_status(std::string_view text);

enum class ApplyStatus {
  kClean,
  kOffset,
  kFuzz,
  kMerged,
  kAlreadyApplied,
  kReversed,
  kAmbiguous,
  kFailed
};
std::string_view to_string(ApplyStatus value);
std::optional<ApplyStatus> parse_apply_status(std::string_view text);

enum class Stream { kState, kProgress, kStdout, kStderr };
std::string_view to_string(Stream value);
std::optional<Stream> parse_stream(std::string_view text);

enum class SubmitStatus { kAccepted, kExisting, kRefused };
std::string_view to_string(SubmitStatus value);
std::optional<SubmitStatus> parse_submit_status(std::string_view text);

enum class ResultStatus { kCommitted, kStale, kUnknown };
std::string_view to_string(ResultStatus value);
std::optional<ResultStatus> parse_result_status(std::string_view text);

enum class InstanceState { kReady, kDraining, kLost };
std::string_view to_string(InstanceState value);
std::optional<InstanceState> parse_instance_state(std::string_view text);

enum class CancelReason { kCancelled, kExpired, kStale };
std::string_view to_string(CancelReason value);
std::optional<CancelReason> parse_cancel_reason(std::string_view text);

enum class ReleaseReason { kDrain, kUnsent, kOutage };
std::string_view to_string(ReleaseReason value);
std::optional<ReleaseReason> parse_release_reason(std::string_view text);

enum class KeyRole { kRunner, kRelay, kClient };
std::string_view to_string(KeyRole value);
std::optional<KeyRole> parse_key_role(std::string_view text);

enum class Scope { kSubmit, kRead, kOperate, kAdmin };
std::string_view to_string(Scope value);
std::optional<Scope> parse_scope(std::string_view text);

enum class MetricType { kCounter, kGauge, kHistogram };
std::string_view to_string(MetricType value);
std::optional<MetricType> parse_metric_type(std::string_view text);

enum class BackupState { kNone, kRunning, kChecking, kDone, kFailed };
std::string_view to_string(BackupState value);
std::optional<BackupState> parse_backup_state(std::string_view text);

// What a patch applies to: a ref of a catalogue repository, or another job's result.
struct Base {
  std::optional<std::string> repo{};  // catalogue name of the repository
  std::optional<std::string>
      ref{};  // branch, tag or commit; the repository's default branch when absent
  std::optional<std::string> job{};  // id of the job whose result is the base
  bool operator==(const Base&) const = default;
};

// Where an insert goes: exactly one of the two.
struct Anchor {
  std::optional<std::string> after{};   // text behind which to insert
  std::optional<std::string> before{};  // text before which to insert
  bool operator==(const Anchor&) const = default;
};

// One change of one file, said as an operation.
struct Mutation {
  MutationOp op{};                        // what to do
  std::string path;                       // file, relative to the repository's root
  std::optional<std::string> contents{};  // new contents (create, upsert) or inserted text (insert)
  Encoding encoding = Encoding::kUtf8;    // how contents is written
  std::optional<std::string> mode{};      // 100644 or 100755 (create, upsert, chmod)
  std::optional<Anchor> anchor{};         // place of an insert
  std::optional<std::string> regex{};     // ECMAScript regular expression to replace
  std::optional<std::string>
      replacement{};                      // text put in place of each match; $1 to $9 name groups
  uint64_t expect_matches = 1;            // how many matches there must be
  std::optional<std::string> if_match{};  // blob id that the file must have
  bool operator==(const Mutation&) const = default;
};

// The patch itself.
struct PatchBody {
  std::optional<PatchFormat> format{};  // form of data; recognised when absent
  uint64_t strip = 1;                   // leading path components to remove (unified, mbox)
  std::optional<std::string> data{};    // text of the patch
  Encoding encoding = Encoding::kUtf8;  // how data is written
  std::optional<std::string> root{};    // absolute prefix stripped from absolute paths (mutations)
  std::vector<Mutation> items{};        // the mutations
  bool operator==(const PatchBody&) const = default;
};

// How tolerant the placement of hunks is.
struct ApplyOptions {
  ApplyMode mode = ApplyMode::kStrict;         // strict accepts what git apply accepts
  std::optional<uint64_t> max_fuzz{};          // context lines that may differ (fuzzy)
  std::optional<uint64_t> max_offset{};        // lines that a hunk may be away from where it says
  Whitespace whitespace = Whitespace::kError;  // whether changed white space still matches
  Eol eol = Eol::kExact;                       // whether CRLF and LF match
  bool operator==(const ApplyOptions&) const = default;
};

// A command that must pass.
struct Gate {
  std::string name;                          // shown in the verdict; unique in the request
  GatePhase phase = GatePhase::kValidate;    // when it runs: before the patch, after it, last
  std::optional<std::string> run{};          // text for /bin/sh -c; exactly one of run and argv
  std::vector<std::string> argv{};           // program and arguments, no shell
  std::optional<std::string> cwd{};          // folder below the workspace's root
  std::map<std::string, std::string> env{};  // environment variables of this gate
  uint64_t timeout_ms = 600000;              // wall time of one attempt
  uint64_t retries = 0;                      // further attempts after a failure
  bool allow_failure = false;                // a failure is reported and does not fail the job
  bool operator==(const Gate&) const = default;
};

// Limits of one job; the runner's own limits are the ceiling.
struct JobLimits {
  std::optional<uint64_t> wall_ms{};       // wall time of the whole job
  std::optional<uint64_t> cpu_ms{};        // CPU time of a gate
  std::optional<uint64_t> memory_bytes{};  // of the processes; memory files count with diskBytes
  std::optional<uint64_t> pids{};          // processes and threads in the sandbox
  std::optional<uint64_t> disk_bytes{};    // bytes written in the workspace
  std::optional<uint64_t> inodes{};        // files and folders made in the workspace
  std::optional<uint64_t> output_bytes{};  // log kept for the job
  bool operator==(const JobLimits&) const = default;
};

// Who a commit names.
struct Author {
  std::string name;   // full name
  std::string email;  // address, without the angle brackets
  bool operator==(const Author&) const = default;
};

// The commit made of the result.
struct CommitSpec {
  std::optional<std::string> message{};  // commit message; a mail's own in a series
  std::optional<Author> author{};        // author; the mail's own in a series
  std::vector<std::string> include{};    // globs of gate-made files that belong to the commit
  bool operator==(const CommitSpec&) const = default;
};

// What to do with a passed patch.
struct OnSuccess {
  std::optional<CommitSpec> commit{};   // make a commit
  std::optional<std::string> branch{};  // branch of the catalogue repository to move; needs push
  std::optional<std::string> tag{};     // tag to make in the catalogue repository; needs push
  bool push = false;                    // push branch and tag
  OnBaseMoved on_base_moved = OnBaseMoved::kFail;  // when the branch is no longer at the base
  bool operator==(const OnSuccess&) const = default;
};

// A patch with its base, gates and conditions: the body of POST /v1/patches and, as msgpack, the
// payload frame that the runner gets.
struct PatchRequest {
  uint64_t schema_version = 1;                   // 1
  std::optional<std::string> id{};               // the client's own id for the job
  std::optional<std::string> description{};      // for people
  std::map<std::string, std::string> labels{};   // free labels to filter by
  std::string lane = "default";                  // queue lane
  uint64_t priority = 4;                         // 9 first
  std::optional<std::string> idempotency_key{};  // same key, same job
  Base base;                                     // what to apply to
  PatchBody patch;                               // the patch
  ApplyOptions apply;                            // how to place hunks
  std::vector<Gate> gates{};                     // commands that must pass
  JobLimits limits;                              // limits of the job
  Network network = Network::kNone;              // network of the gates
  std::vector<std::string> protected_paths{};  // globs restored from the base before validate gates
  std::vector<std::string> artifacts{};        // globs of files to keep
  std::optional<OnSuccess> on_success{};       // delivery
  std::map<std::string, std::string> requires_{};  // labels that the runner must have; isolation:
                                                   // full unless plain or none is said here
  std::vector<std::string> depends_on{};           // jobs that must succeed first
  uint64_t max_attempts = 3;                       // attempts on infrastructure failures
  std::optional<WallMs> not_before{};              // earliest dispatch
  std::optional<WallMs> deadline{};                // stopped and EXPIRED past it
  std::vector<std::string> secret_env{};     // names of secrets on the runner host that gates see
  std::optional<std::string> traceparent{};  // W3C trace context
  bool operator==(const PatchRequest&) const = default;
};

// One file that the patch changed.
struct FileReport {
  std::string path;                       // path after the patch
  std::optional<std::string> old_path{};  // source of a rename or copy
  std::string op;                         // add, modify, delete, rename, copy or mode
  std::optional<std::string> old_oid{};   // blob before
  std::optional<std::string> new_oid{};   // blob after
  std::optional<std::string> mode{};      // mode after, octal
  bool operator==(const FileReport&) const = default;
};

// How one hunk landed.
struct HunkReport {
  std::string file;                        // path
  uint64_t index = 0;                      // 1 for the file's first hunk
  uint64_t expected_line = 0;              // where the patch says, 1-based
  std::optional<uint64_t> matched_line{};  // where it was found
  int64_t offset = 0;                      // matchedLine - expectedLine
  uint64_t fuzz = 0;                       // context lines that differed
  std::string strategy;                    // how it was placed
  ApplyStatus status{};                    // outcome of this hunk
  std::optional<std::string> error{};      // why it failed
  std::optional<std::string> nearest{};    // text that really stands nearby, with line numbers
  bool operator==(const HunkReport&) const = default;
};

// Why a patch was refused or failed.
struct RefusalReport {
  std::string code;     // stable short name
  std::string path;     // file concerned
  uint64_t line = 0;    // line of the patch text, 0 when none
  std::string message;  // for people
  bool operator==(const RefusalReport&) const = default;
};

// How the patch was applied.
struct ApplyReport {
  ApplyStatus status{};                 // of the whole patch
  std::vector<FileReport> files{};      // changed files
  std::vector<HunkReport> hunks{};      // every hunk
  std::vector<RefusalReport> errors{};  // reasons, the first one decisive
  bool operator==(const ApplyReport&) const = default;
};

// One output stream of a gate.
struct OutputReport {
  uint64_t bytes = 0;      // written by the gate
  bool truncated = false;  // cut in the middle
  std::string sha256;      // digest of all bytes written
  bool operator==(const OutputReport&) const = default;
};

// What a gate said.
struct GateReport {
  std::string name;                      // the gate
  GatePhase phase{};                     // its phase
  GateStatus status{};                   // verdict of the last attempt
  std::optional<int64_t> exit_code{};    // when it exited
  std::optional<int64_t> signal{};       // when a signal ended it
  uint64_t wall_ms = 0;                  // wall time of the last attempt
  uint64_t cpu_ms = 0;                   // user and system time
  uint64_t max_rss_bytes = 0;            // peak memory
  uint64_t written_bytes = 0;            // bytes that its processes wrote, to files and pipes alike
  uint64_t attempts = 0;                 // how often it ran
  bool flaky = false;                    // attempts disagreed
  bool allowed_failure = false;          // failed, but may
  std::optional<OutputReport> stdout{};  // standard output
  std::optional<OutputReport> stderr{};  // standard error
  std::optional<std::string> error{};    // why it could not run, or which limit it hit
  bool operator==(const GateReport&) const = default;
};

// What came out.
struct ResultReport {
  std::string tree_oid;                     // tree of the patched base
  std::optional<std::string> commit_oid{};  // commit, where one was asked for
  std::optional<std::string> branch{};      // branch that was moved
  std::optional<std::string> tag{};         // tag that was made
  bool pushed = false;                      // delivered to the repository
  std::optional<std::string>
      diff{};               // full-index diff base to result, when at most 64 KiB of UTF-8
  uint64_t diff_bytes = 0;  // size of the whole diff
  std::optional<std::string> diff_sha256{};  // digest of the whole diff
  bool operator==(const ResultReport&) const = default;
};

// A file that was kept.
struct ArtifactReport {
  std::string path;         // path in the workspace
  std::string sha256;       // digest
  uint64_t size_bytes = 0;  // size
  bool operator==(const ArtifactReport&) const = default;
};

// Proof that nothing was left behind.
struct RollbackReport {
  bool performed = false;     // the workspace was rolled back
  bool verified = false;      // the base's tree id was found again
  std::string base_tree_oid;  // tree of the base
  bool operator==(const RollbackReport&) const = default;
};

// The runner's whole account of a job, kept as msgpack by the broker and merged into the JSON of
// the job by the relay.
struct Verdict {
  Outcome outcome{};                         // what became of the patch
  std::optional<std::string> reason{};       // one sentence for people, when not passed
  std::optional<ApplyReport> apply{};        // placement
  std::vector<GateReport> gates{};           // gates in the order they ran
  std::optional<ResultReport> result{};      // tree, commit, diff
  std::vector<ArtifactReport> artifacts{};   // kept files
  std::optional<RollbackReport> rollback{};  // on any failure
  std::vector<std::string> isolation{};      // what the sandbox could not give on this host
  std::optional<WallMs> started_at{};        // when the runner began
  bool operator==(const Verdict&) const = default;
};

// What the broker needs to know of a patch; the patch itself is the payload frame of the same
// index.
struct Submission {
  std::string id;                                // job id, minted by the sender or the client's own
  std::string tenant = "default";                // owner
  std::optional<std::string> idempotency_key{};  // client's key
  std::string request_hash;                      // hash of content type, query and body as received
  std::string lane = "default";                  // lane
  uint64_t priority = 4;                         // 9 first
  std::optional<std::string> repo{};      // catalogue repository; exactly one of repo and baseJob
  std::string ref;                        // empty: the default branch
  std::optional<std::string> base_job{};  // job whose result is the base
  std::map<std::string, std::string> requires_{};  // labels a runner must have
  std::map<std::string, std::string> labels{};     // labels of the job
  std::vector<std::string> depends_on{};           // jobs that must succeed first
  uint64_t max_attempts = 3;                       // attempts
  int64_t not_before_ms = 0;                       // wall ms, 0 none
  int64_t deadline_ms = 0;                         // wall ms, 0 none
  std::string description;                         // for people
  bool operator==(const Submission&) const = default;
};

// An error: a code of errors.json and its particulars.
struct ErrorBody {
  std::string code;             // stable name
  std::string detail;           // for people
  std::string field;            // path of the offending field
  uint64_t retry_after_ms = 0;  // when to try again, 0 unknown
  std::vector<uint64_t>
      versions{};  // with unknown_version: the versions of the protocol that are spoken here
  bool operator==(const ErrorBody&) const = default;
};

// Why a queued job waits.
struct Waiting {
  std::string reason;  // no_runner, no_matching_runner, no_free_slot, lane_paused, lane_full,
                       // backoff, not_before, dependency, next
  std::string detail;  // for people: which label, until when, which job
  std::optional<WallMs> until{};     // when it ends by itself
  std::optional<std::string> job{};  // the job waited for
  bool operator==(const Waiting&) const = default;
};

// When a job passed its stations.
struct Timestamps {
  WallMs accepted = 0;                // committed as QUEUED
  std::optional<WallMs> leased{};     // last dispatch
  std::optional<WallMs> started{};    // the runner began the last attempt
  std::optional<WallMs> completed{};  // terminal
  bool operator==(const Timestamps&) const = default;
};

// A job as clients see it.
struct JobView {
  std::string id;                                  // job id
  std::string tenant;                              // owner
  JobState state{};                                // state
  std::optional<Outcome> outcome{};                // when terminal
  std::optional<std::string> reason{};             // why it is not passed
  std::optional<std::string> description{};        // for people
  std::string lane;                                // lane
  uint64_t priority = 0;                           // 9 first
  std::optional<std::string> repo{};               // repository
  std::optional<std::string> ref{};                // ref as asked
  std::optional<std::string> base_job{};           // base job
  std::optional<std::string> base_commit{};        // commit that ref was resolved to
  std::map<std::string, std::string> labels{};     // labels
  std::map<std::string, std::string> requires_{};  // labels asked of a runner
  std::vector<std::string> depends_on{};           // dependencies
  uint64_t attempt = 0;                            // attempts counted
  uint64_t max_attempts = 0;                       // limit
  std::optional<std::string> runner{};             // instance that holds or held it
  bool cancel_requested = false;                   // a cancel is under way
  bool delivering = false;                         // a delivery grant is out
  std::optional<std::string> retry_of{};           // job that this one repeats
  std::optional<Waiting> waiting{};                // when QUEUED
  std::optional<WallMs> not_before{};              // earliest dispatch
  std::optional<WallMs> deadline{};                // latest end
  Timestamps timestamps;                           // stations
  uint64_t version = 0;                            // grows with every stored change: the ETag
  bool operator==(const JobView&) const = default;
};

// What became of one submission.
struct SubmitAck {
  SubmitStatus status{};  // accepted: durable now; existing: the same request was there already;
                          // refused: nothing changed
  std::string id;         // the job
  std::optional<JobState> state{};   // its state
  std::optional<ErrorBody> error{};  // why it was refused
  std::optional<JobView> job{};      // with view: the job as it is kept
  bool operator==(const SubmitAck&) const = default;
};

// How a job ended.
struct FinishedItem {
  std::string id;     // job id
  JobState state{};   // terminal state
  Outcome outcome{};  // outcome
  bool operator==(const FinishedItem&) const = default;
};

// One event of a job's life: a change of state, progress, or a piece of output. (attempt, stream,
// offset) names it for ever; runners send them, the broker orders them by seq. For stdout and
// stderr offset is the first byte's position and data the bytes; elsewhere it counts events.
struct Event {
  uint64_t seq = 0;      // order within the job, given by the broker from 1
  uint64_t attempt = 0;  // attempt
  Stream stream{};       // state is the broker's, the others the runner's
  uint64_t offset = 0;   // position in the stream of that attempt
  WallMs at = 0;         // when
  std::string type;  // state: queued, leased, delivering, requeued, cancel_requested, succeeded,
                     // failed, cancelled, expired, dead; progress: base, prepared, hunk, applied,
                     // gate_started, gate_finished, delivered; stdout and stderr: log, cut
  std::optional<std::string> gate{};    // gate concerned
  std::optional<std::string> data{};    // output bytes (log)
  uint64_t skipped = 0;                 // bytes left out (cut); the next offset is offset + skipped
  std::optional<std::string> detail{};  // a map of further facts
  bool operator==(const Event&) const = default;
};

// Names one lease: the job's number and the fencing token.
struct LeaseRef {
  uint64_t job = 0;    // job number, unique in the farm
  uint64_t epoch = 0;  // broker epoch of the dispatch
  uint64_t n = 0;      // strictly increasing within the epoch
  bool operator==(const LeaseRef&) const = default;
};

// A job whose result the dispatched job builds on, oldest first; its diff is a payload frame.
struct Ancestor {
  std::string id;        // job id
  std::string tree_oid;  // tree that its diff must give
  bool operator==(const Ancestor&) const = default;
};

// A catalogue entry.
struct Repo {
  std::string name;                    // name that clients use
  std::string url;                     // where git fetches it from
  std::string default_branch;          // used when a base has no ref; empty: the remote's HEAD
  std::string credential;              // name of a credential on the runner hosts
  bool allow_gitlinks = false;         // patches may touch submodule links and .gitmodules
  std::vector<std::string> prepare{};  // shell commands that a runner runs on a base before any
                                       // patch: what they leave beside the base's files is kept and
                                       // lies under the workspace of every job with the same key
  std::vector<std::string> prepare_files{};  // globs of every file that the commands read: with the
                                             // commands they are the key; empty: the whole base
  Network prepare_network = Network::kNone;  // what the commands reach
  bool operator==(const Repo&) const = default;
};

// A job given to a runner. Payload frames: the PatchRequest, then one full-index binary diff an
// ancestor.
struct Dispatch {
  LeaseRef lease;                            // job number and fencing token
  std::string id;                            // job id
  std::string tenant;                        // owner
  uint64_t attempt = 0;                      // 1 for the first
  Repo repo;                                 // catalogue entry
  std::string ref;                           // ref to resolve; empty: the default branch
  std::optional<std::string> base_commit{};  // what ref was resolved to by an earlier attempt
  std::vector<Ancestor> ancestors{};         // jobs below this one, oldest first
  int64_t accepted_ms = 0;                   // wall ms of acceptance: the commit's date
  uint64_t lease_ms = 0;                     // TTL of the lease
  bool operator==(const Dispatch&) const = default;
};

// Stop this lease's work and confirm.
struct CancelOrder {
  LeaseRef lease;         // which
  CancelReason reason{};  // why; stale: drop it without a result
  bool operator==(const CancelOrder&) const = default;
};

// A finished attempt. Payload frames of each item: the Verdict, then the full-index binary diff
// (empty when there is none).
struct ResultItem {
  LeaseRef lease;          // which
  Outcome outcome{};       // infra_error asks for a retry; cancelled and expired confirm a CANCEL
  std::string reason;      // one sentence
  std::string tree_oid;    // resulting tree
  std::string commit_oid;  // resulting commit
  int64_t started_ms = 0;  // wall ms of the attempt's start
  std::optional<uint64_t> gates_ms{};  // wall ms in which its gates ran; the rest of the lease's
                                       // time is what the farm adds
  bool operator==(const ResultItem&) const = default;
};

// What became of a result.
struct ResultAckItem {
  LeaseRef lease;         // which
  ResultStatus status{};  // committed and stale: drop it; unknown: keep it
  bool operator==(const ResultAckItem&) const = default;
};

// A lane of the queue.
struct Lane {
  std::string name;     // lane
  uint64_t weight = 1;  // share against other lanes
  uint64_t limit = 0;   // leased jobs at most, 0 no limit
  bool paused = false;  // hands out nothing
  uint64_t queued = 0;  // waiting jobs
  uint64_t leased = 0;  // running jobs
  bool operator==(const Lane&) const = default;
};

// An instance of a service in the registry.
struct Instance {
  std::string service;   // service name
  std::string instance;  // instance id, unique in the service
  std::string host;      // host name
  std::map<std::string, std::string>
      endpoints{};  // address by purpose, such as http: http://10.0.0.5:80
  std::map<std::string, std::string> labels{};  // labels
  uint64_t capacity = 1;                        // what it can take at a time
  std::string version;                          // its version
  InstanceState state = InstanceState::kReady;  // lost is set by the registry alone
  uint64_t ttl_ms = 15000;                      // lost when it is not heard of for so long
  std::optional<WallMs> registered_at{};        // set by the registry
  std::optional<WallMs> last_seen_at{};         // set by the registry
  bool operator==(const Instance&) const = default;
};

// A runner as operators see it.
struct RunnerView {
  std::string id;                               // instance id
  std::string host;                             // host name
  std::string version;                          // version
  std::map<std::string, std::string> labels{};  // labels
  uint64_t slots = 0;                           // jobs at a time
  uint64_t busy = 0;                            // jobs held
  InstanceState state{};                        // ready, draining or lost
  std::vector<std::string> jobs{};              // ids of the jobs held
  uint64_t dispatched = 0;                      // jobs given to it since the broker started
  WallMs last_seen_at = 0;                      // last heartbeat
  std::map<std::string, uint64_t> limits{};     // its limits by option name
  bool operator==(const RunnerView&) const = default;
};

// One sample in Prometheus' terms.
struct Metric {
  std::string name;                             // metric name
  std::string help;                             // description
  MetricType type{};                            // type
  std::map<std::string, std::string> labels{};  // labels
  double value = 0;                             // sample
  bool operator==(const Metric&) const = default;
};

// A public key that the broker accepts.
struct Key {
  KeyRole role{};                      // what its owner may be
  std::string name;                    // who its owner is; a runner's instance
  std::string public_key;              // CURVE public key, hex
  std::string tenant = "default";      // of a client
  std::optional<WallMs> added_at{};    // when
  std::optional<WallMs> revoked_at{};  // since when it is refused
  bool operator==(const Key&) const = default;
};

// An address of the broker and the key that it proves to have there.
struct Address {
  std::string endpoint;    // tcp://HOST:PORT
  std::string broker_key;  // CURVE public key, hex
  bool operator==(const Address&) const = default;
};

// Jobs that wait for a runner with certain labels, and the runners that have them.
struct DemandItem {
  std::map<std::string, std::string> requires_{};  // labels that the jobs ask for
  uint64_t waiting = 0;         // jobs that could start at once, were there a free slot
  uint64_t oldest_wait_ms = 0;  // since the oldest of them was accepted
  uint64_t runners = 0;         // runners with all these labels that are there
  uint64_t slots = 0;           // slots of those that take jobs
  uint64_t free_slots = 0;      // of these, free ones
  bool operator==(const DemandItem&) const = default;
};

// What a bearer token of HTTP allows. The token itself is kept nowhere.
struct BearerToken {
  std::string id;                      // its public part
  std::string name;                    // who its owner is
  std::string tenant = "default";      // whose jobs
  std::vector<Scope> scopes{};         // what it allows; admin allows all
  std::string sha256;                  // of the whole token, hex; empty in lists
  std::optional<WallMs> added_at{};    // when
  std::optional<WallMs> expires_at{};  // from then on it is refused
  std::optional<WallMs> revoked_at{};  // since when it is refused
  bool operator==(const BearerToken&) const = default;
};

// What a tenant may use, 0 where there is no limit, and what it uses.
struct Tenant {
  std::string name;            // tenant
  uint64_t rate = 0;           // calls a minute
  uint64_t in_flight = 0;      // unfinished jobs
  uint64_t payload_bytes = 0;  // size of one patch request, bytes
  uint64_t unfinished = 0;     // unfinished jobs now
  bool operator==(const Tenant&) const = default;
};

// Who changed what.
struct AuditEntry {
  WallMs at = 0;        // when
  std::string actor;    // who
  std::string action;   // cancel, retry, drain, slots, lane, repo_put, repo_delete, key_put,
                        // key_revoke, token_put, token_revoke, tenant, backup
  std::string subject;  // on what
  std::string detail;   // from what to what
  bool operator==(const AuditEntry&) const = default;
};

// Opens a conversation; answered with Welcome.
struct Hello {
  static constexpr std::string_view kKind = "Hello";
  std::string program;                // who speaks
  std::vector<uint64_t> protocols{};  // versions of this protocol that the sender speaks; empty:
                                      // that of this message alone
};

// Who the broker is.
struct Welcome {
  static constexpr std::string_view kKind = "Welcome";
  uint64_t epoch = 0;                        // new at every start of the broker
  std::string version;                       // of the program
  std::map<std::string, uint64_t> limits{};  // limits by option name
  std::optional<Address> move{};  // the broker's key changes: connect there instead, with that key
  uint64_t protocol = 1;          // version to speak from now on: the greatest that both know
  bool joined = false;            // the broker takes joined payloads
};

// The request could not be served, or the message not be read.
struct Failure {
  static constexpr std::string_view kKind = "Failure";
  ErrorBody error;  // why
};

// Done, and durable; nothing to tell.
struct Done {
  static constexpr std::string_view kKind = "Done";
};

// Submits patches. One payload frame an item: the PatchRequest. Answered with Submitted.
struct Submit {
  static constexpr std::string_view kKind = "Submit";
  std::vector<Submission> items{};  // one a payload frame, in order
  bool notify = false;  // send Finished for these as they end, with this message's correlation
  bool view = false;    // answer with each job as it stands, not with its id and state alone
};

// Sent when every accepted item is durable.
struct Submitted {
  static constexpr std::string_view kKind = "Submitted";
  std::vector<SubmitAck> items{};  // in the order of the request
};

// Jobs submitted with notify that have ended, durably. A convenience: it is lost with the
// connection, and GetJob tells the same.
struct Finished {
  static constexpr std::string_view kKind = "Finished";
  std::vector<FinishedItem> items{};  // those of one turn
};

// Reads a job. Answered with Job.
struct GetJob {
  static constexpr std::string_view kKind = "GetJob";
  std::string tenant = "default";  // owner
  std::string id;                  // job
  uint64_t wait_ms = 0;            // answer when it is terminal, or after so long
  uint64_t after_version =
      0;  // with waitMs: answer also as soon as its version is greater (0: only when terminal)
};

// A job. One payload frame: its Verdict, empty when there is none yet.
struct Job {
  static constexpr std::string_view kKind = "Job";
  JobView job;  // the job
};

// Lists jobs, newest first. Answered with Jobs.
struct ListJobs {
  static constexpr std::string_view kKind = "ListJobs";
  std::string tenant = "default";               // owner
  std::vector<JobState> states{};               // any of these; empty: all
  std::map<std::string, std::string> labels{};  // all of these
  std::string repo;                             // repository
  std::string lane;                             // lane
  int64_t since_ms = 0;                         // accepted at or after, wall ms
  int64_t until_ms = 0;                         // accepted before, wall ms, 0 no end
  std::string cursor;                           // from the last answer
  uint64_t limit = 50;                          // at most
};

// A page of jobs.
struct Jobs {
  static constexpr std::string_view kKind = "Jobs";
  std::vector<JobView> items{};  // newest first
  std::string next_cursor;       // empty on the last page
};

// Cancels a job. Answered with Job, cancelRequested where it still runs.
struct CancelJob {
  static constexpr std::string_view kKind = "CancelJob";
  std::string tenant = "default";  // owner
  std::string id;                  // job
  std::string actor;               // who asks, for the audit trail
};

// Makes a new job of a finished one. Answered with Job (the new one).
struct RetryJob {
  static constexpr std::string_view kKind = "RetryJob";
  std::string tenant = "default";  // owner
  std::string id;                  // finished job
  std::string new_id;              // id of the new job; repeating the call with it is safe
  std::string actor;               // who asks
};

// Pulls a window of a job's events. Answered with Events at once when there are any, else when
// there are or waitMs has passed.
struct GetEvents {
  static constexpr std::string_view kKind = "GetEvents";
  std::string tenant = "default";  // owner
  std::string id;                  // job
  uint64_t after_seq = 0;          // events after this one
  std::string after_id;         // instead of afterSeq: attempt.stream.offset of the last event seen
  uint64_t wait_ms = 0;         // wait for so long
  uint64_t bytes_max = 262144;  // window: about so many bytes
  std::vector<Stream> streams{};  // only these; empty: all
};

// A window of events.
struct Events {
  static constexpr std::string_view kKind = "Events";
  std::vector<Event> items{};  // by seq
  uint64_t last_seq = 0;       // where to go on
  bool done = false;           // the job is terminal and these were its last events
  bool gap = false;            // events after the asked position are no longer kept
};

// Reads a slice of a stored file of a job: its diff, its request, or an artifact. Answered with
// BlobSlice.
struct GetBlob {
  static constexpr std::string_view kKind = "GetBlob";
  std::string tenant = "default";  // owner
  std::string id;                  // job
  std::string name;                // diff, request, or artifact:PATH
  uint64_t offset = 0;             // first byte
  uint64_t bytes_max = 1048576;    // at most
};

// A slice. One payload frame: the bytes.
struct BlobSlice {
  static constexpr std::string_view kKind = "BlobSlice";
  uint64_t size = 0;   // of the whole file
  std::string sha256;  // of the whole file, where known
};

// Registers an instance or renews it. Answered with InstancePut.
struct PutInstance {
  static constexpr std::string_view kKind = "PutInstance";
  Instance instance;  // what to hold
};

// The instance as held.
struct InstancePut {
  static constexpr std::string_view kKind = "InstancePut";
  Instance instance;     // as held
  bool created = false;  // it was not there
  uint64_t epoch = 0;    // broker epoch
};

// Removes an instance. Answered with Done, or not_found.
struct DeleteInstance {
  static constexpr std::string_view kKind = "DeleteInstance";
  std::string service;   // service
  std::string instance;  // instance
};

// Lists instances. Answered with Instances.
struct ListInstances {
  static constexpr std::string_view kKind = "ListInstances";
  std::string service;          // service, or a prefix that ends in *; empty: all
  bool ready_only = false;      // leave out draining and lost ones
  uint64_t after_revision = 0;  // watch: answer only when the registry's revision is greater
  uint64_t wait_ms = 0;         // watch: wait for so long
};

// Instances by service and instance id.
struct Instances {
  static constexpr std::string_view kKind = "Instances";
  std::vector<Instance> items{};  // in order
  uint64_t revision = 0;          // grows with every change of membership, state or data
};

// The next ready instance in rotation. Answered with InstancePut, or no_instance.
struct NextInstance {
  static constexpr std::string_view kKind = "NextInstance";
  std::string service;  // service, or a prefix that ends in *
};

// Answered with Runners.
struct ListRunners {
  static constexpr std::string_view kKind = "ListRunners";
};

// The runners.
struct Runners {
  static constexpr std::string_view kKind = "Runners";
  std::vector<RunnerView> items{};  // by id
};

// Gives a runner no more jobs (or again). Answered with Done.
struct DrainRunner {
  static constexpr std::string_view kKind = "DrainRunner";
  std::string id;     // runner
  bool drain = true;  // false: undo
  std::string actor;  // who asks
};

// Changes a runner's slots while it works. Answered with Done.
struct SetSlots {
  static constexpr std::string_view kKind = "SetSlots";
  std::string id;      // runner
  uint64_t slots = 0;  // jobs at a time
  std::string actor;   // who asks
};

// Answered with Repos.
struct ListRepos {
  static constexpr std::string_view kKind = "ListRepos";
};

// The catalogue.
struct Repos {
  static constexpr std::string_view kKind = "Repos";
  std::vector<Repo> items{};  // by name
};

// Adds or replaces a catalogue entry. Answered with Done.
struct PutRepo {
  static constexpr std::string_view kKind = "PutRepo";
  Repo repo;          // entry
  std::string actor;  // who asks
};

// Removes a catalogue entry; refused (conflict) while unfinished jobs name it. Answered with Done.
struct DeleteRepo {
  static constexpr std::string_view kKind = "DeleteRepo";
  std::string name;   // entry
  std::string actor;  // who asks
};

// Answered with Lanes.
struct ListLanes {
  static constexpr std::string_view kKind = "ListLanes";
};

// The lanes.
struct Lanes {
  static constexpr std::string_view kKind = "Lanes";
  std::vector<Lane> items{};  // by name
};

// Changes a lane, making it where needed. Answered with Lanes (this one).
struct PatchLane {
  static constexpr std::string_view kKind = "PatchLane";
  std::string name;                  // lane
  std::optional<uint64_t> weight{};  // share
  std::optional<uint64_t> limit{};   // leased jobs at most, 0 no limit
  std::optional<bool> paused{};      // pause or go on
  std::string actor;                 // who asks
};

// Answered with Stats.
struct GetStats {
  static constexpr std::string_view kKind = "GetStats";
};

// The broker's metrics and limits.
struct Stats {
  static constexpr std::string_view kKind = "Stats";
  std::vector<Metric> metrics{};             // samples
  std::map<std::string, uint64_t> limits{};  // limits by option name
  uint64_t epoch = 0;                        // broker epoch
};

// What whoever starts and stops runners wants to know. Answered with Demand.
struct GetDemand {
  static constexpr std::string_view kKind = "GetDemand";
};

// The jobs that wait for a runner, by what they require. Jobs that wait for a time, another job,
// or a paused or full lane are not among them.
struct Demand {
  static constexpr std::string_view kKind = "Demand";
  std::vector<DemandItem> items{};  // label sets for which jobs wait, the longest wait first
  uint64_t waiting = 0;             // jobs of all items
  uint64_t oldest_wait_ms = 0;      // longest wait of all items
  uint64_t leased = 0;              // jobs that runners hold
  uint64_t slots = 0;               // slots of the runners that take jobs
  uint64_t free_slots = 0;          // of these, free ones
};

// Starts a backup of the broker's state, beside its work; when one runs already, joins it.
// Answered with Backup.
struct MakeBackup {
  static constexpr std::string_view kKind = "MakeBackup";
  std::string actor;  // who asks
};

// How far the backup is. Answered with Backup.
struct GetBackup {
  static constexpr std::string_view kKind = "GetBackup";
};

// The backup that runs, or the last one since the broker's start.
struct Backup {
  static constexpr std::string_view kKind = "Backup";
  BackupState
      state{};       // running: copied; checking: read again and synced; done: a restore can use it
  std::string path;  // its folder on the broker's host
  uint64_t bytes = 0;                   // size of the store, as far as it is known
  uint64_t copied_bytes = 0;            // so far
  std::string sha256;                   // of the store in it, when done
  std::optional<WallMs> started_at{};   // when
  std::optional<WallMs> finished_at{};  // when done or failed
  std::string error;                    // why it failed
};

// Answered with Audit.
struct ListAudit {
  static constexpr std::string_view kKind = "ListAudit";
  uint64_t limit = 100;  // newest so many
};

// The audit trail.
struct Audit {
  static constexpr std::string_view kKind = "Audit";
  std::vector<AuditEntry> items{};  // newest first
};

// Answered with Keys.
struct ListKeys {
  static constexpr std::string_view kKind = "ListKeys";
};

// The keys that the broker accepts, and its addresses that ask for one.
struct Keys {
  static constexpr std::string_view kKind = "Keys";
  std::vector<Key> items{};          // in order of adding
  std::optional<Address> clients{};  // where relays and clients connect
  std::optional<Address> runners{};  // where runners connect
};

// Accepts a key from now on. Answered with Done.
struct PutKey {
  static constexpr std::string_view kKind = "PutKey";
  Key key;            // key; its times are set by the broker
  std::string actor;  // who asks
};

// Refuses the key of that name at once: what its owner holds is requeued. Answered with Done.
struct RevokeKey {
  static constexpr std::string_view kKind = "RevokeKey";
  std::string name;   // whose
  std::string actor;  // who asks
};

// A relay asks what bearer tokens allow, again at least every half second while one is in use.
// Answered with TokensChecked.
struct CheckTokens {
  static constexpr std::string_view kKind = "CheckTokens";
  std::vector<std::string> ids{};  // public parts
};

// Those of the tokens asked for that are good now.
struct TokensChecked {
  static constexpr std::string_view kKind = "TokensChecked";
  bool asked = false;                // there are tokens, so that every call needs one
  std::vector<BearerToken> items{};  // with their digests
  std::vector<Tenant> tenants{};     // theirs, as far as they have limits
};

// Answered with Tokens.
struct ListTokens {
  static constexpr std::string_view kKind = "ListTokens";
};

// The bearer tokens, without digests.
struct Tokens {
  static constexpr std::string_view kKind = "Tokens";
  std::vector<BearerToken> items{};  // in order of adding
};

// Accepts a bearer token from now on. Answered with Done.
struct PutToken {
  static constexpr std::string_view kKind = "PutToken";
  BearerToken token;  // with its digest; addedAt and revokedAt are set by the broker
  std::string actor;  // who asks
};

// Refuses the token of that name from now on. Answered with Done.
struct RevokeToken {
  static constexpr std::string_view kKind = "RevokeToken";
  std::string name;   // whose
  std::string actor;  // who asks
};

// Answered with Tenants.
struct ListTenants {
  static constexpr std::string_view kKind = "ListTenants";
};

// Tenants that have limits or unfinished jobs.
struct Tenants {
  static constexpr std::string_view kKind = "Tenants";
  std::vector<Tenant> items{};  // by name
};

// Changes the limits of a tenant. Answered with Tenants (this one).
struct PatchTenant {
  static constexpr std::string_view kKind = "PatchTenant";
  std::string name;                     // tenant
  std::optional<uint64_t> rate{};       // calls a minute, 0 no limit
  std::optional<uint64_t> in_flight{};  // unfinished jobs, 0 no limit
  std::optional<uint64_t>
      payload_bytes{};  // size of one patch request, bytes, 0 no limit of its own
  std::string actor;    // who asks
};

// Opens or renews a session. Answered with Registered.
struct Register {
  static constexpr std::string_view kKind = "Register";
  std::string instance;  // instance id: kept over restarts of the program
  std::string secret;  // made once an instance; only its owner may take over the instance's session
  uint64_t session =
      0;  // greater than any that this instance used before (wall ms of the start will do)
  std::string host;                             // host name
  std::string version;                          // program version
  uint64_t slots = 0;                           // jobs at a time
  std::map<std::string, std::string> labels{};  // labels
  std::vector<LeaseRef> held{};                 // leases being worked on or waiting in the outbox
  uint64_t last_job_seq = 0;  // seq of the last Jobs-to-run message seen from this epoch
  bool draining = false;      // wants no more
  std::map<std::string, uint64_t> limits{};  // what it grants a job, by option name, for people
  std::vector<uint64_t> protocols{};  // versions of this protocol that the sender speaks; empty:
                                      // that of this message alone
  bool joined = false;                // the runner takes joined payloads
};

// The session stands.
struct Registered {
  static constexpr std::string_view kKind = "Registered";
  uint64_t epoch = 0;         // broker epoch; on a new one lastJobSeq begins at 0 again
  uint64_t session = 0;       // as registered
  uint64_t heartbeat_ms = 0;  // send a Heartbeat so often
  uint64_t lease_ms = 0;      // TTL of every lease
  std::vector<CancelOrder>
      cancels{};                  // stop these, and those that this runner should no longer hold
  uint64_t slots = 0;             // slots to use: the runner's own or what an operator set
  bool drain = false;             // an operator drains this runner
  std::optional<Address> move{};  // the broker's key changes: connect there instead, with that key
  uint64_t protocol = 1;          // version to speak in this session: the greatest that both know
  bool joined = false;            // the broker takes joined payloads
};

// Renews every lease held. Answered with HeartbeatAck, or Failure with register_again.
struct Heartbeat {
  static constexpr std::string_view kKind = "Heartbeat";
  uint64_t session = 0;          // session
  int64_t sent_ms = 0;           // the runner's monotonic clock, echoed
  uint64_t slots = 0;            // jobs at a time
  std::vector<LeaseRef> held{};  // leases being worked on or waiting in the outbox
  uint64_t last_job_seq = 0;     // seq of the last Jobs-to-run message seen
  bool draining = false;         // wants no more
};

// The leases named stand for one TTL from sentMs on.
struct HeartbeatAck {
  static constexpr std::string_view kKind = "HeartbeatAck";
  uint64_t epoch = 0;                  // broker epoch
  int64_t sent_ms = 0;                 // echo
  std::vector<CancelOrder> cancels{};  // stop these; repeated until confirmed
  uint64_t slots = 0;                  // slots to use
  bool drain = false;                  // an operator drains this runner
  std::optional<Address> move{};  // the broker's key changes: connect there instead, with that key
};

// Jobs to run. Payload frames: for each item in order its PatchRequest, then one diff an ancestor.
struct RunJobs {
  static constexpr std::string_view kKind = "RunJobs";
  uint64_t seq = 0;               // 1, 2, 3, ... within epoch and session
  uint64_t epoch = 0;             // broker epoch
  std::vector<Dispatch> items{};  // the jobs
};

// Stop work at once; also repeated in HeartbeatAck until confirmed.
struct Cancel {
  static constexpr std::string_view kKind = "Cancel";
  std::vector<CancelOrder> orders{};  // what to stop
};

// What ref was resolved to. Answered with BaseKept.
struct BaseResolved {
  static constexpr std::string_view kKind = "BaseResolved";
  uint64_t session = 0;  // session
  LeaseRef lease;        // which
  std::string commit;    // the commit
};

// The commit to use: the first one that was ever stored for the job.
struct BaseKept {
  static constexpr std::string_view kKind = "BaseKept";
  LeaseRef lease;      // which
  std::string commit;  // use this; empty when the lease is stale
};

// Progress and output. Answered with EventsKept once durable.
struct PutEvents {
  static constexpr std::string_view kKind = "PutEvents";
  uint64_t session = 0;        // session
  LeaseRef lease;              // which
  std::vector<Event> items{};  // in order; those already kept are ignored
};

// How far each stream is durable.
struct EventsKept {
  static constexpr std::string_view kKind = "EventsKept";
  LeaseRef lease;                             // which
  bool stale = false;                         // the lease is no longer this runner's
  std::map<std::string, uint64_t> offsets{};  // next offset expected, by stream
};

// A chunk of a kept file. One payload frame: at most 256 KiB. Answered with ArtifactKept.
struct PutArtifact {
  static constexpr std::string_view kKind = "PutArtifact";
  uint64_t session = 0;  // session
  LeaseRef lease;        // which
  std::string path;      // path in the workspace
  uint64_t offset = 0;   // position of the chunk
  bool last = false;     // the file ends with this chunk
  std::string sha256;    // of the whole file, with the last chunk
};

// The chunk is durable.
struct ArtifactKept {
  static constexpr std::string_view kKind = "ArtifactKept";
  LeaseRef lease;            // which
  std::string path;          // file
  uint64_t next_offset = 0;  // next offset expected
  bool stale = false;        // the lease is no longer this runner's
};

// May I write outside my host? Answered with Delivery.
struct AskDelivery {
  static constexpr std::string_view kKind = "AskDelivery";
  uint64_t session = 0;    // session
  LeaseRef lease;          // which
  std::string commit_oid;  // what will be delivered
};

// Granted and durable, or not.
struct Delivery {
  static constexpr std::string_view kKind = "Delivery";
  LeaseRef lease;        // which
  bool granted = false;  // from now on cancel is refused
  std::string reason;    // why not: stale, cancelled, expired
};

// Finished attempts. Payload frames of each item: Verdict, diff. Answered with ResultsKept.
struct PutResults {
  static constexpr std::string_view kKind = "PutResults";
  uint64_t session = 0;             // session
  std::vector<ResultItem> items{};  // the results
};

// What became of them.
struct ResultsKept {
  static constexpr std::string_view kKind = "ResultsKept";
  std::vector<ResultAckItem> items{};  // in the order of the request
};

// Gives jobs back unfinished; the attempt is not counted. Answered with ResultsKept.
struct Release {
  static constexpr std::string_view kKind = "Release";
  uint64_t session = 0;            // session
  std::vector<LeaseRef> leases{};  // which
  ReleaseReason reason{};          // why
};

// The runner leaves; what it still holds is requeued. Answered with Done.
struct Goodbye {
  static constexpr std::string_view kKind = "Goodbye";
  uint64_t session = 0;  // session
};

// encode() gives one msgpack map; decode<T>() reads exactly one, with nothing behind it. Error
// codes: bad_field, unknown_field, missing_field, bad_request; Error::field is the path of the
// field.
template <typename T>
Result<T> decode(std::string_view bytes);
std::string encode(const Base& value);
template <>
Result<Base> decode<Base>(std::string_view bytes);
std::string encode(const Anchor& value);
template <>
Result<Anchor> decode<Anchor>(std::string_view bytes);
std::string encode(const Mutation& value);
template <>
Result<Mutation> decode<Mutation>(std::string_view bytes);
std::string encode(const PatchBody& value);
template <>
Result<PatchBody> decode<PatchBody>(std::string_view bytes);
std::string encode(const ApplyOptions& value);
template <>
Result<ApplyOptions> decode<ApplyOptions>(std::string_view bytes);
std::string encode(const Gate& value);
template <>
Result<Gate> decode<Gate>(std::string_view bytes);
std::string encode(const JobLimits& value);
template <>
Result<JobLimits> decode<JobLimits>(std::string_view bytes);
std::string encode(const Author& value);
template <>
Result<Author> decode<Author>(std::string_view bytes);
std::string encode(const CommitSpec& value);
template <>
Result<CommitSpec> decode<CommitSpec>(std::string_view bytes);
std::string encode(const OnSuccess& value);
template <>
Result<OnSuccess> decode<OnSuccess>(std::string_view bytes);
std::string encode(const PatchRequest& value);
template <>
Result<PatchRequest> decode<PatchRequest>(std::string_view bytes);
std::string encode(const FileReport& value);
template <>
Result<FileReport> decode<FileReport>(std::string_view bytes);
std::string encode(const HunkReport& value);
template <>
Result<HunkReport> decode<HunkReport>(std::string_view bytes);
std::string encode(const RefusalReport& value);
template <>
Result<RefusalReport> decode<RefusalReport>(std::string_view bytes);
std::string encode(const ApplyReport& value);
template <>
Result<ApplyReport> decode<ApplyReport>(std::string_view bytes);
std::string encode(const OutputReport& value);
template <>
Result<OutputReport> decode<OutputReport>(std::string_view bytes);
std::string encode(const GateReport& value);
template <>
Result<GateReport> decode<GateReport>(std::string_view bytes);
std::string encode(const ResultReport& value);
template <>
Result<ResultReport> decode<ResultReport>(std::string_view bytes);
std::string encode(const ArtifactReport& value);
template <>
Result<ArtifactReport> decode<ArtifactReport>(std::string_view bytes);
std::string encode(const RollbackReport& value);
template <>
Result<RollbackReport> decode<RollbackReport>(std::string_view bytes);
std::string encode(const Verdict& value);
template <>
Result<Verdict> decode<Verdict>(std::string_view bytes);
std::string encode(const Submission& value);
template <>
Result<Submission> decode<Submission>(std::string_view bytes);
std::string encode(const ErrorBody& value);
template <>
Result<ErrorBody> decode<ErrorBody>(std::string_view bytes);
std::string encode(const Waiting& value);
template <>
Result<Waiting> decode<Waiting>(std::string_view bytes);
std::string encode(const Timestamps& value);
template <>
Result<Timestamps> decode<Timestamps>(std::string_view bytes);
std::string encode(const JobView& value);
template <>
Result<JobView> decode<JobView>(std::string_view bytes);
std::string encode(const SubmitAck& value);
template <>
Result<SubmitAck> decode<SubmitAck>(std::string_view bytes);
std::string encode(const FinishedItem& value);
template <>
Result<FinishedItem> decode<FinishedItem>(std::string_view bytes);
std::string encode(const Event& value);
template <>
Result<Event> decode<Event>(std::string_view bytes);
std::string encode(const LeaseRef& value);
template <>
Result<LeaseRef> decode<LeaseRef>(std::string_view bytes);
std::string encode(const Ancestor& value);
template <>
Result<Ancestor> decode<Ancestor>(std::string_view bytes);
std::string encode(const Repo& value);
template <>
Result<Repo> decode<Repo>(std::string_view bytes);
std::string encode(const Dispatch& value);
template <>
Result<Dispatch> decode<Dispatch>(std::string_view bytes);
std::string encode(const CancelOrder& value);
template <>
Result<CancelOrder> decode<CancelOrder>(std::string_view bytes);
std::string encode(const ResultItem& value);
template <>
Result<ResultItem> decode<ResultItem>(std::string_view bytes);
std::string encode(const ResultAckItem& value);
template <>
Result<ResultAckItem> decode<ResultAckItem>(std::string_view bytes);
std::string encode(const Lane& value);
template <>
Result<Lane> decode<Lane>(std::string_view bytes);
std::string encode(const Instance& value);
template <>
Result<Instance> decode<Instance>(std::string_view bytes);
std::string encode(const RunnerView& value);
template <>
Result<RunnerView> decode<RunnerView>(std::string_view bytes);
std::string encode(const Metric& value);
template <>
Result<Metric> decode<Metric>(std::string_view bytes);
std::string encode(const Key& value);
template <>
Result<Key> decode<Key>(std::string_view bytes);
std::string encode(const Address& value);
template <>
Result<Address> decode<Address>(std::string_view bytes);
std::string encode(const DemandItem& value);
template <>
Result<DemandItem> decode<DemandItem>(std::string_view bytes);
std::string encode(const BearerToken& value);
template <>
Result<BearerToken> decode<BearerToken>(std::string_view bytes);
std::string encode(const Tenant& value);
template <>
Result<Tenant> decode<Tenant>(std::string_view bytes);
std::string encode(const AuditEntry& value);
template <>
Result<AuditEntry> decode<AuditEntry>(std::string_view bytes);
std::string encode(const Hello& value);
template <>
Result<Hello> decode<Hello>(std::string_view bytes);
std::string encode(const Welcome& value);
template <>
Result<Welcome> decode<Welcome>(std::string_view bytes);
std::string encode(const Failure& value);
template <>
Result<Failure> decode<Failure>(std::string_view bytes);
std::string encode(const Done& value);
template <>
Result<Done> decode<Done>(std::string_view bytes);
std::string encode(const Submit& value);
template <>
Result<Submit> decode<Submit>(std::string_view bytes);
std::string encode(const Submitted& value);
template <>
Result<Submitted> decode<Submitted>(std::string_view bytes);
std::string encode(const Finished& value);
template <>
Result<Finished> decode<Finished>(std::string_view bytes);
std::string encode(const GetJob& value);
template <>
Result<GetJob> decode<GetJob>(std::string_view bytes);
std::string encode(const Job& value);
template <>
Result<Job> decode<Job>(std::string_view bytes);
std::string encode(const ListJobs& value);
template <>
Result<ListJobs> decode<ListJobs>(std::string_view bytes);
std::string encode(const Jobs& value);
template <>
Result<Jobs> decode<Jobs>(std::string_view bytes);
std::string encode(const CancelJob& value);
template <>
Result<CancelJob> decode<CancelJob>(std::string_view bytes);
std::string encode(const RetryJob& value);
template <>
Result<RetryJob> decode<RetryJob>(std::string_view bytes);
std::string encode(const GetEvents& value);
template <>
Result<GetEvents> decode<GetEvents>(std::string_view bytes);
std::string encode(const Events& value);
template <>
Result<Events> decode<Events>(std::string_view bytes);
std::string encode(const GetBlob& value);
template <>
Result<GetBlob> decode<GetBlob>(std::string_view bytes);
std::string encode(const BlobSlice& value);
template <>
Result<BlobSlice> decode<BlobSlice>(std::string_view bytes);
std::string encode(const PutInstance& value);
template <>
Result<PutInstance> decode<PutInstance>(std::string_view bytes);
std::string encode(const InstancePut& value);
template <>
Result<InstancePut> decode<InstancePut>(std::string_view bytes);
std::string encode(const DeleteInstance& value);
template <>
Result<DeleteInstance> decode<DeleteInstance>(std::string_view bytes);
std::string encode(const ListInstances& value);
template <>
Result<ListInstances> decode<ListInstances>(std::string_view bytes);
std::string encode(const Instances& value);
template <>
Result<Instances> decode<Instances>(std::string_view bytes);
std::string encode(const NextInstance& value);
template <>
Result<NextInstance> decode<NextInstance>(std::string_view bytes);
std::string encode(const ListRunners& value);
template <>
Result<ListRunners> decode<ListRunners>(std::string_view bytes);
std::string encode(const Runners& value);
template <>
Result<Runners> decode<Runners>(std::string_view bytes);
std::string encode(const DrainRunner& value);
template <>
Result<DrainRunner> decode<DrainRunner>(std::string_view bytes);
std::string encode(const SetSlots& value);
template <>
Result<SetSlots> decode<SetSlots>(std::string_view bytes);
std::string encode(const ListRepos& value);
template <>
Result<ListRepos> decode<ListRepos>(std::string_view bytes);
std::string encode(const Repos& value);
template <>
Result<Repos> decode<Repos>(std::string_view bytes);
std::string encode(const PutRepo& value);
template <>
Result<PutRepo> decode<PutRepo>(std::string_view bytes);
std::string encode(const DeleteRepo& value);
template <>
Result<DeleteRepo> decode<DeleteRepo>(std::string_view bytes);
std::string encode(const ListLanes& value);
template <>
Result<ListLanes> decode<ListLanes>(std::string_view bytes);
std::string encode(const Lanes& value);
template <>
Result<Lanes> decode<Lanes>(std::string_view bytes);
std::string encode(const PatchLane& value);
template <>
Result<PatchLane> decode<PatchLane>(std::string_view bytes);
std::string encode(const GetStats& value);
template <>
Result<GetStats> decode<GetStats>(std::string_view bytes);
std::string encode(const Stats& value);
template <>
Result<Stats> decode<Stats>(std::string_view bytes);
std::string encode(const GetDemand& value);
template <>
Result<GetDemand> decode<GetDemand>(std::string_view bytes);
std::string encode(const Demand& value);
template <>
Result<Demand> decode<Demand>(std::string_view bytes);
std::string encode(const MakeBackup& value);
template <>
Result<MakeBackup> decode<MakeBackup>(std::string_view bytes);
std::string encode(const GetBackup& value);
template <>
Result<GetBackup> decode<GetBackup>(std::string_view bytes);
std::string encode(const Backup& value);
template <>
Result<Backup> decode<Backup>(std::string_view bytes);
std::string encode(const ListAudit& value);
template <>
Result<ListAudit> decode<ListAudit>(std::string_view bytes);
std::string encode(const Audit& value);
template <>
Result<Audit> decode<Audit>(std::string_view bytes);
std::string encode(const ListKeys& value);
template <>
Result<ListKeys> decode<ListKeys>(std::string_view bytes);
std::string encode(const Keys& value);
template <>
Result<Keys> decode<Keys>(std::string_view bytes);
std::string encode(const PutKey& value);
template <>
Result<PutKey> decode<PutKey>(std::string_view bytes);
std::string encode(const RevokeKey& value);
template <>
Result<RevokeKey> decode<RevokeKey>(std::string_view bytes);
std::string encode(const CheckTokens& value);
template <>
Result<CheckTokens> decode<CheckTokens>(std::string_view bytes);
std::string encode(const TokensChecked& value);
template <>
Result<TokensChecked> decode<TokensChecked>(std::string_view bytes);
std::string encode(const ListTokens& value);
template <>
Result<ListTokens> decode<ListTokens>(std::string_view bytes);
std::string encode(const Tokens& value);
template <>
Result<Tokens> decode<Tokens>(std::string_view bytes);
std::string encode(const PutToken& value);
template <>
Result<PutToken> decode<PutToken>(std::string_view bytes);
std::string encode(const RevokeToken& value);
template <>
Result<RevokeToken> decode<RevokeToken>(std::string_view bytes);
std::string encode(const ListTenants& value);
template <>
Result<ListTenants> decode<ListTenants>(std::string_view bytes);
std::string encode(const Tenants& value);
template <>
Result<Tenants> decode<Tenants>(std::string_view bytes);
std::string encode(const PatchTenant& value);
template <>
Result<PatchTenant> decode<PatchTenant>(std::string_view bytes);
std::string encode(const Register& value);
template <>
Result<Register> decode<Register>(std::string_view bytes);
std::string encode(const Registered& value);
template <>
Result<Registered> decode<Registered>(std::string_view bytes);
std::string encode(const Heartbeat& value);
template <>
Result<Heartbeat> decode<Heartbeat>(std::string_view bytes);
std::string encode(const HeartbeatAck& value);
template <>
Result<HeartbeatAck> decode<HeartbeatAck>(std::string_view bytes);
std::string encode(const RunJobs& value);
template <>
Result<RunJobs> decode<RunJobs>(std::string_view bytes);
std::string encode(const Cancel& value);
template <>
Result<Cancel> decode<Cancel>(std::string_view bytes);
std::string encode(const BaseResolved& value);
template <>
Result<BaseResolved> decode<BaseResolved>(std::string_view bytes);
std::string encode(const BaseKept& value);
template <>
Result<BaseKept> decode<BaseKept>(std::string_view bytes);
std::string encode(const PutEvents& value);
template <>
Result<PutEvents> decode<PutEvents>(std::string_view bytes);
std::string encode(const EventsKept& value);
template <>
Result<EventsKept> decode<EventsKept>(std::string_view bytes);
std::string encode(const PutArtifact& value);
template <>
Result<PutArtifact> decode<PutArtifact>(std::string_view bytes);
std::string encode(const ArtifactKept& value);
template <>
Result<ArtifactKept> decode<ArtifactKept>(std::string_view bytes);
std::string encode(const AskDelivery& value);
template <>
Result<AskDelivery> decode<AskDelivery>(std::string_view bytes);
std::string encode(const Delivery& value);
template <>
Result<Delivery> decode<Delivery>(std::string_view bytes);
std::string encode(const PutResults& value);
template <>
Result<PutResults> decode<PutResults>(std::string_view bytes);
std::string encode(const ResultsKept& value);
template <>
Result<ResultsKept> decode<ResultsKept>(std::string_view bytes);
std::string encode(const Release& value);
template <>
Result<Release> decode<Release>(std::string_view bytes);
std::string encode(const Goodbye& value);
template <>
Result<Goodbye> decode<Goodbye>(std::string_view bytes);

// Every message by who sends it, to fold over.
template <typename... T>
struct Kinds {};
using ClientKinds =
    Kinds<Hello, Submit, GetJob, ListJobs, CancelJob, RetryJob, GetEvents, GetBlob, PutInstance,
          DeleteInstance, ListInstances, NextInstance, ListRunners, DrainRunner, SetSlots,
          ListRepos, PutRepo, DeleteRepo, ListLanes, PatchLane, GetStats, GetDemand, MakeBackup,
          GetBackup, ListAudit, ListKeys, PutKey, RevokeKey, CheckTokens, ListTokens, PutToken,
          RevokeToken, ListTenants, PatchTenant>;
using RunnerKinds = Kinds<Register, Heartbeat, BaseResolved, PutEvents, PutArtifact, AskDelivery,
                          PutResults, Release, Goodbye>;
using BrokerKinds =
    Kinds<Welcome, Failure, Done, Submitted, Finished, Job, Jobs, Events, BlobSlice, InstancePut,
          Instances, Runners, Repos, Lanes, Stats, Demand, Backup, Audit, Keys, TokensChecked,
          Tokens, Tenants, Registered, HeartbeatAck, RunJobs, Cancel, BaseKept, EventsKept,
          ArtifactKept, Delivery, ResultsKept>;

}  // namespace ghost::wire
