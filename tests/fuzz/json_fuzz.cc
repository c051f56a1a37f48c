// Any text as the body of POST /v1/patches: JSON or an error; a request that reads back as itself,
// or an error.
#include "base/check.h"
#include "http/json.h"
#include "wire/request_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ghost;
  const auto json = http::parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto printed = http::parse_json(http::print_json(*json));
  GHOST_CHECK(printed.ok());
  const auto request = http::from_json<wire::PatchRequest>(*json);
  if (!request) {
    GHOST_CHECK(!request.error().message.empty());
    return 0;
  }
  const auto again = wire::decode<wire::PatchRequest>(wire::encode(*request));
  GHOST_CHECK(again.ok());
  GHOST_CHECK(*again == *request);
  (void)wire::check_request(*request);
  return 0;
}
