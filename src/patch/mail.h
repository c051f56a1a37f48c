// A mailbox of `git format-patch` mails: split, MIME decoded, and each cut into author, date,
// message and diff as `git am` does (git-mailinfo(1); RFC 2045, 2047, 5322). In-body headers and
// scissors ("-- >8 --": what stands before is no part of the message) count. Owner of iconv. Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patch/fault.h"

namespace ghost::patch {

struct Mail {
  uint64_t line = 0;       // patch line where the mail begins
  uint64_t diff_line = 0;  // and where its diff does
  std::string author_name, author_email, date;
  std::string message;  // UTF-8, cleaned: subject, blank line, body
  std::string diff;     // decoded
};

// The mails in order. False with a fault when the text holds none, or one cannot be read.
bool parse_mails(std::string_view text, std::vector<Mail>& mails, Faults& faults);

// "Tue, 3 Jun 2008 10:20:30 +0200", "2008-06-03 10:20:30 +0200", "@1212481230 +0200"
struct MailDate {
  int64_t unix_seconds = 0;
  int tz_minutes = 0;
};
bool parse_mail_date(std::string_view text, MailDate& date);

}  // namespace ghost::patch
