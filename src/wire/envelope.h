// One Ghost message as frames: header, body, payloads. The header is a msgpack map {v, k, c}:
// protocol version, kind (the message's name in messages.json) and correlation number, chosen by
// the asker and echoed in the answer; 0 where nothing is asked. The body is the message's own map.
// Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/messages.gen.h"

namespace ghost::wire {

inline constexpr size_t kPayloadFramesMax = 4096;

// The versions of the protocol that this program speaks, rising.
inline constexpr std::array<uint64_t, 1> kProtocolsSpoken{kProtocolVersion};
// What to speak with a peer that offers these: the greatest that both know. Nothing offered: it
// speaks the version of its message, the first. nullopt: there is none.
std::optional<uint64_t> choose_protocol(const std::vector<uint64_t>& offered);
Error no_common_protocol(const std::vector<uint64_t>& offered);  // code unknown_version

using Frames = std::vector<Blob>;

struct Header {
  uint64_t version = kProtocolVersion;
  std::string kind;
  uint64_t correlation = 0;
  bool joined = false;  // the payloads come in one frame
};

struct Message {
  Header header;
  Blob body;  // never null
  Frames payloads;
};

// How payloads travel: a frame each, or small ones (and more than one) joined in one frame, which
// costs both sides far less. Only to a peer that has said that it takes them so.
enum class Payloads { kApart, kJoined };
inline constexpr size_t kJoinedPayloadMax = 4096;  // bytes of one; bigger ones are not worth a copy

Frames pack(std::string_view kind, uint64_t correlation, std::string body, Frames payloads = {},
            Payloads as = Payloads::kApart);

// pack(correlation, Submit{...}, payloads)
template <typename T>
Frames pack(uint64_t correlation, const T& message, Frames payloads = {},
            Payloads as = Payloads::kApart) {
  return pack(T::kKind, correlation, encode(message), std::move(payloads), as);
}

// Reads the frames of a peer. Error codes: bad_request (no header, too many frames),
// unknown_version. On unknown_version and a bad body the correlation is still worth answering to:
// *correlation_out gets it where it could be read.
Result<Message> unpack(Frames frames, uint64_t* correlation_out);

// A Failure message as frames; unknown_version tells what is spoken.
ErrorBody failure_body(const Error& error, uint64_t retry_after_ms = 0);
Frames pack_failure(uint64_t correlation, const Error& error, uint64_t retry_after_ms = 0);

}  // namespace ghost::wire
