// How scripts spell tokens, enums and errors.
#pragma once

#include <string>

#include "broker/types.h"

namespace ghost::broker::test {

inline std::string text(Token token) {
  return std::to_string(token.epoch) + "." + std::to_string(token.n);
}

template <typename Enum>
std::string text(Enum value) requires std::is_enum_v<Enum> {
  return std::string(to_string(value));
}

inline std::string text(const wire::ErrorBody& error) {
  return error.code + " " + error.detail + (error.field.empty() ? "" : " [" + error.field + "]") +
         (error.retry_after_ms == 0 ? "" : " retry=" + std::to_string(error.retry_after_ms));
}

}  // namespace ghost::broker::test
