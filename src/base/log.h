// The log: one event, one line, on stderr, as text or JSON. Written by the shells, never by the
// pure cores. Thread-safe. Control characters in values are escaped, so that nothing a peer sent
// can forge a line or drive a terminal. Never pass a secret.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace ghost::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Options {
  std::string program;          // "broker", shown on each line
  std::string level = "info";   // debug | info | warn | error
  std::string format = "text";  // text | json
};

// Once, at start, before other threads exist.
void init(const Options& options);

// A key with its value already as text; numbers stay numbers in JSON.
struct Field {
  std::string_view key;
  std::string value;
  bool number = false;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <typename T>
  requires std::is_arithmetic_v<T> Field(std::string_view k, T v)
      : key(k), value(std::to_string(v)), number(true) {}
};

// log::info("job leased", {{"job", id}, {"attempt", n}});
// Error code bad_config for a level or format that does not exist.
Status check(const Options& options);
void write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view e, std::initializer_list<Field> f = {}) {
  write(Level::kDebug, e, f);
}
inline void info(std::string_view e, std::initializer_list<Field> f = {}) {
  write(Level::kInfo, e, f);
}
inline void warn(std::string_view e, std::initializer_list<Field> f = {}) {
  write(Level::kWarn, e, f);
}
inline void error(std::string_view e, std::initializer_list<Field> f = {}) {
  write(Level::kError, e, f);
}

// "\n" -> "\\n", ESC -> "\\x1b"; printable UTF-8 stays.
std::string escape_control(std::string_view text);

}  // namespace ghost::log
