#include "relay/mbox.h"

#include <algorithm>
#include <ctime>

#include "base/bytes.h"
#include "http/json.h"

namespace ghost::relay {
namespace {

constexpr size_t kLineBytesMax = 998;  // RFC 5322, 2.1.1

std::string rfc5322_date(WallMs at) {
  const time_t seconds = static_cast<time_t>(at / 1000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char out[64];
  strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S +0000", &utc);
  return out;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && static_cast<unsigned char>(c) < 0x7f; });
}

// Encoded words of at most 75 characters, cut between characters.
std::string header_text(const std::string& text) {
  if (is_plain(text) && text.find("=?") == text.npos) return text;
  constexpr size_t kChunkBytes = 42;
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    size_t size = std::min(kChunkBytes, text.size() - begin);
    while (begin + size < text.size() && size > 1 &&
           (static_cast<unsigned char>(text[begin + size]) & 0xc0) == 0x80) {
      --size;
    }
    if (!out.empty()) out += "\n ";
    out += "=?UTF-8?B?" + base64_encode(text.substr(begin, size)) + "?=";
    begin += size;
  }
  return out;
}

std::string quoted_name(const std::string& name) {
  if (!is_plain(name)) return header_text(name);
  if (name.find_first_of("\"(),.:;<>@[]\\") == name.npos) return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool starts_nocase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b | 0x20 : b); });
}

// Where git mailinfo takes the message to end, and the patch to begin.
bool ends_message(std::string_view line) {
  const bool rule = line.starts_with("---") && line.find_first_not_of(" \t", 3) == line.npos;
  return rule || line.starts_with("--- ") || line.starts_with("diff -") ||
         line.starts_with("Index: ") || line.starts_with("From ");
}

// What git mailinfo takes for a header though it stands at the top of the message.
bool is_header(std::string_view line) {
  return starts_nocase(line, "from:") || starts_nocase(line, "subject:") ||
         starts_nocase(line, "date:") || line.starts_with("[PATCH]") || line.starts_with(">From ");
}

// Lines that would end the message for git, or begin it as headers, are moved in by a blank.
std::string message_body(std::string_view text) {
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const bool top = out.find_first_not_of('\n') == out.npos;
    if (ends_message(line) || (top && is_header(line))) out += ' ';
    out.append(line).append("\n");
    begin = end + 1;
  }
  return out;
}

bool needs_base64(std::string_view body) {
  if (!is_utf8(body) || body.find_first_of(std::string_view("\r\0", 2)) != body.npos) return true;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = std::min(body.find('\n', begin), body.size());
    const std::string_view line = body.substr(begin, end - begin);
    if (line.size() > kLineBytesMax || line.starts_with("From ")) return true;
    begin = end + 1;
  }
  return false;
}

std::string base64_lines(std::string_view body) {
  constexpr size_t kBytesALine = 54;  // 72 characters
  std::string out;
  for (size_t begin = 0; begin < body.size(); begin += kBytesALine) {
    out += base64_encode(body.substr(begin, kBytesALine)) + "\n";
  }
  return out;
}

}  // namespace

std::string make_mail(const Mail& mail) {
  std::string message = http::to_utf8_lossy(mail.message);
  const size_t begin = message.find_first_not_of(" \t\r\n");
  message.erase(0, begin == message.npos ? message.size() : begin);
  const size_t subject_end = std::min(message.find('\n'), message.size());
  std::string subject = message.substr(0, subject_end);
  while (!subject.empty() && (subject.back() == '\r' || subject.back() == ' ')) subject.pop_back();
  size_t rest = subject_end;
  while (rest < message.size() && (message[rest] == '\n' || message[rest] == '\r')) ++rest;

  std::string body = message_body(std::string_view(message).substr(rest));
  body += "---\n\n" + mail.diff;
  if (!mail.diff.empty() && mail.diff.back() != '\n') body += '\n';
  body += "-- \nghost " GHOST_VERSION "\n\n";
  const bool encoded = needs_base64(body);

  const std::string commit = mail.commit.size() == 40 ? mail.commit : std::string(40, '0');
  std::string out = "From " + commit + " Mon Sep 17 00:00:00 2001\n";
  out += "From: " + quoted_name(mail.author_name) + " <" + mail.author_email + ">\n";
  out += "Date: " + rfc5322_date(mail.date) + "\n";
  out += "Subject: [PATCH] " + header_text(subject) + "\n";
  out += "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n";
  out += std::string("Content-Transfer-Encoding: ") + (encoded ? "base64" : "8bit") + "\n\n";
  return out + (encoded ? base64_lines(body) + "\n" : body);
}

}  // namespace ghost::relay
