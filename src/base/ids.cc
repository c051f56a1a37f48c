#include "base/ids.h"

#include <pthread.h>
#include <sys/random.h>

#include <cstring>

namespace ghost {
namespace {

// Random bytes in advance, for what needs a few of them often: to ask the kernel costs more than
// all else of an id. A forked child asks anew.
struct Pool {
  static constexpr size_t kBytes = 1024;
  unsigned char bytes[kBytes];
  size_t left = 0;
};
thread_local Pool pool;

const unsigned char* pooled(size_t count) {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { pool.left = 0; });
  (void)registered;
  if (pool.left < count) {
    const std::string fresh = random_bytes(Pool::kBytes);
    std::memcpy(pool.bytes, fresh.data(), Pool::kBytes);
    pool.left = Pool::kBytes;
  }
  pool.left -= count;
  return pool.bytes + pool.left;
}

}  // namespace

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t n = getrandom(out.data() + done, count - done, 0);
    if (n > 0) done += static_cast<size_t>(n);
  }
  return out;
}

uint64_t random_u64() {
  uint64_t value;
  std::memcpy(&value, random_bytes(sizeof value).data(), sizeof value);
  return value;
}

std::string mint_ulid(WallMs now) {
  static const char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out(26, '0');
  uint64_t time = static_cast<uint64_t>(now);
  for (int i = 9; i >= 0; --i, time >>= 5) out[static_cast<size_t>(i)] = kDigits[time & 31];
  const unsigned char* const random = pooled(16);
  for (size_t i = 0; i < 16; ++i) out[10 + i] = kDigits[random[i] & 31];
  return out;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && (i == 0 || (c != '.' && c != '_' && c != '-'))) return false;
  }
  return true;
}

}  // namespace ghost
