// The commit objects that a job makes: the same bytes for the same job, whichever attempt and
// runner makes them. Pure text; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "patch/object_store.h"

namespace ghost::runner {

// Who commits, and who is the author where nobody is named.
inline constexpr const char* kGhostName = "Ghost";
inline constexpr const char* kGhostEmail = "ghost@localhost";

struct CommitText {
  patch::Oid tree;
  std::vector<patch::Oid> parents;
  std::string author_name, author_email;  // empty name: Ghost
  std::string author_date;                // "1700000000 +0200", empty: accepted_ms
  WallMs accepted_ms = 0;
  std::string message;
};

// The whole commit object. What would break its header (newlines, angle brackets) is left out of
// names; a message ends with one newline.
std::string commit_object(const CommitText& commit);

}  // namespace ghost::runner
