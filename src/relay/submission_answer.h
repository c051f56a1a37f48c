// What single and batched submission share: the key in the header, the trace context, and refusals
// of the broker in the client's words. Pure.
#pragma once

#include <optional>
#include <string>

#include "relay/exchange.h"
#include "wire/messages.gen.h"

namespace ghost::relay {

// The Idempotency-Key header, without the quotes of a structured field (RFC 8941). Error code
// bad_field: given twice, empty, over 255 bytes, control characters.
Result<std::optional<std::string>> header_key(const Request& request);

// The traceparent header (W3C Trace Context), where it is valid and the body has none.
void add_traceparent(const Request& request, wire::PatchRequest* patch);

// The broker names fields of its own messages ("items[0].repo"); the client knows "base.repo".
Error in_request_words(const wire::ErrorBody& error, size_t index);

// Accepted, but its record could not be read just now.
Response accepted_unseen(const wire::SubmitAck& ack);

}  // namespace ghost::relay
