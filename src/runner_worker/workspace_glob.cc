#include <algorithm>
#include <string>
#include <vector>

#include "runner_worker/sandbox.h"

namespace ghost::runner {
namespace {

bool is_twice(std::string_view glob, size_t at) {
  return at + 1 < glob.size() && glob[at + 1] == '*';
}

// Adds the positions that are reached without consuming a character: a star may stand for nothing,
// and "**/" for no folder at all where a name of the path begins.
void skip_stars(std::string_view glob, bool name_begins, std::vector<bool>* on) {
  for (size_t at = 0; at < glob.size(); ++at) {
    if (!(*on)[at] || glob[at] != '*') continue;
    const bool twice = is_twice(glob, at);
    const size_t after = at + (twice ? 2 : 1);
    (*on)[after] = true;
    const bool whole_names = twice && (at == 0 || glob[at - 1] == '/');
    if (name_begins && whole_names && after < glob.size() && glob[after] == '/') {
      (*on)[after + 1] = true;
    }
  }
}

}  // namespace

// All positions of the glob are followed at once, so the time is bounded by the product of both
// lengths whatever the glob.
bool glob_match(std::string_view glob, std::string_view path) {
  std::vector<bool> on(glob.size() + 1), next(glob.size() + 1);
  on[0] = true;
  skip_stars(glob, true, &on);
  for (const char c : path) {
    next.assign(glob.size() + 1, false);
    for (size_t at = 0; at < glob.size(); ++at) {
      if (!on[at]) continue;
      if (glob[at] == '*') {
        // Stays where it is: the star takes the character and may take more.
        if (is_twice(glob, at) || c != '/') next[at] = true;
      } else if (glob[at] == c || (glob[at] == '?' && c != '/')) {
        next[at + 1] = true;
      }
    }
    skip_stars(glob, c == '/', &next);
    on.swap(next);
  }
  return on[glob.size()];
}

bool glob_may_match_below(const std::vector<std::string>& globs, std::string_view folder) {
  const std::string prefix = std::string(folder) + "/";
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const std::string_view literal = std::string_view(glob).substr(0, glob.find_first_of("*?"));
    return literal.starts_with(prefix) || prefix.starts_with(literal);
  });
}

}  // namespace ghost::runner
