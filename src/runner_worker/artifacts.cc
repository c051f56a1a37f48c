#include "runner_worker/artifacts.h"

#include "base/bytes.h"
#include "base/log.h"

namespace ghost::runner {
namespace {

constexpr size_t kSliceBytes = 256 << 10;

Error too_large(const std::string& what) {
  return {"too_large", what, {}};
}

Result<wire::ArtifactReport> keep_one(Sandbox& sandbox, JobHost& host, const WorkspaceFile& file,
                                      const Cutoff& cutoff) {
  // No process is left in the sandbox: what is digested here is what is sent below.
  Sha256 digest;
  uint64_t offset = 0;
  while (offset < file.size_bytes) {
    if (Status s = cutoff.check(); !s) return s.error();
    auto slice = sandbox.read(file.path, offset, kSliceBytes);
    if (!slice) return slice.error();
    if (slice->empty()) return Error{"io_error", "artifact " + file.path + " shrank", {}};
    digest.update(*slice);
    offset += slice->size();
  }
  wire::ArtifactReport report{file.path, digest.finish_hex(), offset};
  const Status sent = host.put_artifact(
      file.path, report.size_bytes, report.sha256,
      [&](uint64_t at, size_t bytes_max) { return sandbox.read(file.path, at, bytes_max); });
  if (!sent) return sent.error();
  return report;
}

}  // namespace

Result<std::vector<wire::ArtifactReport>> keep_artifacts(Sandbox& sandbox, JobHost& host,
                                                         const std::vector<std::string>& globs,
                                                         const ArtifactLimits& limits,
                                                         const Cutoff& cutoff) {
  std::vector<wire::ArtifactReport> kept;
  auto files = sandbox.find(globs, true, limits.count_max);
  if (!files) {
    if (files.error().code != "too_large") return files.error();
    return too_large("the artifacts are more than " + std::to_string(limits.count_max) + " files");
  }
  // Links are not kept, nor what git keeps of the base.
  std::erase_if(*files, [](const WorkspaceFile& file) {
    return (file.mode & 0170000) != 0100000 || file.path.starts_with(".git/");
  });
  uint64_t bytes = 0;
  for (const WorkspaceFile& file : *files) {
    // Paths of artifacts travel as text.
    if (!is_utf8(file.path)) {
      return Error{"bad_request",
                   "the name of an artifact is not UTF-8: " + log::escape_control(file.path),
                   {}};
    }
    bytes += file.size_bytes;
    if (bytes > limits.bytes_max) {
      return too_large("the artifacts have more than " + std::to_string(limits.bytes_max) +
                       " bytes together");
    }
  }
  for (const WorkspaceFile& file : *files) {
    auto report = keep_one(sandbox, host, file, cutoff);
    if (!report) return report.error();
    kept.push_back(std::move(*report));
  }
  return kept;
}

Result<std::string> read_whole(Sandbox& sandbox, const WorkspaceFile& file, uint64_t bytes_max) {
  std::string bytes;
  if (file.size_bytes > bytes_max) {
    return too_large(file.path + " has more than " + std::to_string(bytes_max) + " bytes");
  }
  for (;;) {
    auto slice = sandbox.read(file.path, bytes.size(), kSliceBytes);
    if (!slice) return slice.error();
    bytes += *slice;
    if (bytes.size() > bytes_max) {
      return too_large(file.path + " has more than " + std::to_string(bytes_max) + " bytes");
    }
    // A link's target comes whole.
    if (slice->empty() || bytes.size() >= file.size_bytes) return bytes;
  }
}

}  // namespace ghost::runner
