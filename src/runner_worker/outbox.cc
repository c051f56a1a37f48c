#include "runner_worker/outbox.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/fs.h"

namespace ghost::runner {
namespace {

constexpr std::string_view kMagic = "GHOST-OUTBOX 1\n";
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

Blob or_empty(const Blob& blob) {
  return blob == nullptr ? make_blob("") : blob;
}

}  // namespace

// Magic, SHA-256 of the rest, then frames with a 32-bit length (little endian) each: PutResults of
// the one item, verdict, diff, and PutEvents messages.
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
  out += body;
  return out;
}

Result<OutboxItem> decode_outbox_item(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return broken("not of this kind or version");
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < kDigestBytes) return broken("cut short");
  const std::string_view digest = bytes.substr(0, kDigestBytes);
  bytes.remove_prefix(kDigestBytes);
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
  if (Status made = make_dirs(dir, 0700); !made) return made.error();
  return std::unique_ptr<Outbox>(new Outbox(dir));
}

std::string Outbox::path_of(const LeaseRef& lease) const {
  return dir_ + "/" + std::to_string(lease.job) + "-" + std::to_string(lease.epoch) + "-" +
         std::to_string(lease.n) + std::string(kSuffix);
}

std::vector<OutboxLoaded> Outbox::load(std::vector<std::string>* bad) {
  std::vector<OutboxLoaded> found;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(dir_, fault), end; !fault && at != end;
       at.increment(fault)) {
    const std::string path = at->path().string();
    // What a crash left of a write is worth nothing.
    if (path.find(std::string(kSuffix) + ".tmp.") != std::string::npos) {
      ::unlink(path.c_str());
      continue;
    }
    if (at->path().extension() != kSuffix) continue;
    Result<std::string> bytes = read_file(path);
    Result<OutboxItem> item =
        bytes ? decode_outbox_item(*bytes) : Result<OutboxItem>(bytes.error());
    if (!item || path_of(item->item.lease) != dir_ + "/" + at->path().filename().string()) {
      ::rename(path.c_str(), (path + ".bad").c_str());
      bad->push_back(path + ": " + (item ? "named for another lease" : item.error().message));
      continue;
    }
    found.push_back({std::move(item->item), item->verdict->size() + item->diff->size(),
                     std::move(item->events)});
  }
  std::sort(found.begin(), found.end(), [](const OutboxLoaded& a, const OutboxLoaded& b) {
    return LeaseOrder{}(a.item.lease, b.item.lease);
  });
  return found;
}

Status Outbox::put(const OutboxItem& item) {
  const Status written =
      write_file_atomic(path_of(item.item.lease), encode_outbox_item(item), 0600);
  const std::lock_guard lock(mutex_);
  Cached cached{{or_empty(item.verdict), or_empty(item.diff)}, !written.ok()};
  cached_bytes_ += cached.bytes();
  cache_[item.item.lease] = std::move(cached);
  trim_cache();
  return written;
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
  // Not fsynced: an item that comes back after a crash is sent again and acked again.
  ::unlink(path_of(lease).c_str());
}

}  // namespace ghost::runner
