#include "wire/zap.h"

namespace ghost::wire {
namespace {

// version, request id, domain, address, routing id, mechanism, credentials
constexpr size_t kFramesMin = 7;

Frames answer_to(const Frames& question, bool accepted, const std::string& user) {
  const auto text = [](const char* t) { return make_blob(t); };
  return {text(""),
          text("1.0"),
          question[2],
          text(accepted ? "200" : "400"),
          text(accepted ? "OK" : "refused"),
          make_blob(accepted ? user : ""),
          text("")};
}

}  // namespace

Result<ZapHandler> ZapHandler::open(Context& context) {
  Socket socket(context, Socket::Type::kRouter);
  // The address is fixed by the RFC.
  if (auto bound = socket.bind("inproc://zeromq.zap.01"); !bound) return bound.error();
  return ZapHandler(std::move(socket));
}

size_t ZapHandler::answer(size_t count_max, const std::function<bool(const ZapRequest&)>& accept) {
  for (size_t i = 0; i < count_max; ++i) {
    const std::optional<Incoming> in = socket_.receive();
    if (!in) return i;
    const Frames& f = in->frames;  // a delimiter stands before the question
    if (f.size() < kFramesMin) continue;
    ZapRequest request{*f[3], *f[4], ""};
    const std::string& mechanism = *f[6];
    const bool keyed = mechanism == "CURVE" && f.size() > kFramesMin && f[7]->size() == 32;
    if (keyed) request.public_key = to_hex(*f[7]);
    const bool accepted = (keyed || mechanism == "NULL") && accept(request);
    (void)socket_.send(in->peer, answer_to(f, accepted, request.public_key));
  }
  return count_max;
}

}  // namespace ghost::wire
