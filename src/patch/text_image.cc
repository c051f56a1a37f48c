#include "patch/text_image.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/ids.h"
#include "patch/chars.h"

namespace ghost::patch {

namespace {

// Keyed, so that nobody can make up lines that collide.
uint64_t hash_key() {
  static const uint64_t key = random_u64() | 1;
  return key;
}

template <typename Word>
uint64_t load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Up to seven bytes as one number. Most lines of a file made to be expensive are as short.
uint64_t load_few(const char* at, size_t bytes) {
  uint64_t out = 0;
  if (bytes & 4) out = load<uint32_t>(at), at += 4;
  if (bytes & 2) out = out << 16 | load<uint16_t>(at), at += 2;
  if (bytes & 1) out = out << 8 | load<uint8_t>(at);
  return out;
}

uint32_t hash_line(std::string_view line, uint64_t key) {
  uint64_t state = key ^ line.size();
  const char* p = line.data();
  size_t left = line.size();
  const auto mix = [&](uint64_t word) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(state ^ word) * 0x9e3779b97f4a7c15ull;
    state = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ key;
  };
  for (; left >= 8; p += 8, left -= 8) mix(load<uint64_t>(p));
  mix(load_few(p, left) ^ (uint64_t{left} << 56));
  return static_cast<uint32_t>(state ^ state >> 32);
}

bool open_ended(const Lines& lines) {
  return !lines.empty() && (lines.back().empty() || lines.back().back() != '\n');
}

// git's odd rule for a last line without newline: the file's line may go on with white space.
bool goes_on_blank(std::string_view have, std::string_view want) {
  if (!have.starts_with(want)) return false;
  have.remove_prefix(want.size());
  return std::all_of(have.begin(), have.end(), is_space);
}

}  // namespace

TextImage::TextImage(std::string_view original) : original_(original) {
  GHOST_CHECK(original.size() < 0xffffffff);
  starts_.reserve(static_cast<size_t>(std::count(original.begin(), original.end(), '\n')) + 2);
  starts_.push_back(0);
  size_t at = 0;
  // Eight bytes at a time, the first the lowest: a line feed has its highest bit set in `ends`.
  for (; original.size() - at >= 8; at += 8) {
    constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7full;
    uint64_t zero_at_ends = load<uint64_t>(original.data() + at) ^ 0x0a0a0a0a0a0a0a0aull;
    if (std::endian::native == std::endian::big) zero_at_ends = __builtin_bswap64(zero_at_ends);
    uint64_t ends = ~(((zero_at_ends & kLow) + kLow) | zero_at_ends | kLow);
    for (; ends != 0; ends &= ends - 1) {
      starts_.push_back(static_cast<uint32_t>(at) + (std::countr_zero(ends) >> 3) + 1);
    }
  }
  for (; at < original.size(); ++at) {
    if (original[at] == '\n') starts_.push_back(static_cast<uint32_t>(at) + 1);
  }
  if (starts_.back() != original.size()) starts_.push_back(static_cast<uint32_t>(original.size()));
  count_ = original_line_count();
  if (count_ > 0) pieces_.push_back({0, count_, false, 0});
}

size_t TextImage::piece_at(uint32_t line) const {
  if (line >= count_) return pieces_.size();
  // Hunks mostly come in order, so the last pieces are asked for most.
  size_t low = 0, high = pieces_.size();
  while (high - low > 1) {
    const size_t middle = pieces_[high - 1].at <= line ? high - 1 : (low + high) / 2;
    (pieces_[middle].at <= line ? low : high) = middle;
  }
  return low;
}

bool TextImage::match_original(const Lines& lines, uint32_t source) const {
  const size_t last = lines.size() - 1;
  for (size_t i = 0; i < last; ++i) {
    if (original_line(source + static_cast<uint32_t>(i)) != lines[i]) return false;
  }
  const std::string_view have = original_line(source + static_cast<uint32_t>(last));
  return have == lines[last] || (open_ended(lines) && goes_on_blank(have, lines[last]));
}

bool TextImage::matches(const Lines& lines, uint32_t at, bool at_end) const {
  if (at > count_ || lines.size() > count_ - at) return false;
  if (at_end && at + lines.size() != count_) return false;
  if (lines.empty()) return true;
  const Piece& piece = pieces_[piece_at(at)];
  if (piece.patched || at + lines.size() > piece.at + piece.lines) return false;
  const uint32_t source = piece.source + (at - piece.at);
  if (!match_original(lines, source)) return false;
  return !at_end || original_line(source + static_cast<uint32_t>(lines.size()) - 1) == lines.back();
}

const std::vector<uint32_t>& TextImage::hashes() {
  if (hashes_.empty()) {
    const uint64_t key = hash_key();
    hashes_.reserve(original_line_count());
    for (uint32_t i = 0; i < original_line_count(); ++i) {
      hashes_.push_back(hash_line(original_line(i), key));
    }
  }
  return hashes_;
}

// Fills pattern_ and chooses the anchor: a long line is the likeliest to be rare. A last line
// without newline is never compared by hash.
void TextImage::hash_lines_of(const Lines& lines) {
  const uint64_t key = hash_key();
  pattern_.clear();
  anchor_ = 0;
  size_t longest = 0;
  const size_t hashed = lines.size() - (open_ended(lines) ? 1 : 0);
  for (size_t i = 0; i < hashed; ++i) {
    pattern_.push_back(hash_line(lines[i], key));
    const size_t size = trim(lines[i]).size();
    if (size > longest) longest = size, anchor_ = i;
  }
}

// The first match among present lines [begin, end) in one direction. Gives up, finding nothing,
// when `work` passes `work_max`.
std::optional<uint32_t> TextImage::scan(const Lines& lines, uint32_t begin, uint32_t end,
                                        bool forward, uint64_t& work, uint64_t work_max) {
  const auto size = static_cast<uint32_t>(lines.size());
  const std::vector<uint32_t>& have = hashes();
  const size_t hashed = pattern_.size();
  while (begin < end && work <= work_max) {
    const Piece& piece = pieces_[piece_at(forward ? begin : end - 1)];
    const uint32_t low = std::max(begin, piece.at);
    const uint32_t high = std::min(end, piece.at + piece.lines);
    (forward ? begin : end) = forward ? high : low;
    work += 1;
    if (piece.patched || piece.lines < size) continue;
    const uint32_t stop = std::min(high, piece.at + piece.lines - size + 1);
    work += stop > low ? stop - low : 0;
    for (uint32_t i = 0; low + i < stop && work <= work_max; ++i) {
      const uint32_t at = forward ? low + i : stop - 1 - i;
      const uint32_t source = piece.source + (at - piece.at);
      if (hashed > 0 && have[source + anchor_] != pattern_[anchor_]) continue;
      size_t same = 0;
      while (same < hashed && have[source + same] == pattern_[same]) ++same;
      work += same;
      if (same == hashed && match_original(lines, source)) return at;
    }
  }
  return std::nullopt;
}

std::optional<uint32_t> TextImage::nearest(const Lines& lines, uint32_t from, Budget& budget) {
  if (lines.size() > count_) return std::nullopt;
  from = std::min(from, count_);
  if (lines.empty()) return from;
  hash_lines_of(lines);
  uint64_t work = 0;
  const uint64_t patience = 4ull * count_ + 1000;
  const auto found = scan_outward(lines, from, work, patience);
  if (!budget.take_steps(std::min(work, patience))) return std::nullopt;
  // Many near misses: go over to a search that looks at each line once.
  return work > patience ? nearest_by_automaton(lines, from, budget) : found;
}

std::optional<uint32_t> TextImage::scan_outward(const Lines& lines, uint32_t from, uint64_t& work,
                                                uint64_t work_max) {
  uint32_t up = from, down = from;  // [down, up) has been looked at
  for (uint32_t chunk = 64; up < count_ || down > 0; chunk = std::min(chunk * 2, 1u << 20)) {
    const uint32_t up_to = count_ - up < chunk ? count_ : up + chunk;
    const uint32_t down_to = down < chunk ? 0 : down - chunk;
    auto above = scan(lines, up, up_to, true, work, work_max);
    auto below = scan(lines, down_to, down, false, work, work_max);
    // One side may end earlier than the other; look where the other could still be nearer.
    if (above && !below && *above - from > from - down_to) {
      const uint32_t reach = *above - from;
      below = scan(lines, from >= reach ? from - reach + 1 : 0, down_to, false, work, work_max);
    } else if (below && !above && from - *below >= up_to - from) {
      const uint64_t end = uint64_t{from} + (from - *below) + 1;
      const auto last = static_cast<uint32_t>(std::min<uint64_t>(count_, end));
      above = scan(lines, up_to, last, true, work, work_max);
    }
    if (above && below) return *above - from <= from - *below ? above : below;
    if (above || below || work > work_max) return above ? above : below;
    up = up_to, down = down_to;
  }
  return std::nullopt;
}

// Knuth, Morris and Pratt over the hashes of each original piece: every place where all hashes
// agree, in order, until `take` gives false.
template <typename Take>
void TextImage::walk_matches(const Lines& lines, Take take) {
  const std::vector<uint32_t>& have = hashes();
  const size_t hashed = pattern_.size();
  std::vector<uint32_t> border(hashed + 1, 0);
  for (size_t i = 1, k = 0; i < hashed; ++i) {
    while (k > 0 && pattern_[i] != pattern_[k]) k = border[k];
    if (pattern_[i] == pattern_[k]) ++k;
    border[i + 1] = static_cast<uint32_t>(k);
  }
  const bool open = open_ended(lines);
  for (const Piece& piece : pieces_) {
    if (piece.patched || piece.lines < lines.size()) continue;
    size_t k = 0;
    for (uint32_t i = 0; i < piece.lines; ++i) {
      while (k > 0 && (k == hashed || have[piece.source + i] != pattern_[k])) k = border[k];
      if (k < hashed && have[piece.source + i] == pattern_[k]) ++k;
      if (k < hashed) continue;
      // With nothing hashed (one line without newline) every line is a place to look at.
      const uint32_t offset = hashed == 0 ? i : i + 1 - static_cast<uint32_t>(hashed);
      if (offset + lines.size() > piece.lines) break;
      const auto last = piece.source + offset + static_cast<uint32_t>(lines.size()) - 1;
      if (open && !goes_on_blank(original_line(last), lines.back())) continue;
      if (!take(piece.at + offset, piece.source + offset)) return;
    }
  }
}

std::optional<uint32_t> TextImage::nearest_by_automaton(const Lines& lines, uint32_t from,
                                                        Budget& budget) {
  if (!budget.take_steps(2ull * count_ + lines.size())) return std::nullopt;
  std::optional<uint32_t> best;
  uint32_t best_source = 0;
  const auto distance = [&](uint32_t at) { return at >= from ? at - from : from - at; };
  walk_matches(lines, [&](uint32_t at, uint32_t source) {
    if (best && distance(at) > distance(*best)) return false;
    best = at, best_source = source;
    return true;
  });
  // Hashes are keyed: that they agree on a run of other lines does not happen in practice.
  return best && match_original(lines, best_source) ? best : std::nullopt;
}

std::vector<uint32_t> TextImage::all(const Lines& lines, size_t count_max, Budget& budget) {
  std::vector<uint32_t> found;
  if (lines.empty() || lines.size() > count_) return found;
  if (!budget.take_steps(2ull * count_ + lines.size())) return found;
  hash_lines_of(lines);
  walk_matches(lines, [&](uint32_t at, uint32_t) {
    found.push_back(at);
    return found.size() < count_max;
  });
  return found;
}

std::vector<uint32_t> TextImage::around(const Lines& lines, int64_t expected, size_t side_max,
                                        Budget& budget) {
  std::vector<uint32_t> before, behind;  // `before`: a ring of the last ones
  if (lines.empty() || lines.size() > count_) return behind;
  if (!budget.take_steps(2ull * count_ + lines.size())) return behind;
  hash_lines_of(lines);
  size_t next = 0;
  walk_matches(lines, [&](uint32_t at, uint32_t) {
    if (int64_t{at} >= expected) {
      behind.push_back(at);
    } else if (before.size() < side_max) {
      before.push_back(at);
    } else {
      before[next] = at;
      next = (next + 1) % side_max;
    }
    return behind.size() < side_max;
  });
  std::rotate(before.begin(), before.begin() + static_cast<ptrdiff_t>(next), before.end());
  before.insert(before.end(), behind.begin(), behind.end());
  return before;
}

void TextImage::replace(uint32_t at, uint32_t removed, std::string text, uint32_t lines) {
  std::vector<Piece> middle;
  size_t index = piece_at(at);
  size_t drop = 0;
  uint32_t tail_lines = 0, tail_source = 0;
  if (index < pieces_.size()) {
    const Piece piece = pieces_[index];
    const uint32_t head = at - piece.at;
    if (head == 0 && removed == 0) {
      // goes before this piece
    } else {
      GHOST_CHECK(!piece.patched && head + removed <= piece.lines);
      drop = 1;
      if (head > 0) middle.push_back({piece.at, head, false, piece.source});
      tail_lines = piece.lines - head - removed;
      tail_source = piece.source + head + removed;
    }
  }
  if (lines > 0) {
    texts_.push_back(std::move(text));
    middle.push_back({at, lines, true, static_cast<uint32_t>(texts_.size() - 1)});
  }
  if (tail_lines > 0) middle.push_back({at + lines, tail_lines, false, tail_source});
  const auto begin = pieces_.begin() + static_cast<ptrdiff_t>(index);
  const auto behind = pieces_.erase(begin, begin + static_cast<ptrdiff_t>(drop));
  const auto put = pieces_.insert(behind, middle.begin(), middle.end());
  for (auto it = put + static_cast<ptrdiff_t>(middle.size()); it != pieces_.end(); ++it) {
    it->at = it->at - removed + lines;
  }
  count_ = count_ - removed + lines;
}

uint32_t TextImage::original_line_at(uint32_t at) const {
  for (size_t i = piece_at(at); i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (!piece.patched) return piece.source + (std::max(at, piece.at) - piece.at);
  }
  return original_line_count();
}

std::optional<uint32_t> TextImage::present_line_of(uint32_t original) const {
  // Original pieces keep their order, so the last one that begins at or before it may hold it.
  const Piece* best = nullptr;
  for (const Piece& piece : pieces_) {
    if (!piece.patched && piece.source <= original) best = &piece;
  }
  if (!best || original >= best->source + best->lines) return std::nullopt;
  return best->at + (original - best->source);
}

size_t TextImage::text_size() const {
  size_t size = 0;
  for (const Piece& piece : pieces_) {
    size += piece.patched ? texts_[piece.source].size()
                          : starts_[piece.source + piece.lines] - starts_[piece.source];
  }
  return size;
}

std::string TextImage::text() const {
  std::string out;
  out.reserve(text_size());
  for (const Piece& piece : pieces_) {
    if (piece.patched) {
      out += texts_[piece.source];
    } else {
      out.append(original_.substr(starts_[piece.source],
                                  starts_[piece.source + piece.lines] - starts_[piece.source]));
    }
  }
  return out;
}

}  // namespace ghost::patch
