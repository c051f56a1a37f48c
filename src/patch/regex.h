// Regular expressions with bounded cost. Owner of PCRE2. One thread an object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "patch/fault.h"

namespace ghost::patch {

class Regex {
 public:
  // ECMAScript syntax, as far as PCRE2 has it; '^' and '$' match at lines. `utf8`: the texts will
  // be UTF-8, and '.' is a character, else a byte. Error code "bad_field".
  static Result<Regex> compile(std::string_view pattern, bool utf8);
  ~Regex();
  Regex(Regex&&) noexcept;

  struct Replaced {
    std::string text;
    uint64_t matches = 0;
    uint64_t first_line = 0;  // 1-based line of the first match
  };
  // Every match replaced; $1 to $99, $& and $$ in `replacement` as in ECMAScript. Stops behind
  // `matches_max` matches: there are more then. An Error "too_large" when matching costs more than
  // the budget or the text would grow past `bytes_max`.
  Result<Replaced> replace_all(std::string_view text, std::string_view replacement,
                               size_t bytes_max, uint64_t matches_max, Budget& budget) const;

 private:
  struct State;
  explicit Regex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ghost::patch
