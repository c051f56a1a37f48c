// A job as HTTP shows it: the broker's record and the runner's verdict in one document. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/json.h"
#include "wire/messages.gen.h"

namespace ghost::relay {

inline bool is_terminal(wire::JobState state) {
  return state != wire::JobState::kQueued && state != wire::JobState::kLeased;
}

// `verdict` is msgpack, empty while there is none.
http::Json job_json(const wire::JobView& job, std::string_view verdict);

// Strong and made of the version, and of the document where the version does not tell all (why a
// job waits): "\"17-4802123347829817\"".
std::string job_etag(const wire::JobView& job, const std::string& document);

// If-None-Match (RFC 9110, 13.1.2): whether it names `etag`, compared weakly.
bool etag_matches(std::string_view if_none_match, std::string_view etag);
// The job's version in the first tag of If-None-Match; nothing when it is none of ours.
std::optional<uint64_t> etag_version(std::string_view if_none_match);

// One event; output that is not UTF-8 is given as base64 with encoding: "base64".
http::Json event_json(const wire::Event& event);
// "attempt.stream.offset": its name for ever, and the id on an event stream.
std::string event_id(const wire::Event& event);
// Whether a text has that form.
bool is_event_id(std::string_view text);

}  // namespace ghost::relay
