// The relay's own counters, and the Prometheus text of any samples. Owner of prometheus-cpp. The
// loop's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "relay/broker_link.h"
#include "relay/http_server.h"
#include "wire/messages.gen.h"

namespace ghost::relay {

class Metrics {
 public:
  // `route` is the pattern, so that the number of series is bounded.
  void record(const std::string& route, const std::string& method, int status, int64_t took_us);
  std::vector<wire::Metric> samples(const HttpFigures& http, const BrokerLink::Figures& link,
                                    bool broker_alive, size_t watches) const;

 private:
  static constexpr std::array<double, 10> kBounds = {0.001, 0.003, 0.01, 0.03, 0.1,
                                                     0.3,   1,     3,    10,   60};
  struct Durations {
    std::array<uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, uint64_t> requests_;
  std::map<std::string, Durations> durations_;
};

// The text exposition format, version 0.0.4. Samples of a histogram are named NAME_bucket (label
// le), NAME_sum and NAME_count.
std::string prometheus_text(const std::vector<wire::Metric>& samples);

}  // namespace ghost::relay
