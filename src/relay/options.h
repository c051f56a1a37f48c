// What ghost-relay can be told, read and validated once at start. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/options.h"
#include "base/result.h"

namespace ghost::relay {

struct RelayOptions {
  std::string http = "127.0.0.1:5050";          // address to listen on; port 0: a free one
  std::string broker = "tcp://127.0.0.1:5051";  // the broker's endpoint for clients
  std::string join;                             // join string or @FILE; empty: what join_file holds
  std::string join_file;                        // where it is kept; empty: nowhere
  std::string name;                             // instance id; empty: made of host and port
  std::string advertise;                        // URL told to the registry; empty: the real one
  std::string tls_cert;                         // PEM files; empty: HTTP without TLS
  std::string tls_key;
  int64_t header_bytes_max = 32 << 10;   // request line and headers
  int64_t body_bytes_max = 48 << 20;     // body of a submission: 32 MiB as base64, and room
  int64_t payload_bytes_max = 32 << 20;  // a patch, decoded
  int64_t inflight_bytes_max = int64_t{512} << 20;  // bodies held at a time, over all connections
  int64_t connections_max = 4096;                   // open at a time
  int64_t watches_max = 2048;                       // event and log streams at a time
  int64_t header_timeout_ms = 10'000;  // from the first byte of a request to its headers
  int64_t idle_timeout_ms = 75'000;    // between two requests of a connection
  int64_t body_timeout_ms = 20'000;    // grace for a body or an answer, on top of
  int64_t rate_min = 4096;             // bytes a second, as slow as a peer may be
  int64_t wait_ms_max = 300'000;       // longest wait=N that is kept
  int64_t broker_timeout_ms = 15'000;  // for an answer of the broker
  int64_t broker_silence_ms = 4'000;   // after which calls are refused at once
  int64_t keepalive_ms = 10'000;       // between comments on a quiet event stream
  int64_t stop_ms = 8'000;             // for what is in flight when told to stop
  int64_t registry_ttl_ms = 15'000;    // of the relay's own registry entry
};

void declare_options(OptionSet& set, RelayOptions* options);
// Error codes bad_field, bad_config.
Status validate_options(const RelayOptions& options);

struct ListenAddress {
  std::string host;  // an IP address, no brackets
  uint16_t port = 0;
  bool loopback = false;
};
// "127.0.0.1:5050", "[::1]:0", "localhost:80". Error code bad_field.
Result<ListenAddress> parse_listen_address(const std::string& text);

}  // namespace ghost::relay
