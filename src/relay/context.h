// What every handler may use. Made once by Relay, outlives all requests; the loop's thread only.
#pragma once

#include "relay/auth.h"
#include "relay/broker_link.h"
#include "relay/http_server.h"
#include "relay/metrics.h"
#include "relay/options.h"

namespace ghost::relay {

struct RelayContext {
  const RelayOptions& options;
  BrokerLink& link;
  const Auth& auth;
  Metrics& metrics;
  std::function<HttpFigures()> http_figures;
  size_t watches = 0;  // event and log streams open
  bool stopping = false;
};

using Handler = Task<Response> (*)(RelayContext&, Request&);

}  // namespace ghost::relay
