#include "runner_worker/outbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/fs.h"
#include "runner_worker/owned_fd.h"

namespace ghost::runner {
namespace {

constexpr std::string_view kMagic = "GHOST-OUTBOX 2\n";
constexpr std::string_view kMagic1 = "GHOST-OUTBOX 1\n";  // without a length
constexpr size_t kDigestBytes = 32;
constexpr size_t kEventsMessageMax = 1024;
constexpr std::string_view kSuffix = ".result";

void put_frame(std::string& out, std::string_view bytes) {
  uint32_t size = static_cast<uint32_t>(bytes.size());
  for (int i = 0; i < 4; ++i, size >>= 8) out += static_cast<char>(size & 0xFF);
  out += bytes;
}

bool take_frame(std::string_view& in, std::string_view* frame) {
  if (in.size() < 4) return false;
  uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(4);
  if (in.size() < size) return false;
  *frame = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

Error broken(const char* what) {
  return {"bad_field", std::string("outbox file: ") + what, ""};
}

std::vector<std::string> files_of(const std::string& dir) {
  std::vector<std::string> paths;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(dir, fault), end; !fault && at != end;
       at.increment(fault)) {
    paths.push_back(at->path().string());
  }
  return paths;
}

bool is_blank(std::string_view bytes) {
  return bytes.size() >= kMagic.size() &&
         bytes.substr(0, kMagic.size()).find_first_not_of('\0') == std::string_view::npos;
}

Blob or_empty(const Blob& blob) {
  return blob == nullptr ? make_blob("") : blob;
}

}  // namespace

// Magic, SHA-256 of the body, its length, and the body: frames with a 32-bit length (little endian)
// each, PutResults of the one item, verdict, diff, and PutEvents messages. What follows is left
// over from what the file held before.
std::string encode_outbox_item(const OutboxItem& item) {
  std::string body;
  put_frame(body, encode(wire::PutResults{0, {item.item}}));
  put_frame(body, *or_empty(item.verdict));
  put_frame(body, *or_empty(item.diff));
  for (size_t at = 0; at < item.events.size(); at += kEventsMessageMax) {
    const auto begin = item.events.begin() + static_cast<ptrdiff_t>(at);
    const size_t count = std::min(kEventsMessageMax, item.events.size() - at);
    put_frame(body, encode(wire::PutEvents{
                        0, item.item.lease, {begin, begin + static_cast<ptrdiff_t>(count)}}));
  }
  std::string out(kMagic);
  out += sha256(body);
  put_frame(out, body);
  return out;
}

Result<OutboxItem> decode_outbox_item(std::string_view bytes) {
  const bool first = bytes.starts_with(kMagic1);
  if (!first && !bytes.starts_with(kMagic)) return broken("not of this kind or version");
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < kDigestBytes) return broken("cut short");
  const std::string_view digest = bytes.substr(0, kDigestBytes);
  bytes.remove_prefix(kDigestBytes);
  if (std::string_view body; !first) {
    if (!take_frame(bytes, &body)) return broken("cut short");
    bytes = body;
  }
  if (sha256(bytes) != digest) return broken("digest does not match");
  std::string_view results, verdict, diff;
  if (!take_frame(bytes, &results) || !take_frame(bytes, &verdict) || !take_frame(bytes, &diff)) {
    return broken("frames are missing");
  }
  auto result = wire::decode<wire::PutResults>(results);
  if (!result) return result.error();
  if (result->items.size() != 1) return broken("not one result");
  OutboxItem item;
  item.item = std::move(result->items[0]);
  item.verdict = make_blob(std::string(verdict));
  item.diff = make_blob(std::string(diff));
  for (std::string_view frame; !bytes.empty();) {
    if (!take_frame(bytes, &frame)) return broken("frames are missing");
    auto events = wire::decode<wire::PutEvents>(frame);
    if (!events) return events.error();
    std::move(events->items.begin(), events->items.end(), std::back_inserter(item.events));
  }
  return item;
}

Result<std::unique_ptr<Outbox>> Outbox::open(const std::string& dir) {
  std::unique_ptr<Outbox> outbox(new Outbox(dir));
  for (const std::string& folder : {outbox->dir_, outbox->spare_dir_}) {
    if (Status made = make_dirs(folder, 0700); !made) return made.error();
  }
  return outbox;
}

std::string Outbox::path_of(const LeaseRef& lease) const {
  return dir_ + "/" + std::to_string(lease.job) + "-" + std::to_string(lease.epoch) + "-" +
         std::to_string(lease.n) + std::string(kSuffix);
}

std::vector<OutboxLoaded> Outbox::load(std::vector<std::string>* bad) {
  std::vector<OutboxLoaded> found;
  for (const std::string& path : files_of(dir_)) {
    // What a crash left of a write is worth nothing.
    if (path.find(std::string(kSuffix) + ".tmp.") != std::string::npos) {
      ::unlink(path.c_str());
    } else if (path.ends_with(kSuffix)) {
      load_file(path, &found, bad);
    }
  }
  load_spares(&found);
  std::sort(found.begin(), found.end(), [](const OutboxLoaded& a, const OutboxLoaded& b) {
    return LeaseOrder{}(a.item.lease, b.item.lease);
  });
  return found;
}

void Outbox::load_file(const std::string& path, std::vector<OutboxLoaded>* found,
                       std::vector<std::string>* bad) {
  Result<std::string> bytes = read_file(path);
  // Its result was gone, its way to the spares a crash has undone.
  if (bytes && is_blank(*bytes)) {
    if (!make_spare(path)) ::unlink(path.c_str());
    return;
  }
  Result<OutboxItem> item = bytes ? decode_outbox_item(*bytes) : Result<OutboxItem>(bytes.error());
  if (!item) {
    ::rename(path.c_str(), (path + ".bad").c_str());
    bad->push_back(path + ": " + item.error().message);
    return;
  }
  // A crash may undo renames, but not what put() has written: a file can bear an older name.
  if (const std::string own = path_of(item->item.lease); own != path) {
    ::rename(path.c_str(), own.c_str());
  }
  found->push_back(
      {std::move(item->item), item->verdict->size() + item->diff->size(), std::move(item->events)});
}

void Outbox::load_spares(std::vector<OutboxLoaded>* found) {
  for (const std::string& path : files_of(spare_dir_)) {
    Result<std::string> bytes = read_file(path);
    if (bytes && decode_outbox_item(*bytes)) {
      std::vector<std::string> none;
      load_file(path, found, &none);
    } else if (!bytes || bytes->size() != kSpareBytes || !make_spare(path)) {
      ::unlink(path.c_str());
    }
  }
}

void Outbox::hold(const OutboxItem& item) {
  const std::lock_guard lock(mutex_);
  Cached cached{{or_empty(item.verdict), or_empty(item.diff)}, true};
  const uint64_t bytes = cached.bytes();
  if (cache_.emplace(item.item.lease, std::move(cached)).second) cached_bytes_ += bytes;
}

Status Outbox::put(const OutboxItem& item) {
  hold(item);
  const Status written = write(path_of(item.item.lease), encode_outbox_item(item));
  const std::lock_guard lock(mutex_);
  cache_.at(item.item.lease).only_here = !written.ok();
  trim_cache();
  return written;
}

Status Outbox::write(const std::string& path, std::string bytes) {
  if (bytes.size() > kSpareBytes) return write_file_atomic(path, bytes, 0600);
  if (write_over_spare(path, bytes)) return ok_status();
  // So large that it can be used again.
  bytes.resize(kSpareBytes);
  return write_file_atomic(path, bytes, 0600);
}

bool Outbox::write_over_spare(const std::string& path, std::string_view bytes) {
  std::string spare;
  {
    const std::lock_guard lock(mutex_);
    if (spares_.empty()) return false;
    spare = std::move(spares_.back());
    spares_.pop_back();
  }
  const OwnedFd file(::open(spare.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  const auto size = static_cast<ssize_t>(bytes.size());
  if (file.held() && ::fstat(file.get(), &info) == 0 && info.st_nlink == 1 &&
      ::pwrite(file.get(), bytes.data(), bytes.size(), 0) == size && ::fdatasync(file.get()) == 0 &&
      ::rename(spare.c_str(), path.c_str()) == 0) {
    return true;
  }
  ::unlink(spare.c_str());
  return false;
}

// The file of a result that is gone becomes a spare. Nothing of it is synced: a result that comes
// back after a crash is sent again and acked again.
bool Outbox::make_spare(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (spares_.size() >= kSparesMax) return false;
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file.held() || ::fstat(file.get(), &info) != 0 ||
      info.st_size != static_cast<off_t>(kSpareBytes)) {
    return false;
  }
  const std::string blank(kMagic.size(), '\0');
  std::string spare = path;
  if (!path.starts_with(spare_dir_ + "/")) {
    do {
      spare = spare_dir_ + "/" + std::to_string(spares_made_++);
    } while (::access(spare.c_str(), F_OK) == 0);
  }
  if (::pwrite(file.get(), blank.data(), blank.size(), 0) != static_cast<ssize_t>(blank.size()) ||
      ::rename(path.c_str(), spare.c_str()) != 0) {
    return false;
  }
  spares_.push_back(std::move(spare));
  return true;
}

void Outbox::trim_cache() {
  for (auto at = cache_.begin(); at != cache_.end() && cached_bytes_ > kCacheBytesMax;) {
    if (at->second.only_here) {
      ++at;
      continue;
    }
    cached_bytes_ -= at->second.bytes();
    at = cache_.erase(at);
  }
}

Result<OutboxPayloads> Outbox::payloads(const LeaseRef& lease) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(lease);
    if (found != cache_.end()) return found->second.payloads;
  }
  Result<std::string> bytes = read_file(path_of(lease));
  if (!bytes) return bytes.error();
  Result<OutboxItem> item = decode_outbox_item(*bytes);
  if (!item) return item.error();
  return OutboxPayloads{std::move(item->verdict), std::move(item->diff)};
}

void Outbox::remove(const LeaseRef& lease) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(lease);
    if (found != cache_.end()) {
      cached_bytes_ -= found->second.bytes();
      cache_.erase(found);
    }
  }
  const std::string path = path_of(lease);
  if (!make_spare(path)) ::unlink(path.c_str());
}

}  // namespace ghost::runner
