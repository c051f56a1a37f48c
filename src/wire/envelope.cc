#include "wire/envelope.h"

#include <algorithm>

#include "wire/codec.h"

namespace ghost::wire {

using namespace codec;

namespace {

bool worth_joining(const Frames& payloads) {
  return payloads.size() > 1 && std::all_of(payloads.begin(), payloads.end(), [](const Blob& each) {
           return each->size() <= kJoinedPayloadMax;
         });
}

struct Appender {  // for a packer
  std::string& out;
  void write(const char* bytes, size_t size) { out.append(bytes, size); }
};

std::string join(const Frames& payloads) {
  size_t bytes = 5;
  for (const Blob& each : payloads) bytes += each->size() + 5;
  std::string joined;
  joined.reserve(bytes);
  Appender appender{joined};
  msgpack::packer<Appender> out(appender);
  out.pack_array(static_cast<uint32_t>(payloads.size()));
  for (const Blob& each : payloads) {
    out.pack_bin(static_cast<uint32_t>(each->size()));
    out.pack_bin_body(each->data(), static_cast<uint32_t>(each->size()));
  }
  return joined;
}

Status split(std::string_view joined, Frames* out) {
  const Error bad{"bad_request",
                  "joined payloads: expected a list of at most " +
                      std::to_string(kPayloadFramesMax) + " byte strings",
                  ""};
  if (!check(joined)) return bad;
  Reader in(joined);
  const Value list = in.next();
  if (list.kind != Value::Kind::kList || list.count > kPayloadFramesMax) return bad;
  out->reserve(list.count);
  for (uint32_t i = 0; i < list.count; ++i) {
    const Value each = in.next();
    if (each.kind != Value::Kind::kBytes) return bad;
    out->push_back(make_blob(std::string(each.bytes)));
  }
  return ok_status();
}

}  // namespace

Frames pack(std::string_view kind, uint64_t correlation, std::string body, Frames payloads,
            Payloads as) {
  const bool joined = as == Payloads::kJoined && worth_joining(payloads);
  Frames frames;
  frames.reserve(2 + (joined ? 1 : payloads.size()));
  frames.push_back(make_blob(encode_with([&](Packer& out) {
    out.pack_map(joined ? 4 : 3);
    if (joined) {
      write_key(out, "j");
      write(out, true);
    }
    write_key(out, "v");
    write(out, kProtocolVersion);
    write_key(out, "k");
    write(out, kind);
    write_key(out, "c");
    write(out, correlation);
  })));
  frames.push_back(make_blob(std::move(body)));
  if (joined) {
    frames.push_back(make_blob(join(payloads)));
    return frames;
  }
  std::move(payloads.begin(), payloads.end(), std::back_inserter(frames));
  return frames;
}

Result<Message> unpack(Frames frames, uint64_t* correlation_out) {
  *correlation_out = 0;
  if (frames.size() < 2) {
    return Error{"bad_request", "expected a header frame and a body frame", ""};
  }
  if (frames.size() > 2 + kPayloadFramesMax) {
    return Error{"bad_request",
                 "more than " + std::to_string(kPayloadFramesMax) + " payload frames", ""};
  }
  if (frames[0]->size() > 1024) return Error{"bad_request", "header frame over 1024 bytes", ""};
  const auto read_header = [](const Path& at, Reader& in, Header* out) {
    static constexpr std::string_view kNames[] = {"v", "k", "c", "j"};
    FieldWalk walk(at, in, kNames);
    while (walk.next()) {
      const Path p{&at, walk.key()};
      bool good = true;
      switch (walk.field()) {
        case 0:
          good = read_u64(p, in, &out->version, {0, kNoBound});
          break;
        case 1:
          good = read_string(p, in, &out->kind, {1, 64});
          break;
        case 2:
          good = read_u64(p, in, &out->correlation, {0, kNoBound});
          break;
        case 3:
          good = read_bool(p, in, &out->joined);
          break;
        default:
          in.skip();
      }
      if (!good) return false;
    }
    if (!walk.ok()) return false;
    if (!walk.seen(0)) return in.fail(missing_field(at, "v"));
    if (!walk.seen(1)) return in.fail(missing_field(at, "k"));
    return true;
  };
  Result<Header> header = decode_with<Header>(*frames[0], read_header);
  if (!header) return Error{"bad_request", "header: " + header.error().message, ""};
  *correlation_out = header->correlation;
  if (header->version != kProtocolVersion) {
    return Error{"unknown_version",
                 "protocol version " + std::to_string(header->version) +
                     " is not spoken here, only " + std::to_string(kProtocolVersion),
                 ""};
  }
  Message message{std::move(*header), std::move(frames[1]), {}};
  if (message.header.joined) {
    if (frames.size() != 3) {
      return Error{"bad_request", "expected one frame of joined payloads", ""};
    }
    if (Status s = split(*frames[2], &message.payloads); !s) return s.error();
    return message;
  }
  message.payloads.assign(std::make_move_iterator(frames.begin() + 2),
                          std::make_move_iterator(frames.end()));
  return message;
}

Frames pack_failure(uint64_t correlation, const Error& error, uint64_t retry_after_ms) {
  return pack(correlation, Failure{failure_body(error, retry_after_ms)});
}

ErrorBody failure_body(const Error& error, uint64_t retry_after_ms) {
  ErrorBody body{error.code, error.message, error.field, retry_after_ms};
  if (error.code == "unknown_version") {
    body.versions.assign(kProtocolsSpoken.begin(), kProtocolsSpoken.end());
  }
  return body;
}

std::optional<uint64_t> choose_protocol(const std::vector<uint64_t>& offered) {
  if (offered.empty()) return kProtocolVersion;
  std::optional<uint64_t> best;
  for (const uint64_t version : kProtocolsSpoken) {
    if (std::find(offered.begin(), offered.end(), version) != offered.end()) best = version;
  }
  return best;
}

Error no_common_protocol(const std::vector<uint64_t>& offered) {
  std::string theirs;
  for (const uint64_t version : offered) {
    theirs += (theirs.empty() ? "" : ", ") + std::to_string(version);
  }
  return {"unknown_version",
          "of the offered protocol versions (" + theirs + ") none is spoken here, only " +
              std::to_string(kProtocolVersion),
          "protocols"};
}

}  // namespace ghost::wire
