#include "patch/binary.h"

#include <zlib.h>

#include <array>
#include <functional>

#include "patch/chars.h"

namespace ghost::patch {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

constexpr std::array<int8_t, 256> make_digits() {
  std::array<int8_t, 256> digits{};
  for (auto& d : digits) d = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return digits;
}
constexpr std::array<int8_t, 256> kDigits = make_digits();

Error corrupt(const char* why) {
  return {"bad_field", std::string("the binary hunk is damaged: ") + why, ""};
}

// One row: a letter for the number of bytes, then groups of five digits for four bytes each.
bool decode_row(std::string_view row, std::array<unsigned char, 64>& out, size_t& size) {
  if (row.empty()) return false;
  const char letter = row[0];
  if (letter >= 'A' && letter <= 'Z') {
    size = static_cast<size_t>(letter - 'A') + 1;
  } else if (letter >= 'a' && letter <= 'z') {
    size = static_cast<size_t>(letter - 'a') + 27;
  } else {
    return false;
  }
  row.remove_prefix(1);
  const size_t most = row.size() / 5 * 4;
  if (row.size() % 5 != 0 || most < size || size + 4 <= most || most > out.size()) return false;
  size_t made = 0;
  for (size_t at = 0; at < row.size(); at += 5) {
    uint64_t group = 0;
    for (size_t i = 0; i < 5; ++i) {
      const int digit = kDigits[static_cast<unsigned char>(row[at + i])];
      if (digit < 0) return false;
      group = group * 85 + static_cast<uint64_t>(digit);
    }
    if (group > 0xffffffff) return false;
    for (int shift = 24; shift >= 0; shift -= 8) {
      out[made++] = static_cast<unsigned char>(group >> shift);
    }
  }
  return true;
}

// Inflates the rows and feeds what comes out to `take`, which gives false to stop.
bool inflate_rows(std::string_view rows, const std::function<bool(const char*, size_t)>& take) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return false;
  std::array<unsigned char, 64> packed{};
  std::array<char, 16384> plain{};
  int state = Z_OK;
  bool ok = true;
  LineCursor lines{rows};
  while (ok && lines.next()) {
    size_t size = 0;
    ok = decode_row(lines.line.substr(0, lines.line.size() - 1), packed, size);
    stream.next_in = packed.data();
    stream.avail_in = static_cast<uInt>(size);
    // git ignores what stands behind the end of the stream.
    while (ok && state != Z_STREAM_END) {
      stream.next_out = reinterpret_cast<Bytef*>(plain.data());
      stream.avail_out = plain.size();
      state = inflate(&stream, Z_NO_FLUSH);
      const size_t made = plain.size() - stream.avail_out;
      if (state == Z_BUF_ERROR && made == 0) {
        state = Z_OK;  // wants the next row
        break;
      }
      ok = (state == Z_OK || state == Z_STREAM_END) && take(plain.data(), made);
      if (stream.avail_in == 0 && stream.avail_out != 0) break;
    }
  }
  inflateEnd(&stream);
  return ok && state == Z_STREAM_END;
}

// A size in a delta's head: seven bits a byte, lowest first.
bool read_size(std::string_view delta, size_t& at, uint64_t& size) {
  size = 0;
  for (int shift = 0; at < delta.size() && shift < 63; shift += 7) {
    const auto byte = static_cast<unsigned char>(delta[at++]);
    size |= uint64_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

}  // namespace

Result<std::string> decode_binary(std::string_view rows, uint64_t size) {
  std::string out;
  const bool ok = inflate_rows(rows, [&](const char* bytes, size_t count) {
    if (out.size() + count > size) return false;
    out.append(bytes, count);
    return true;
  });
  if (!ok || out.size() != size) return corrupt("it does not inflate to the size it declares");
  return out;
}

bool check_binary(std::string_view rows, uint64_t size) {
  uint64_t made = 0;
  const bool ok = inflate_rows(rows, [&](const char*, size_t count) {
    made += count;
    return made <= size;
  });
  return ok && made == size;
}

Result<std::string> apply_delta(std::string_view source, std::string_view delta,
                                uint64_t bytes_max) {
  size_t at = 0;
  uint64_t source_size = 0, target_size = 0;
  if (!read_size(delta, at, source_size) || !read_size(delta, at, target_size)) {
    return corrupt("the delta's head cannot be read");
  }
  if (source_size != source.size()) return corrupt("the delta is for a file of another size");
  if (target_size > bytes_max) return Error{"too_large", "the delta makes too large a file", ""};
  std::string out;
  out.reserve(target_size);
  while (at < delta.size()) {
    const auto op = static_cast<unsigned char>(delta[at++]);
    if (op == 0) return corrupt("the delta has an unknown instruction");
    uint64_t offset = 0, size = op;
    if (op & 0x80) {
      size = 0;
      for (int bit = 0; bit < 7; ++bit) {
        if (!(op >> bit & 1)) continue;
        if (at >= delta.size()) return corrupt("the delta is cut short");
        const uint64_t byte = static_cast<unsigned char>(delta[at++]);
        if (bit < 4) {
          offset |= byte << (8 * bit);
        } else {
          size |= byte << (8 * (bit - 4));
        }
      }
      if (size == 0) size = 0x10000;
    }
    if (size > target_size - out.size()) return corrupt("the delta makes more than it declares");
    if (op & 0x80) {
      if (offset > source.size() || size > source.size() - offset) {
        return corrupt("the delta copies from outside the file");
      }
      out.append(source.substr(offset, size));
    } else {
      if (size > delta.size() - at) return corrupt("the delta is cut short");
      out.append(delta.substr(at, size));
      at += size;
    }
  }
  if (out.size() != target_size) return corrupt("the delta makes less than it declares");
  return out;
}

}  // namespace ghost::patch
