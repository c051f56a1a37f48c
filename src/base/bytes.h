// Small pure helpers over bytes: hex, base64, SHA-256, UTF-8 check. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ghost {

// Immutable bytes shared without copying: payloads pass from socket to store and back as these.
using Blob = std::shared_ptr<const std::string>;
inline Blob make_blob(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

std::string to_hex(std::string_view bytes);
// Empty on an odd length or a character that is no hex digit.
std::string from_hex(std::string_view hex);

std::string base64_encode(std::string_view bytes);
// RFC 4648 section 4, padding required, line breaks ignored; error code "bad_field".
Result<std::string> base64_decode(std::string_view text);

std::string sha256(std::string_view bytes);  // 32 raw bytes
inline std::string sha256_hex(std::string_view bytes) {
  return to_hex(sha256(bytes));
}

// SHA-1 of `head` followed by `bytes`, 20 raw bytes: ids of git objects, nothing that needs trust.
std::string sha1(std::string_view head, std::string_view bytes);

// Streams bytes into a SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  std::string finish_hex();  // once

 private:
  void* ctx_;
};

// Takes as long for any two texts of one length.
bool same_secret(std::string_view a, std::string_view b);

bool is_utf8(std::string_view bytes);  // RFC 3629: no surrogates, no overlong forms

}  // namespace ghost
