// The older block form of a request (blockId, mutations, preCommit, postMutationBuild, ...) turned
// into today's names. Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/json.h"

namespace ghost::relay {

// Whether an object is written in the block form.
bool is_block_form(const http::JsonObject& body);

// Which path of the result came from which path of the block: {"gates[0]", "preCommit.shell[0]"}.
using Origins = std::vector<std::pair<std::string, std::string>>;

// Error codes bad_field and unknown_field, with the block's own paths.
Result<http::Json> from_block_form(const http::JsonObject& block, Origins* origins);

// The error with its path, in field and message, as the client wrote it.
Error in_clients_words(Error error, const Origins& origins);

}  // namespace ghost::relay
