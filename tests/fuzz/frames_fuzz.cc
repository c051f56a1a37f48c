// Any bytes as the frames of a message: a message, or an error with a known code. What decodes must
// encode to something that decodes to the same.
#include "base/check.h"
#include "wire/envelope.h"

namespace {

using namespace ghost;

template <typename... T>
void decode_as(wire::Kinds<T...>, const wire::Message& message) {
  const auto attempt = [&]<typename M>() {
    if (message.header.kind != M::kKind) return;
    const auto value = wire::decode<M>(*message.body);
    if (!value) return;
    const std::string bytes = wire::encode(*value);
    const auto again = wire::decode<M>(bytes);
    GHOST_CHECK(again.ok());
    GHOST_CHECK(wire::encode(*again) == bytes);
  };
  (attempt.template operator()<T>(), ...);
}

}  // namespace

// Frames are separated by a length byte pair, as libFuzzer has one run of bytes only.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wire::Frames frames;
  while (size >= 2) {
    const size_t length = std::min<size_t>(size - 2, data[0] * 256u + data[1]);
    frames.push_back(make_blob({reinterpret_cast<const char*>(data) + 2, length}));
    data += 2 + length;
    size -= 2 + length;
  }
  uint64_t correlation = 0;
  const auto message = wire::unpack(std::move(frames), &correlation);
  if (!message) {
    GHOST_CHECK(message.error().code == "bad_request" || message.error().code == "unknown_version");
    return 0;
  }
  decode_as(wire::ClientKinds(), *message);
  decode_as(wire::RunnerKinds(), *message);
  decode_as(wire::BrokerKinds(), *message);
  return 0;
}
