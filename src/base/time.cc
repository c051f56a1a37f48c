#include "base/time.h"

#include <algorithm>
#include <chrono>
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
  using namespace std::chrono;
  constexpr WallMs kFirst = -62'167'219'200'000, kLast = 253'402'300'799'999;  // years 0 to 9999
  const sys_time<milliseconds> at{milliseconds(std::clamp(t, kFirst, kLast))};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  // Written for every job that is told of: printf takes ten times as long.
  char out[] = "0000-00-00T00:00:00.000Z";
  const auto put = [&out](size_t end, int64_t value) {
    for (; value != 0; value /= 10) out[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, int{date.year()});
  put(7, unsigned{date.month()});
  put(10, unsigned{date.day()});
  put(13, time.hours().count());
  put(16, time.minutes().count());
  put(19, time.seconds().count());
  put(23, time.subseconds().count());
  return std::string(out, sizeof out - 1);
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
