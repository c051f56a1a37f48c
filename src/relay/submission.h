// From what a client posts to what the broker takes: JSON of either form, or a bare patch with the
// rest in the query, becomes a checked PatchRequest and the Submission beside it. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "http/json.h"
#include "http/url.h"
#include "wire/messages.gen.h"

namespace ghost::relay {

struct SubmissionRules {
  uint64_t payload_bytes_max = 32 << 20;
};

// The request that `body` and `query` make, as JSON of PATCH's names.
//   application/json          the body; a query is only taken beside the older block form
//   text/x-diff, text/x-patch the body is a unified diff, the query the rest
//   message/rfc822, application/mbox   the body is mails of git format-patch
// Error codes: unsupported_media_type, bad_json, bad_field, unknown_field, too_large.
Result<http::Json> request_json(const std::string& content_type, const http::Query& query,
                                std::string body);

// Error where the query has what no submission takes.
Status check_query(const http::Query& query);
// The item of a batch with what the query adds; only a block of the older form takes anything.
Result<http::Json> with_query(http::Json body, const http::Query& query);

// Checks every field. base64 is decoded here, so that a payload carries bytes. Errors name the
// field by the client's own path, also in the block form.
Result<wire::PatchRequest> read_request(http::Json body, const SubmissionRules& rules);

// Digest of what makes two requests the same one: content type, query and body as received.
std::string request_hash(std::string_view content_type, std::string_view raw_query,
                         std::string_view body);

// `request` has its id.
wire::Submission make_submission(const wire::PatchRequest& request, const std::string& tenant,
                                 std::string hash);

}  // namespace ghost::relay
