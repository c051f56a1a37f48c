#include "relay/options.h"

#include <arpa/inet.h>

#include "base/ids.h"
#include "http/url.h"
#include "wire/keys.h"

namespace ghost::relay {

void declare_options(OptionSet& set, RelayOptions* o) {
  constexpr int64_t kHour = 3'600'000, kTerabyte = int64_t{1} << 40;
  set.add("http", &o->http,
          "address to listen on; port 0 takes a free one; beyond loopback only in a farm with "
          "bearer tokens");
  set.add("broker", &o->broker, "the broker's endpoint for clients");
  set.add("join", &o->join, "join string of `ghost keys add relay`, or @FILE that holds it");
  set.add("join-file", &o->join_file,
          "file in which the join string is kept, and follows the broker when its key changes");
  set.add("name", &o->name, "instance id in the registry; empty: made of host and port");
  set.add("advertise", &o->advertise, "URL told to the registry; empty: the address listened on");
  set.add("tls-cert", &o->tls_cert,
          "PEM file of the certificate and those above it; with tls-key: HTTPS. SIGHUP reads both "
          "again");
  set.add("tls-key", &o->tls_key, "PEM file of the certificate's key, of mode 0600");
  set.add("header-bytes-max", &o->header_bytes_max, "size of a request's headers, bytes", 1024,
          1 << 20);
  set.add("body-bytes-max", &o->body_bytes_max, "size of a request's body, bytes", 1024, 1 << 30);
  set.add("payload-bytes-max", &o->payload_bytes_max, "size of a patch once decoded, bytes", 1024,
          32 << 20);
  set.add("inflight-bytes-max", &o->inflight_bytes_max,
          "bodies held at a time over all connections, bytes", 1024, kTerabyte);
  set.add("connections-max", &o->connections_max, "HTTP connections at a time", 1, 1'000'000);
  set.add("watches-max", &o->watches_max, "event and log streams at a time", 1, 1'000'000);
  set.add("header-timeout-ms", &o->header_timeout_ms, "time for a request's headers, ms", 1, kHour);
  set.add("idle-timeout-ms", &o->idle_timeout_ms, "time between two requests, ms", 1, kHour);
  set.add("body-timeout-ms", &o->body_timeout_ms,
          "time for a body or an answer beyond what rate-min gives it, ms", 1, kHour);
  set.add("rate-min", &o->rate_min, "slowest transfer that is borne, bytes per second", 1,
          kTerabyte);
  set.add("wait-ms-max", &o->wait_ms_max, "longest wait for a job's end in one call, ms", 0,
          24 * kHour);
  set.add("broker-timeout-ms", &o->broker_timeout_ms, "time for an answer of the broker, ms", 1,
          kHour);
  set.add("broker-silence-ms", &o->broker_silence_ms,
          "silence of the broker after which calls are refused at once, ms", 100, kHour);
  set.add("keepalive-ms", &o->keepalive_ms, "between comments on a quiet event stream, ms", 100,
          120'000);
  set.add("stop-ms", &o->stop_ms, "time for what is in flight when told to stop, ms", 0, kHour);
  set.add("registry-ttl-ms", &o->registry_ttl_ms, "TTL of the relay's registry entry, ms", 1000,
          kHour);
}

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const Error bad{"bad_field",
                  "\"" + text + "\": expected an IP address and a port, as in 127.0.0.1:5050",
                  "http"};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  ListenAddress out;
  out.host = text.substr(0, colon);
  if (out.host.size() > 1 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
    if (out.host.find(':') == std::string::npos) return bad;
  } else if (out.host.find(':') != std::string::npos) {
    return bad;
  }
  if (out.host == "localhost") out.host = "127.0.0.1";
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, out.host.c_str(), &v4) == 1) {
    out.loopback = out.host.rfind("127.", 0) == 0;
  } else if (inet_pton(AF_INET6, out.host.c_str(), &v6) == 1) {
    out.loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    return bad;
  }
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos ||
      std::stoi(port) > 65535) {
    return bad;
  }
  out.port = static_cast<uint16_t>(std::stoi(port));
  return out;
}

Status validate_options(const RelayOptions& o) {
  const Result<ListenAddress> address = parse_listen_address(o.http);
  if (!address) return address.error();
  if (o.tls_cert.empty() != o.tls_key.empty()) {
    return Error{"bad_config", "--tls-cert and --tls-key go together", "tls-cert"};
  }
  if (!o.name.empty() && !is_name(o.name)) {
    return Error{"bad_field", "--name " + o.name + ": expected letters, digits, '.', '_', '-'",
                 "name"};
  }
  if (!o.join.empty()) {
    if (const auto member = wire::load_membership(o.join); !member) return member.error();
  }
  if (o.broker.find("://") == std::string::npos) {
    return Error{"bad_field",
                 "--broker " + o.broker + ": expected an endpoint such as tcp://127.0.0.1:5051",
                 "broker"};
  }
  if (!o.advertise.empty()) {
    if (const auto url = http::parse_base_url(o.advertise); !url) return url.error();
  }
  return ok_status();
}

}  // namespace ghost::relay
