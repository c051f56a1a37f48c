#include "broker/inbound.h"

#include <unordered_map>

namespace ghost::broker {
namespace {

constexpr size_t kArtifactChunkMax = 256 << 10;

template <typename T>
size_t payloads_of(const T&) {
  return 0;
}
size_t payloads_of(const wire::Submit& m) {
  return m.items.size();
}
size_t payloads_of(const wire::PutResults& m) {
  return 2 * m.items.size();
}
size_t payloads_of(const wire::PutArtifact&) {
  return 1;
}

template <typename Group, typename T>
Result<Inbound> read(const wire::Message& message) {
  Result<T> body = wire::decode<T>(*message.body);
  if (!body) return body.error();
  if (const size_t wanted = payloads_of(*body); message.payloads.size() != wanted) {
    return Error{"bad_request",
                 std::string(T::kKind) + ": expected " + std::to_string(wanted) +
                     " payload frames, got " + std::to_string(message.payloads.size()),
                 ""};
  }
  if constexpr (std::is_same_v<T, wire::PutArtifact>) {
    if (message.payloads[0]->size() > kArtifactChunkMax) {
      return Error{"too_large", "PutArtifact: a chunk is at most 256 KiB", ""};
    }
  }
  if constexpr (std::is_same_v<Group, T>) {
    return Inbound(std::move(*body));
  } else {
    return Inbound(Group(std::move(*body)));
  }
}

struct Kind {
  Side side;
  Result<Inbound> (*read)(const wire::Message&);
};
using Kinds = std::unordered_map<std::string_view, Kind>;

template <typename... T>
void add(Kinds* kinds, Side side, std::variant<T...>*) {
  (kinds->emplace(T::kKind, Kind{side, read<std::variant<T...>, T>}), ...);
}

const Kinds& kinds() {
  static const Kinds all = [] {
    Kinds made;
    add(&made, Side::kClients, static_cast<ClientRequest*>(nullptr));
    add(&made, Side::kClients, static_cast<ReadRequest*>(nullptr));
    add(&made, Side::kClients, static_cast<KeyRequest*>(nullptr));
    add(&made, Side::kClients, static_cast<BackupRequest*>(nullptr));
    add(&made, Side::kClients, static_cast<TokenRequest*>(nullptr));
    add(&made, Side::kRunners, static_cast<RunnerRequest*>(nullptr));
    made.emplace(wire::RetryJob::kKind, Kind{Side::kClients, read<wire::RetryJob, wire::RetryJob>});
    return made;
  }();
  return all;
}

}  // namespace

Result<Inbound> decode_inbound(Side side, const wire::Message& message) {
  const auto found = kinds().find(message.header.kind);
  if (found == kinds().end()) {
    return Error{"unknown_kind", "no message \"" + message.header.kind + "\" is taken here", ""};
  }
  if (found->second.side != side) {
    return Error{"forbidden",
                 message.header.kind + " is not taken on the address for " +
                     (side == Side::kClients ? "clients" : "runners"),
                 ""};
  }
  return found->second.read(message);
}

}  // namespace ghost::broker
