// Result<T>: a value or an Error. How every fallible function of Ghost answers; exceptions stop at
// the wrappers of foreign libraries. Values, owned by whoever holds them; usable on any thread.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace ghost {

// `code` is one of the stable names in proto_schemas/errors.json ("bad_field", "not_found", ...).
// `message` is a sentence for a person: what failed, on what, and why.
// `field` is the path of the offending field ("gates[2].timeoutMs"), empty where there is none.
struct Error {
  std::string code;
  std::string message;
  std::string field;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    GHOST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    GHOST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    GHOST_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    GHOST_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
// The Result of a function that has nothing to give back.
using Status = Result<Unit>;
inline Status ok_status() {
  return Unit{};
}

}  // namespace ghost
