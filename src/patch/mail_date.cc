#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "patch/chars.h"
#include "patch/mail.h"

namespace ghost::patch {

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
