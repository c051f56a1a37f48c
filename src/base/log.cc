#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/bytes.h"

namespace ghost::log {
namespace {

// The one process-wide value of Ghost: set by init before threads start, read-only afterwards.
bool g_json = false;

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      static const char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

}  // namespace

Status check(const Options& options) {
  const auto& level = options.level;
  if (level != "debug" && level != "info" && level != "warn" && level != "error") {
    return Error{"bad_config",
                 "log-level: expected debug, info, warn or error, got \"" + level + "\"", ""};
  }
  if (options.format != "text" && options.format != "json") {
    return Error{"bad_config", "log-format: expected text or json, got \"" + options.format + "\"",
                 ""};
  }
  return ok_status();
}

void init(const Options& options) {
  g_json = options.format == "json";
  auto logger = std::make_shared<spdlog::logger>(options.program,
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(
      g_json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",\"program\":\"%n\",%v}"
             : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %n: %v",
      spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (!logger->should_log(level_of(level))) return;
  std::string line;
  if (g_json) {
    line = "\"event\":" + json_string(event);
    for (const Field& f : fields) {
      line += ",\"" + std::string(f.key) + "\":";
      // Bytes that are no UTF-8 would make the line no JSON.
      line +=
          f.number ? f.value : json_string(is_utf8(f.value) ? f.value : escape_control(f.value));
    }
  } else {
    line = event;
    for (const Field& f : fields) {
      const std::string value = escape_control(f.value);
      const bool quote = value.empty() || value.find_first_of(" =\"") != std::string::npos;
      line += " " + std::string(f.key) + "=" + (quote ? "\"" + value + "\"" : value);
    }
  }
  logger->log(level_of(level), "{}", line);
}

std::string escape_control(std::string_view text) {
  static const char kHex[] = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too: 0xc2 followed by 0x80 to 0x9f.
    const bool c1 = utf8 && c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) || c1) {
      out += "\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
      if (c1) {
        const auto next = static_cast<unsigned char>(text[++i]);
        out += "\\x";
        out += kHex[next >> 4];
        out += kHex[next & 15];
      }
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace ghost::log
