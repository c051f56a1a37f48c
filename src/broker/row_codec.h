// How rows hold specs, statuses and events: compact, in a fixed order of fields behind a format
// byte, so that recovery of a million jobs takes seconds. Only the stores read these bytes; the
// schema version of the store covers them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/types.h"

namespace ghost::broker::rows {

void encode(const JobSpec& spec, std::string* out);  // appends; `no` is the row's key
void encode(const JobStatus& status, std::string* out);
void encode(const wire::Event& event, std::string* out);  // several may follow each other

// False when the bytes are damaged.
bool decode(std::string_view bytes, JobSpec* out);
bool decode(std::string_view bytes, JobStatus* out);
// Takes one event from the front of *bytes. Without `with_data` the output bytes stay behind: only
// their length is told, in *data_bytes.
bool decode_next(std::string_view* bytes, wire::Event* out, bool with_data, uint64_t* data_bytes);

}  // namespace ghost::broker::rows
