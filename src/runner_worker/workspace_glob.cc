#include <vector>

#include "runner_worker/sandbox.h"

namespace ghost::runner {
namespace {

// The set of glob positions reachable without consuming a character: a star may stand for nothing,
// and "**/" for no folder at all.
void add_position(std::string_view glob, size_t at, std::vector<bool>* on) {
  while (!(*on)[at]) {
    (*on)[at] = true;
    if (at == glob.size() || glob[at] != '*') return;
    const bool twice = at + 1 < glob.size() && glob[at + 1] == '*';
    const size_t after = at + (twice ? 2 : 1);
    const bool starts_component = at == 0 || glob[at - 1] == '/';
    if (twice && starts_component && after < glob.size() && glob[after] == '/') {
      add_position(glob, after + 1, on);
    }
    at = after;
  }
}

}  // namespace

// All positions of the glob are followed at once, so the time is bounded by the product of both
// lengths whatever the glob.
bool glob_match(std::string_view glob, std::string_view path) {
  std::vector<bool> on(glob.size() + 1), next(glob.size() + 1);
  add_position(glob, 0, &on);
  for (const char c : path) {
    next.assign(glob.size() + 1, false);
    for (size_t at = 0; at < glob.size(); ++at) {
      if (!on[at]) continue;
      if (glob[at] == '*') {
        const bool twice = at + 1 < glob.size() && glob[at + 1] == '*';
        // Stays where it is: the star takes the character and may take more.
        if (twice || c != '/') add_position(glob, at, &next);
      } else if (glob[at] == c || (glob[at] == '?' && c != '/')) {
        add_position(glob, at + 1, &next);
      }
    }
    on.swap(next);
  }
  return on[glob.size()];
}

}  // namespace ghost::runner
