#include "broker/backup.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/fs.h"
#include "base/log.h"
#include "broker/data_dir.h"
#include "broker/store_file.h"

namespace ghost::broker {
namespace {

constexpr MonoMs kCheckEveryMs = 50;
constexpr uint64_t kRoomBytes = 64 << 20;  // beside the copy

namespace files = std::filesystem;

// 20260131T090500.123Z
std::string stamp(WallMs now) {
  std::string text = format_rfc3339(now);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string sum_line(const std::string& sha256, const std::string& name) {
  return sha256 + "  " + name + "\n";
}

// The lines of SHA256SUMS for what was copied.
Result<std::string> copy_keys(const std::string& from, const std::string& folder) {
  std::error_code failed;
  if (!files::is_directory(from, failed)) return std::string();
  if (Status s = make_dirs(folder + "/keys", 0700); !s) return s.error();
  std::vector<std::string> names;
  for (const auto& entry : files::directory_iterator(from, failed)) {
    if (entry.is_regular_file(failed)) names.push_back(entry.path().filename().string());
  }
  if (failed) return Error{"io_error", "read " + from + ": " + failed.message(), ""};
  std::sort(names.begin(), names.end());
  std::string sums;
  for (const std::string& name : names) {
    const std::string copy = folder + "/keys/" + name;
    if (Status s = copy_file_synced(from + "/" + name, copy); !s) return s.error();
    const Result<std::string> sum = sha256_of_file(copy);
    if (!sum) return sum.error();
    sums += sum_line(*sum, "keys/" + name);
  }
  if (Status s = sync_dir(folder + "/keys"); !s) return s.error();
  return sums;
}

}  // namespace

Backups::~Backups() {
  copy_.reset();
  if (checking_.valid()) checking_.wait();
}

Status Backups::start(WallMs now) {
  using wire::BackupState;
  if (last_.state == BackupState::kRunning || last_.state == BackupState::kChecking) {
    return ok_status();
  }
  if (options_.folder.empty()) {
    return Error{"conflict", "nothing of this broker's store outlives it", ""};
  }
  if (Status s = make_dirs(options_.folder, 0700); !s) return s;
  struct statvfs fs = {};
  const uint64_t wanted = store_.bytes() + kRoomBytes;
  if (statvfs(options_.folder.c_str(), &fs) == 0 && fs.f_bavail * fs.f_frsize < wanted) {
    return Error{"storage_full",
                 "too little free space for a backup of " + std::to_string(wanted) + " bytes in " +
                     options_.folder,
                 ""};
  }
  std::string path = options_.folder + "/ghost-" + stamp(now);
  for (int n = 2; ::access(path.c_str(), F_OK) == 0; ++n) {
    path = options_.folder + "/ghost-" + stamp(now) + "-" + std::to_string(n);
  }
  partial_ = path + ".partial";
  std::error_code ignored;
  files::remove_all(partial_, ignored);
  if (Status s = make_dirs(partial_, 0700); !s) return s;
  // Made here, so that nobody else may read it for a moment.
  Status made = write_file_atomic(partial_ + "/ghost.db", "", 0600);
  if (!made) return made;
  Result<std::unique_ptr<StoreCopy>> copy = store_.copy_to(partial_ + "/ghost.db");
  if (!copy) return copy.error();
  copy_ = std::move(*copy);
  last_ = {};
  last_.state = BackupState::kRunning;
  last_.path = path;
  last_.started_at = now;
  log::info("backup begins", {{"path", path}});
  return ok_status();
}

void Backups::turn() {
  if (copy_) {
    const Result<bool> whole = copy_->step();
    if (!whole) return fail(whole.error());
    last_.bytes = copy_->bytes();
    last_.copied_bytes = copy_->bytes_copied();
    if (!*whole) return;
    copy_.reset();
    last_.state = wire::BackupState::kChecking;
    checking_ = std::async(std::launch::async, finish, partial_, last_.path, options_.keys);
    return;
  }
  if (!checking_.valid()) return;
  if (checking_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  const Finding finding = checking_.get();
  finding.failed.code.empty() ? done(finding) : fail(finding.failed);
}

// On a thread of its own: touches nothing but the files.
Backups::Finding Backups::finish(const std::string& partial, const std::string& path,
                                 const std::string& keys) {
  const std::string db = partial + "/ghost.db";
  Finding out;
  const auto failed = [&](const Error& error) {
    out.failed = error;
    return out;
  };
  if (const auto facts = finish_store_copy(db); !facts) return failed(facts.error());
  Result<std::string> sum = sha256_of_file(db);
  if (!sum) return failed(sum.error());
  Result<std::string> key_sums = copy_keys(keys, partial);
  if (!key_sums) return failed(key_sums.error());
  const std::string sums = sum_line(*sum, "ghost.db") + *key_sums;
  if (Status s = write_file_atomic(partial + "/SHA256SUMS", sums, 0600); !s) {
    return failed(s.error());
  }
  std::error_code error;
  files::rename(partial, path, error);
  if (error) return failed({"io_error", "rename " + partial + ": " + error.message(), ""});
  if (Status s = sync_dir(files::path(path).parent_path().string()); !s) return failed(s.error());
  out.sha256 = *sum;
  out.bytes = files::file_size(path + "/ghost.db", error);
  return out;
}

void Backups::fail(const Error& error) {
  copy_.reset();
  std::error_code ignored;
  files::remove_all(partial_, ignored);
  ++failed_;
  last_.state = wire::BackupState::kFailed;
  last_.error = error.message;
  last_.finished_at = wall_now_ms();
  log::error("backup failed", {{"path", last_.path}, {"reason", error.message}});
}

void Backups::done(const Finding& finding) {
  ++made_;
  last_.state = wire::BackupState::kDone;
  last_.sha256 = finding.sha256;
  last_.bytes = last_.copied_bytes = done_bytes_ = finding.bytes;
  last_.finished_at = done_at_ = wall_now_ms();
  log::info("backup done", {{"path", last_.path}, {"bytes", finding.bytes}});
}

MonoMs Backups::wait_ms() const {
  if (copy_) return 0;
  return checking_.valid() ? kCheckEveryMs : INT32_MAX;
}

void Backups::append_metrics(std::vector<wire::Metric>* out) const {
  const auto add = [&](const char* name, const char* help, wire::MetricType type, double value,
                       std::map<std::string, std::string> labels = {}) {
    out->push_back({name, help, type, std::move(labels), value});
  };
  const char* total = "Backups by how they ended.";
  add("ghost_broker_backups_total", total, wire::MetricType::kCounter, static_cast<double>(made_),
      {{"status", "done"}});
  add("ghost_broker_backups_total", total, wire::MetricType::kCounter, static_cast<double>(failed_),
      {{"status", "failed"}});
  add("ghost_broker_backup_last_success_timestamp_seconds", "When the last one was done; 0: none.",
      wire::MetricType::kGauge, static_cast<double>(done_at_) / 1000);
  add("ghost_broker_backup_last_bytes", "Size of the last one that was done.",
      wire::MetricType::kGauge, static_cast<double>(done_bytes_));
}

}  // namespace ghost::broker
