#include "patch/mail.h"

#include <array>
#include <optional>

#include "base/bytes.h"
#include "patch/chars.h"
#include "patch/mail_text.h"
#include "patch/mime.h"

namespace ghost::patch {
namespace {

constexpr size_t kBoundariesMax = 5;
constexpr size_t kHeaderBytesMax = 1u << 20;
constexpr size_t kConversionsMax = 500'000;  // each costs a microsecond, however short the line
enum Field { kFrom, kSubject, kDate, kFields };
constexpr std::array<std::string_view, kFields> kFieldNames = {"From", "Subject", "Date"};

// Reads one mail.
class MailReader {
 public:
  // `conversions`: lines of text that may yet be converted from another character set.
  MailReader(std::string_view text, uint64_t first_line, size_t& conversions, Faults& faults)
      : cursor_{text},
        first_line_(first_line),
        conversions_(conversions),
        faults_(faults),
        strip_cr_(text.substr(0, line_size(text)).ends_with("\r\n")) {}
  bool read(Mail& mail);

 private:
  using Fields = std::array<std::optional<std::string>, kFields>;
  enum class Transfer { kPlain, kQuoted, kBase64 };

  bool next_raw(std::string& line);
  bool read_header(std::string& line);
  bool take_header(std::string_view line, Fields& fields, bool overwrite);
  void body(std::string& line);
  bool is_boundary(std::string_view line) const {
    return !boundaries_.empty() && line.starts_with(boundaries_.back());
  }
  bool next_part(std::string& line);
  bool find_boundary(std::string& line);
  void decoded(std::string_view bytes);
  void flush_partial();
  void text_line(std::string_view line);
  void message_or_patch(std::string_view line);
  bool message_line(std::string_view line);
  bool in_body_header(std::string_view line);
  void flush_in_body();
  bool fail(std::string message) {
    if (!failed_) {
      faults_.add(refusal("bad_mail", "", first_line_ + cursor_.number, std::move(message)));
    }
    failed_ = true;
    return false;
  }

  LineCursor cursor_;
  uint64_t first_line_;
  size_t& conversions_;
  Faults& faults_;
  bool strip_cr_;  // the mail came with CRLF; else a carriage return belongs to the patch
  bool failed_ = false;
  Fields header_, in_body_;
  std::vector<std::string> boundaries_;
  std::string charset_;
  Transfer transfer_ = Transfer::kPlain;
  bool flowed_ = false, delete_space_ = false;
  std::string partial_;      // decoded bytes without a newline yet
  std::string flowed_text_;  // lines that the next one continues
  bool in_header_stage_ = true, in_patch_ = false;
  std::string accumulated_;  // an in-body header being folded
  std::string message_, diff_;
  uint64_t diff_line_ = 0;
};

// A line with its newline. The carriage returns of a mail in CRLF are dropped; git mailsplit drops
// others too, and with them what a patch for a CRLF file says.
bool MailReader::next_raw(std::string& line) {
  if (!cursor_.next()) return false;
  line.assign(cursor_.line);
  if (strip_cr_ && line.ends_with("\r\n")) line.replace(line.size() - 2, 2, "\n");
  return true;
}

// One unfolded header. False at the first other line, which is then in `line`.
bool MailReader::read_header(std::string& line) {
  if (!next_raw(line)) {
    line.clear();
    return false;
  }
  rtrim(line);
  if (line.empty() || !is_header_line(line)) {
    line += '\n';
    return false;
  }
  while (cursor_.at < cursor_.text.size() &&
         (cursor_.text[cursor_.at] == ' ' || cursor_.text[cursor_.at] == '\t')) {
    std::string more;
    next_raw(more);
    more[0] = ' ';
    rtrim(more);
    line += more.empty() ? " " : more;
    if (line.size() > kHeaderBytesMax) break;
  }
  if (line.size() > kHeaderBytesMax) return fail("a header is longer than 1 MiB");
  return true;
}

bool MailReader::take_header(std::string_view line, Fields& fields, bool overwrite) {
  const auto value_of = [&](std::string_view name, std::string& value) {
    const auto found = header_value(line, name);
    if (!found) return false;
    value = std::string(*found);
    if (!decode_words(value)) fail("a header's encoded word cannot be decoded");
    return true;
  };
  std::string value;
  for (size_t i = 0; i < kFields; ++i) {
    if ((fields[i] && !overwrite) || !value_of(kFieldNames[i], value)) continue;
    fields[i] = value;
    return true;
  }
  std::string attribute;
  if (value_of("Content-Type", value)) {
    flowed_ =
        header_attribute(value, "format=", attribute) && equals_ignoring_case(attribute, "flowed");
    delete_space_ =
        header_attribute(value, "delsp=", attribute) && equals_ignoring_case(attribute, "yes");
    if (header_attribute(value, "boundary=", attribute)) {
      if (boundaries_.size() >= kBoundariesMax) return fail("the MIME parts are nested too deeply");
      boundaries_.push_back("--" + attribute);
    }
    if (header_attribute(value, "charset=", attribute)) charset_ = attribute;
    return true;
  }
  if (value_of("Content-Transfer-Encoding", value)) {
    transfer_ = find_ignoring_case(value, "base64") != value.npos             ? Transfer::kBase64
                : find_ignoring_case(value, "quoted-printable") != value.npos ? Transfer::kQuoted
                                                                              : Transfer::kPlain;
    return true;
  }
  return false;
}

bool MailReader::find_boundary(std::string& line) {
  while (next_raw(line)) {
    if (is_boundary(line)) return true;
  }
  return false;
}

// At a boundary line: goes to the first line of the next part's body.
bool MailReader::next_part(std::string& line) {
  while (line.size() >= boundaries_.back().size() + 2 &&
         line.compare(boundaries_.back().size(), 2, "--") == 0) {
    boundaries_.pop_back();
    message_or_patch("\n");
    if (boundaries_.empty() || !find_boundary(line)) return false;
  }
  transfer_ = Transfer::kPlain;
  charset_.clear();
  while (read_header(line)) take_header(line, header_, false);
  return next_raw(line);
}

void MailReader::body(std::string& line) {
  if (!boundaries_.empty() && !find_boundary(line)) return;
  do {
    if (is_boundary(line)) {
      flush_partial();
      if (!next_part(line)) return;
    }
    if (transfer_ == Transfer::kPlain) {
      text_line(line);
    } else {
      decoded(transfer_ == Transfer::kQuoted ? decode_quoted(line, false)
                                             : decode_base64_loosely(line));
    }
  } while (!failed_ && next_raw(line));
  flush_partial();
}

// Passes on the complete lines of what a transfer encoding held.
void MailReader::decoded(std::string_view bytes) {
  size_t newline = bytes.find('\n');
  if (newline == bytes.npos) {
    partial_ += bytes;
    return;
  }
  partial_ += bytes.substr(0, newline + 1);
  text_line(partial_);
  partial_.clear();
  bytes.remove_prefix(newline + 1);
  for (; (newline = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(newline + 1)) {
    text_line(bytes.substr(0, newline + 1));
  }
  partial_ = bytes;
}

void MailReader::flush_partial() {
  if (!partial_.empty() || !flowed_text_.empty()) message_or_patch(flowed_text_ + partial_);
  partial_.clear();
  flowed_text_.clear();
}

// Joins flowed lines (RFC 3676).
void MailReader::text_line(std::string_view line) {
  if (!flowed_) return message_or_patch(line);
  std::string_view text = chomp(line);
  if (text == "-- ") {
    if (!flowed_text_.empty()) message_or_patch(flowed_text_);
    flowed_text_.clear();
    return message_or_patch(line);
  }
  if (!text.empty() && text[0] == ' ') {
    text.remove_prefix(1);
    line.remove_prefix(1);
  }
  if (!text.empty() && text.back() == ' ') {
    flowed_text_ += text.substr(0, text.size() - (delete_space_ ? 1 : 0));
    return;
  }
  const std::string whole = flowed_text_ + std::string(line);
  flowed_text_.clear();
  message_or_patch(whole);
}

void MailReader::message_or_patch(std::string_view line) {
  if (!in_patch_ && !message_line(line)) return;
  if (!in_patch_) diff_line_ = first_line_ + cursor_.number;
  in_patch_ = true;
  diff_ += line;
}

void MailReader::flush_in_body() {
  if (accumulated_.empty()) return;
  take_header(accumulated_, in_body_, false);
  accumulated_.clear();
}

bool MailReader::in_body_header(std::string_view line) {
  if (!accumulated_.empty() && (line.starts_with(' ') || line.starts_with('\t'))) {
    if (accumulated_.ends_with('\n')) accumulated_.pop_back();
    accumulated_ += line;
    return true;
  }
  flush_in_body();
  if (line.starts_with(">From ") && line.size() > 47 &&
      line.ends_with(" Mon Sep 17 00:00:00 2001\n")) {
    return line.substr(6, 40).find_first_not_of("0123456789abcdef") == line.npos &&
           line.size() == 72;
  }
  if (line.starts_with("[PATCH]") && line.size() > 7 && is_space(line[7])) {
    in_body_[kSubject] = std::string(line);
    return true;
  }
  for (size_t i = 0; i < kFields; ++i) {
    if (!in_body_[i] && header_value(line, kFieldNames[i])) {
      accumulated_ = std::string(line);
      return true;
    }
  }
  return false;
}

// One line before the diff. True when the diff begins with it.
bool MailReader::message_line(std::string_view line) {
  if (in_header_stage_) {
    if (line.empty() || line == "\n") {
      if (!accumulated_.empty()) {
        flush_in_body();
        in_header_stage_ = false;
      }
      return false;
    }
    in_header_stage_ = in_body_header(line);
    if (in_header_stage_) return false;
  }
  if (!charset_.empty() && !equals_ignoring_case(charset_, "utf-8") && conversions_-- == 0) {
    conversions_ = 0;
    fail("the mails have more than " + std::to_string(kConversionsMax) +
         " lines of text in other character sets than UTF-8");
    return false;
  }
  std::string text(line);
  if (!to_utf8(text, charset_)) {
    fail("the mail's text is not of its character set " + charset_.substr(0, 40));
    return false;
  }
  if (is_scissors(text)) {
    message_.clear();
    in_body_ = Fields();
    in_header_stage_ = true;
    return false;
  }
  if (is_patch_break(text)) return true;
  message_ += text;
  return false;
}

bool MailReader::read(Mail& mail) {
  std::string line;
  while (cursor_.at < cursor_.text.size() && is_space(cursor_.text[cursor_.at])) {
    if (cursor_.text[cursor_.at] == '\n') ++cursor_.number;
    ++cursor_.at;
  }
  while (read_header(line)) take_header(line, header_, true);
  body(line);
  flush_in_body();
  if (failed_) return false;
  const auto field = [&](Field f) -> std::string {
    return in_body_[f] && !diff_.empty() ? *in_body_[f] : header_[f].value_or("");
  };
  for (const Field f : {kFrom, kSubject, kDate}) {
    if (field(f).find('\0') != std::string::npos) return fail("a header has a NUL byte");
  }
  mail.line = first_line_ + 1;
  mail.diff_line = diff_line_;
  split_author(squeeze(field(kFrom)), mail.author_name, mail.author_email);
  mail.date = squeeze(field(kDate));
  mail.message = strip_space(clean_subject(field(kSubject)) + "\n\n" + message_);
  mail.diff = std::move(diff_);
  if (!is_utf8(mail.message)) {
    // Undeclared Latin-1 is the usual case; the message must be UTF-8 to be shown and committed.
    to_utf8(mail.message, "ISO-8859-1");
  }
  for (std::string* text : {&mail.author_name, &mail.author_email}) {
    if (!is_utf8(*text)) to_utf8(*text, "ISO-8859-1");
  }
  if (mail.author_email.empty() && mail.author_name.empty()) {
    return fail("the mail has no author (\"From:\")");
  }
  if (mail.diff.empty()) return fail("the mail holds no diff");
  return true;
}

}  // namespace

bool parse_mails(std::string_view text, std::vector<Mail>& mails, Faults& faults) {
  size_t start = 0;
  while (start < text.size() && is_space(text[start])) ++start;
  LineCursor lines{text};
  size_t begin = text.npos;
  uint64_t begin_line = 0;
  bool bare = false;
  size_t conversions = kConversionsMax;
  const auto finish = [&](size_t end) {
    Mail mail;
    const bool ok =
        MailReader(text.substr(begin, end - begin), begin_line, conversions, faults).read(mail);
    if (ok && mail.author_name != "Mail System Internal Data") mails.push_back(std::move(mail));
    return ok;
  };
  while (lines.next()) {
    const size_t at = lines.at - lines.line.size();
    if (begin == text.npos) {
      if (lines.at <= start) continue;
      begin = at;
      begin_line = lines.number - 1;
      bare = !is_from_line(lines.line);
    } else if (!bare && is_from_line(lines.line)) {
      if (!finish(at)) return false;
      begin = at;
      begin_line = lines.number - 1;
    }
  }
  if (begin != text.npos && !finish(text.size())) return false;
  if (mails.empty()) return faults.add(refusal("bad_mail", "", 0, "the text holds no mail"));
  return true;
}

}  // namespace ghost::patch
