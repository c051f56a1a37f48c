#include "patch/mail.h"

#include <array>
#include <cstdlib>
#include <optional>

#include "base/bytes.h"
#include "patch/chars.h"
#include "patch/mime.h"

namespace ghost::patch {
namespace {

constexpr size_t kBoundariesMax = 5;
constexpr size_t kHeaderBytesMax = 1u << 20;
enum Field { kFrom, kSubject, kDate, kFields };
constexpr std::array<std::string_view, kFields> kFieldNames = {"From", "Subject", "Date"};

// "From x Tue Jun  3 10:20:30 2008": what begins a mail in a mailbox.
bool is_from_line(std::string_view line) {
  if (line.size() < 20 || !line.starts_with("From ")) return false;
  const size_t colon = line.rfind(':', line.size() - 2);
  if (colon == line.npos || colon < 9 || colon + 3 >= line.size()) return false;
  if (!is_digit(line[colon - 4]) || !is_digit(line[colon - 2]) || !is_digit(line[colon - 1]) ||
      !is_digit(line[colon + 1]) || !is_digit(line[colon + 2])) {
    return false;
  }
  return std::atol(std::string(line.substr(colon + 3, 12)).c_str()) > 90;
}

void rtrim(std::string& text) {
  while (!text.empty() && is_space(text.back())) text.pop_back();
}

// Every run of white space becomes one blank.
std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (out.empty() || out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

bool is_header_line(std::string_view line) {
  if (line.starts_with("From ") || line.starts_with(">From ")) return true;
  for (const char c : line) {
    if (c == ':') return true;
    if (c < 33 || c > 126) return false;
  }
  return false;
}

// Where the diff of a mail begins.
bool is_patch_break(std::string_view line) {
  if (line.starts_with("diff -") || line.starts_with("Index: ")) return true;
  if (line.size() < 4 || !line.starts_with("---")) return false;
  if (line[3] == ' ' && line.size() > 4 && !is_space(line[4])) return true;
  return trim(line.substr(3)).empty() && line.ends_with('\n');
}

// "-- >8 -- cut here -- >8 --", as git mailinfo --scissors knows it: mostly perforation.
bool is_scissors(std::string_view line) {
  size_t marks = 0, gap = 0, perforation = 0, first = line.npos, last = 0;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (is_space(line[i])) {
      perforation += inside;
      gap += inside;
      continue;
    }
    first = std::min(first, i);
    last = i;
    const std::string_view two = line.substr(i, 2);
    if (line[i] == '-') {
      inside = true;
      ++perforation;
    } else if (two == ">8" || two == "8<" || two == ">%" || two == "%<") {
      inside = true;
      perforation += 2;
      marks += 2;
      ++i;
    } else {
      inside = false;
    }
  }
  const size_t visible = first == line.npos ? 0 : last - first + 1;
  return marks > 0 && visible >= 8 && visible < perforation * 3 && gap * 2 < perforation;
}

std::string clean_subject(std::string text) {
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == 'r' || c == 'R') {
      if (text.size() <= at + 3 || (text[at + 1] != 'e' && text[at + 1] != 'E') ||
          text[at + 2] != ':') {
        break;
      }
      at += 3;
    } else if (c == ' ' || c == '\t' || c == ':') {
      ++at;
    } else if (c == '[') {
      const size_t end = text.find(']', at);
      if (end == text.npos) break;
      at = end + 1;
    } else {
      break;
    }
  }
  return squeeze(trim(std::string_view(text).substr(at)));
}

// Comments and quoted strings of an address without their quoting (RFC 5322, 3.2).
std::string unquote_address(std::string_view text) {
  std::string out;
  int depth = 0;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && (quoted || depth > 0)) {
      if (++at < text.size()) out += text[at];
    } else if (quoted) {
      if (c == '"') {
        quoted = false;
      } else {
        out += c;
      }
    } else if (c == '(') {
      ++depth;
      out += c;
    } else if (c == ')' && depth > 0) {
      --depth;
      out += c;
    } else if (c == '"' && depth == 0) {
      quoted = true;
    } else {
      out += c;
    }
  }
  return out;
}

void split_author(const std::string& from, std::string& name, std::string& email) {
  std::string text = unquote_address(from);
  size_t at = text.find('@');
  if (at == text.npos) {
    const size_t open = from.find('<'), close = from.find('>', open == from.npos ? 0 : open);
    if (open == from.npos || close == from.npos) return;
    email = from.substr(open + 1, close - open - 1);
    name = std::string(trim(std::string_view(from).substr(0, open)));
  } else {
    while (at > 0 && !is_space(text[at - 1])) {
      if (text[at - 1] == '<') {
        text[at - 1] = ' ';
        break;
      }
      --at;
    }
    const size_t end = std::min(text.find_first_of(" \n\t\r\v\f>", at), text.size());
    email = text.substr(at, end - at);
    text.erase(at, end - at + (end < text.size() ? 1 : 0));
    name = std::string(trim(squeeze(text)));
    if (name.size() >= 2 && name.front() == '(' && name.back() == ')') {
      name = name.substr(1, name.size() - 2);
    }
  }
  if (name.empty() || name.size() > 60 || name.find_first_of("@<>") != name.npos) name = email;
}

// As git stripspace: no trailing blanks, no empty lines at either end, single ones between.
std::string strip_space(std::string_view text) {
  std::string out;
  bool empty = false;
  LineCursor lines{text};
  while (lines.next()) {
    std::string line(lines.line);
    rtrim(line);
    if (line.empty()) {
      empty = true;
      continue;
    }
    if (empty && !out.empty()) out += '\n';
    empty = false;
    out += line;
    out += '\n';
  }
  return out;
}

// Reads one mail.
class MailReader {
 public:
  MailReader(std::string_view text, uint64_t first_line, Faults& faults)
      : cursor_{text},
        first_line_(first_line),
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

// The value when `line` is the header `name`.
std::optional<std::string_view> header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !equals_ignoring_case(line.substr(0, name.size()), name)) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && is_space(line[0])) line.remove_prefix(1);
  return line;
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
  const auto finish = [&](size_t end) {
    Mail mail;
    const bool ok = MailReader(text.substr(begin, end - begin), begin_line, faults).read(mail);
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

bool parse_mail_date(std::string_view text, MailDate& date) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int64_t year = -1, month = -1, day = -1, hour = 0, minute = 0, second = 0, zone = 0;
  bool stamp = false;
  text = trim(text);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \t,", at), text.size());
    const std::string word(text.substr(at, end - at));
    at = end + 1;
    int a = 0, b = 0, c = 0;
    if (word.size() >= 5 && (word[0] == '+' || word[0] == '-')) {
      std::string digits = word.substr(1);
      if (const size_t colon = digits.find(':'); colon != digits.npos) digits.erase(colon, 1);
      if (digits.size() < 4 || digits.substr(0, 4).find_first_not_of("0123456789") != digits.npos)
        continue;
      const int value = std::atoi(digits.substr(0, 4).c_str());
      zone = (value / 100) * 60 + value % 100;
      if (word[0] == '-') zone = -zone;
    } else if (word.size() > 1 && word[0] == '@') {
      date.unix_seconds = std::atoll(word.c_str() + 1);
      stamp = true;
    } else if (std::sscanf(word.c_str(), "%d-%d-%d", &a, &b, &c) == 3) {
      year = a, month = b - 1, day = c;
      const size_t t = word.find('T');
      if (t != word.npos)
        std::sscanf(word.c_str() + t, "T%d:%d:%d", &a, &b, &c) == 3
            ? (hour = a, minute = b, second = c)
            : 0;
    } else if (word.find(':') != word.npos) {
      if (std::sscanf(word.c_str(), "%d:%d:%d", &a, &b, &c) < 2) return false;
      hour = a, minute = b, second = c;
    } else if (!word.empty() && is_digit(word[0])) {
      const int value = std::atoi(word.substr(0, 6).c_str());
      if (value > 31 || (day >= 0 && month >= 0)) {
        year = value < 100 ? (value < 70 ? 2000 + value : 1900 + value) : value;
      } else {
        day = value;
      }
    } else if (word.size() >= 3) {
      const size_t found = kMonths.find(word.substr(0, 3));
      if (found != kMonths.npos && found % 3 == 0) month = static_cast<int64_t>(found / 3);
    }
  }
  date.tz_minutes = static_cast<int>(zone);
  if (stamp) return true;
  if (year < 1970 || year > 9999 || month < 0 || month > 11 || day < 1 || day > 31 || hour > 24 ||
      minute > 59 || second > 60 || hour < 0 || minute < 0 || second < 0) {
    return false;
  }
  // Days from the civil calendar (Hinnant).
  const int64_t y = month < 2 ? year - 1 : year;
  const int64_t era = y / 400, of_era = y - era * 400;
  const int64_t of_year = (153 * ((month + 10) % 12) + 2) / 5 + day - 1;
  const int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
  date.unix_seconds = days * 86400 + hour * 3600 + minute * 60 + second - zone * 60;
  return true;
}

}  // namespace ghost::patch
