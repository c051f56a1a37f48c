// The HTTP contract, proto_schemas/openapi.yaml, as JSON; put in by the build. Any thread.
#pragma once

#include <string_view>

namespace ghost::relay {

std::string_view openapi_json();

}  // namespace ghost::relay
