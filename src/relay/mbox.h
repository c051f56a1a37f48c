// A result as a mail that `git am` takes. Pure; any thread.
#pragma once

#include <string>

#include "base/time.h"

namespace ghost::relay {

struct Mail {
  std::string commit;  // 40 hex digits; empty: none was made
  std::string author_name, author_email;
  WallMs date = 0;
  std::string message;  // first line: the subject
  std::string diff;
};

// mboxrd-like: one "From " line, headers (RFC 5322, encoded words of RFC 2047), message, "---",
// diff. Bodies that are not plain UTF-8 lines travel as base64, which git decodes byte for byte.
std::string make_mail(const Mail& mail);

}  // namespace ghost::relay
