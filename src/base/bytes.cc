#include "base/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>
#include <memory>

namespace ghost {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

std::string from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return {};
  std::string out;
  out.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t a = static_cast<unsigned char>(bytes[i]);
    const uint32_t b = left > 1 ? static_cast<unsigned char>(bytes[i + 1]) : 0;
    const uint32_t c = left > 2 ? static_cast<unsigned char>(bytes[i + 2]) : 0;
    const uint32_t group = a << 16 | b << 8 | c;
    out += kBase64[group >> 18 & 63];
    out += kBase64[group >> 12 & 63];
    out += left > 1 ? kBase64[group >> 6 & 63] : '=';
    out += left > 2 ? kBase64[group & 63] : '=';
  }
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  const Error bad{"bad_field", "expected base64 (RFC 4648) with padding", ""};
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  int filled = 0, padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const int digit = base64_digit(c);
    if (c == '=') {
      if (filled < 2) return bad;
      ++padding;
    } else if (digit < 0 || padding > 0) {
      return bad;
    }
    group = group << 6 | static_cast<uint32_t>(digit < 0 ? 0 : digit);
    if (++filled < 4) continue;
    out += static_cast<char>(group >> 16 & 255);
    if (padding < 2) out += static_cast<char>(group >> 8 & 255);
    if (padding < 1) out += static_cast<char>(group & 255);
    group = 0;
    filled = 0;
    // A second group after padding would be caught above: only '=' could follow, at filled < 2.
  }
  if (filled != 0) return bad;
  return out;
}

namespace {

// EVP_sha256() is looked up by its name for each digest, which costs as much as a kilobyte does.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  struct Free {
    void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
  };
  // One to make and free takes as long as half a kilobyte does.
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> ctx(EVP_MD_CTX_new());
  std::string out(32, '\0');
  unsigned size = 0;
  GHOST_CHECK(EVP_DigestInit_ex(ctx.get(), sha256_method(), nullptr) == 1);
  EVP_DigestUpdate(ctx.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &size);
  GHOST_CHECK(size == 32);
  return out;
}

std::string sha1(std::string_view head, std::string_view bytes) {
  std::string out(20, '\0');
  unsigned size = 0;
  EVP_MD_CTX* ctx = EVP_MD_CTX_new();
  GHOST_CHECK(EVP_DigestInit_ex(ctx, EVP_sha1(), nullptr) == 1);
  EVP_DigestUpdate(ctx, head.data(), head.size());
  EVP_DigestUpdate(ctx, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(ctx, reinterpret_cast<unsigned char*>(out.data()), &size);
  EVP_MD_CTX_free(ctx);
  GHOST_CHECK(size == 20);
  return out;
}

Sha256::Sha256() : ctx_(EVP_MD_CTX_new()) {
  GHOST_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(ctx_), sha256_method(), nullptr) == 1);
}
Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(ctx_));
}
void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(ctx_), bytes.data(), bytes.size());
}
std::string Sha256::finish_hex() {
  unsigned char out[32];
  unsigned size = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(ctx_), out, &size);
  return to_hex({reinterpret_cast<char*>(out), size});
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_utf8(std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = p + bytes.size();
  while (p < end) {
    if (*p < 0x80) {
      // Most text is ASCII: eight bytes at a time.
      uint64_t eight;
      for (; end - p >= 8; p += 8) {
        std::memcpy(&eight, p, 8);
        if ((eight & 0x8080808080808080) != 0) break;
      }
      while (p < end && *p < 0x80) ++p;
      continue;
    }
    int extra;
    uint32_t point, least;
    if ((*p & 0xe0) == 0xc0) {
      extra = 1, point = *p & 0x1f, least = 0x80;
    } else if ((*p & 0xf0) == 0xe0) {
      extra = 2, point = *p & 0x0f, least = 0x800;
    } else if ((*p & 0xf8) == 0xf0) {
      extra = 3, point = *p & 0x07, least = 0x10000;
    } else {
      return false;
    }
    if (end - p <= extra) return false;
    for (int i = 1; i <= extra; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
      point = point << 6 | (p[i] & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    p += extra + 1;
  }
  return true;
}

}  // namespace ghost
