// The reader of mailboxes: MIME, encoded words, in-body headers, scissors, dates.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "patch/mail.h"

using namespace ghost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<patch::Mail> mails;
  patch::Faults faults;
  const bool ok = patch::parse_mails({reinterpret_cast<const char*>(data), size}, mails, faults);
  GHOST_CHECK(ok == faults.empty());
  for (const patch::Mail& mail : mails) {
    GHOST_CHECK(!ok || !mail.diff.empty());
    GHOST_CHECK(mail.author_name.find('\0') == std::string::npos);
    patch::MailDate date;
    patch::parse_mail_date(mail.date, date);
  }
  return 0;
}
