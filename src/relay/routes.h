// Which call is served by which handler. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "relay/handlers.h"

namespace ghost::relay {

enum class Body { kNone, kSmall, kPatch };

struct Route {
  std::string_view method;
  std::string_view pattern;  // "{}" is one segment, a last "**" the rest of the path
  wire::Scope scope;         // what a token must allow
  Handler handler;
  Body body = Body::kNone;
  bool open = false;  // needs no token
};

struct RouteMatch {
  const Route* route = nullptr;     // null: none for this method
  std::vector<std::string> params;  // what {} and ** stood for, decoded
  std::string allow;                // methods offered at this path; empty: no such path
};

// HEAD is served by GET's handler.
RouteMatch find_route(std::string_view method, const std::vector<std::string>& segments);

inline constexpr uint64_t kSmallBodyBytesMax = 64 << 10;

}  // namespace ghost::relay
