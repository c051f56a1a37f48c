// Makes the JSON of a submission from a patch's text and the options beside it. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/commands.h"

namespace ghost::cli {

enum class Content { kPatch, kRequest, kBlock, kMutations, kEmpty };

// What a text is, told from itself: a request, its member `patch` alone, a block of the older form,
// a list of mutations (all JSON), or a patch whose exact format the farm recognises.
struct Recognised {
  Content content = Content::kEmpty;
  http::Json json;  // of the JSON forms
};
// Error bad_json: it looks like JSON and is not.
Result<Recognised> recognise(std::string_view text);

// The body of POST /v1/patches. Options win over what a JSON text says; lists and maps are joined.
// `now_wall_ms` is what durations such as --deadline 10m count from. Errors: bad_field.
Result<http::Json> build_request(const SubmitOptions& options, const std::string& text,
                                 int64_t now_wall_ms);

}  // namespace ghost::cli
