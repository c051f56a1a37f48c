#include "base/time.h"

#include <cstdio>
#include <ctime>

namespace ghost {
namespace {

int64_t read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1000000;
}

bool digits(const std::string& text, size_t at, size_t count, int* out) {
  if (at + count > text.size()) return false;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  *out = value;
  return true;
}

bool valid_date(int year, int month, int day) {
  static const int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1970 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

}  // namespace

MonoMs mono_now_ms() {
  return read_clock(CLOCK_MONOTONIC);
}
WallMs wall_now_ms() {
  return read_clock(CLOCK_REALTIME);
}

std::string format_rfc3339(WallMs t) {
  const time_t seconds = static_cast<time_t>(t >= 0 ? t / 1000 : (t - 999) / 1000);
  const int ms = static_cast<int>(t - static_cast<int64_t>(seconds) * 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, ms);
  return out;
}

Result<WallMs> parse_rfc3339(const std::string& text) {
  const Error bad{"bad_field",
                  "expected an RFC 3339 date and time with an offset, such as "
                  "2026-01-31T09:05:00Z, got \"" +
                      text + "\"",
                  ""};
  int year, month, day, hour, minute, second;
  const bool shape = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                     (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
                     text[16] == ':' && digits(text, 0, 4, &year) && digits(text, 5, 2, &month) &&
                     digits(text, 8, 2, &day) && digits(text, 11, 2, &hour) &&
                     digits(text, 14, 2, &minute) && digits(text, 17, 2, &second);
  if (!shape || !valid_date(year, month, day) || hour > 23 || minute > 59 || second > 60)
    return bad;

  size_t at = 19;
  int64_t ms = 0;
  if (text[at] == '.') {
    int64_t scale = 100;
    const size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      ms += scale * (text[at] - '0');
      scale /= 10;
    }
    if (at == first) return bad;
  }
  int offset_minutes = 0;
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    offset_minutes = 0;
  } else {
    int oh, om;
    const bool offset = at + 6 == text.size() && (text[at] == '+' || text[at] == '-') &&
                        text[at + 3] == ':' && digits(text, at + 1, 2, &oh) &&
                        digits(text, at + 4, 2, &om) && oh < 24 && om < 60;
    if (!offset) return bad;
    offset_minutes = (text[at] == '-' ? -1 : 1) * (oh * 60 + om);
  }
  tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return static_cast<WallMs>(timegm(&parts) - offset_minutes * 60) * 1000 + ms;
}

}  // namespace ghost
