#define PCRE2_CODE_UNIT_WIDTH 8
#include "patch/regex.h"

#include <pcre2.h>

#include <algorithm>

#include "base/bytes.h"
#include "patch/chars.h"

namespace ghost::patch {
namespace {
// Backtracking steps that a match may take at first, at each byte where it could begin; it is tried
// again with eight times as many until the budget ends, so that what is charged is near to what was
// spent.
constexpr uint32_t kFirstMatchLimit = 16;
constexpr uint32_t kHeapLimitKib = 32 * 1024;
constexpr size_t kPatternBytesMax = 64 * 1024;
}  // namespace

struct Regex::State {
  pcre2_code* code = nullptr;
  ~State() { pcre2_code_free(code); }
};

Regex::Regex(std::unique_ptr<State> state) : state_(std::move(state)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern, bool utf8) {
  if (pattern.size() > kPatternBytesMax) return Error{"bad_field", "the regex is too long", ""};
  uint32_t options = PCRE2_MULTILINE | PCRE2_ALT_BSUX | PCRE2_NEVER_BACKSLASH_C |
                     PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOLLAR_ENDONLY;
  if (utf8 && is_utf8(pattern)) options |= PCRE2_UTF;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_parens_nest_limit(context, 100);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto state = std::make_unique<State>();
  state->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                              &code, &offset, context);
  pcre2_compile_context_free(context);
  if (!state->code) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(code, text, sizeof text);
    return Error{"bad_field",
                 "the regex is malformed at character " + std::to_string(offset + 1) + ": " +
                     reinterpret_cast<const char*>(text),
                 ""};
  }
  return Regex(std::move(state));
}

namespace {

void expand(std::string& out, std::string_view replacement, std::string_view text,
            const PCRE2_SIZE* at, uint32_t groups) {
  const auto group = [&](uint32_t n) {
    if (at[2 * n] == PCRE2_UNSET) return std::string_view();
    return text.substr(at[2 * n], at[2 * n + 1] - at[2 * n]);
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (c != '$') {
      out += c;
    } else if (next == '$') {
      out += '$';
      ++i;
    } else if (next == '&') {
      out += group(0);
      ++i;
    } else if (is_digit(next)) {
      uint32_t n = static_cast<uint32_t>(next - '0');
      size_t digits = 1;
      if (i + 2 < replacement.size() && is_digit(replacement[i + 2])) {
        const uint32_t two = n * 10 + static_cast<uint32_t>(replacement[i + 2] - '0');
        if (two < groups) n = two, digits = 2;
      }
      if (n == 0 || n >= groups) {
        out += c;  // no such group: stands for itself
      } else {
        out += group(n);
        i += digits;
      }
    } else {
      out += c;
    }
  }
}

// One match from `from`; charges the budget. PCRE2 counts steps anew at each byte.
int match_once(const pcre2_code* code, std::string_view text, size_t from, pcre2_match_data* match,
               pcre2_match_context* context, Budget& budget) {
  const uint64_t bytes = text.size() - from + 1;
  for (uint64_t limit = kFirstMatchLimit; limit < 0xffffffff; limit *= 8) {
    if (bytes * limit > budget.search_steps_left) break;
    pcre2_set_match_limit(context, static_cast<uint32_t>(limit));
    const int result = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                   from, PCRE2_NO_UTF_CHECK, match, context);
    const size_t begin = result >= 0 ? pcre2_get_ovector_pointer(match)[0] : text.size();
    budget.take_steps((std::max(begin, from) - from + 1) * limit);
    if (result != PCRE2_ERROR_MATCHLIMIT) return result;
  }
  return PCRE2_ERROR_MATCHLIMIT;
}

}  // namespace

Result<Regex::Replaced> Regex::replace_all(std::string_view text, std::string_view replacement,
                                           size_t bytes_max, uint64_t matches_max,
                                           Budget& budget) const {
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_match_data* match = pcre2_match_data_create_from_pattern(state_->code, nullptr);
  pcre2_set_heap_limit(context, kHeapLimitKib);
  const uint32_t groups = pcre2_get_ovector_count(match);
  const PCRE2_SIZE* at = pcre2_get_ovector_pointer(match);
  Replaced out;
  size_t copied = 0;
  int result = 0;
  for (size_t from = 0; from <= text.size() && out.text.size() <= bytes_max;) {
    result = match_once(state_->code, text, from, match, context, budget);
    // Only \K in a lookahead ends a match before it begins.
    if (result >= 0 && at[1] < at[0]) result = PCRE2_ERROR_BADREPLACEMENT;
    if (result < 0 || ++out.matches > matches_max) break;
    if (out.matches == 1) {
      const auto begin = text.begin();
      out.first_line =
          1 + static_cast<uint64_t>(std::count(begin, begin + static_cast<ptrdiff_t>(at[0]), '\n'));
    }
    out.text += text.substr(copied, at[0] - copied);
    expand(out.text, replacement, text, at, groups);
    copied = from = at[1];
    // After an empty match one character is passed over, in whole UTF-8 sequences.
    if (at[0] == at[1]) {
      do ++from;
      while (from < text.size() && (text[from] & 0xc0) == 0x80);
    }
  }
  pcre2_match_data_free(match);
  pcre2_match_context_free(context);
  if (out.text.size() > bytes_max) {
    return Error{"too_large", "the replacement makes the file too large", ""};
  }
  if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
    return Error{"too_large", "the regex costs more than it may on this file", ""};
  }
  out.text += text.substr(std::min(copied, text.size()));
  return out;
}

}  // namespace ghost::patch
