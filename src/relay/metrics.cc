#include "relay/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace ghost::relay {
namespace {

using wire::MetricType;

std::string number_text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::vector<prometheus::ClientMetric::Label> labels_of(const wire::Metric& sample, bool with_le) {
  std::vector<prometheus::ClientMetric::Label> out;
  for (const auto& [name, value] : sample.labels) {
    if (with_le || name != "le") out.push_back({name, value});
  }
  return out;
}

bool strip(std::string* name, std::string_view suffix) {
  if (!name->ends_with(suffix)) return false;
  name->resize(name->size() - suffix.size());
  return true;
}

double bound_of(const wire::Metric& sample) {
  const auto le = sample.labels.find("le");
  if (le == sample.labels.end() || le->second == "+Inf") {
    return std::numeric_limits<double>::infinity();
  }
  return std::strtod(le->second.c_str(), nullptr);
}

class Families {
 public:
  void add(const wire::Metric& sample) {
    if (sample.type == MetricType::kHistogram) return add_histogram(sample);
    prometheus::MetricFamily& family = family_of(sample.name, sample);
    prometheus::ClientMetric metric;
    metric.label = labels_of(sample, true);
    if (sample.type == MetricType::kCounter) {
      family.type = prometheus::MetricType::Counter;
      metric.counter.value = sample.value;
    } else {
      family.type = prometheus::MetricType::Gauge;
      metric.gauge.value = sample.value;
    }
    family.metric.push_back(std::move(metric));
  }

  std::string text() {
    for (prometheus::MetricFamily& family : families_) {
      for (prometheus::ClientMetric& metric : family.metric) {
        auto& buckets = metric.histogram.bucket;
        std::sort(buckets.begin(), buckets.end(),
                  [](const auto& a, const auto& b) { return a.upper_bound < b.upper_bound; });
      }
    }
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  prometheus::MetricFamily& family_of(const std::string& name, const wire::Metric& sample) {
    const auto [at, fresh] = index_.try_emplace(name, families_.size());
    if (fresh) {
      families_.emplace_back();
      families_.back().name = name;
      families_.back().help = sample.help;
    }
    return families_[at->second];
  }

  void add_histogram(const wire::Metric& sample) {
    std::string name = sample.name;
    const bool bucket = strip(&name, "_bucket");
    const bool sum = !bucket && strip(&name, "_sum");
    const bool count = !bucket && !sum && strip(&name, "_count");
    prometheus::MetricFamily& family = family_of(name, sample);
    family.type = prometheus::MetricType::Histogram;
    const auto labels = labels_of(sample, false);
    auto at = std::find_if(family.metric.begin(), family.metric.end(),
                           [&](const auto& metric) { return metric.label == labels; });
    if (at == family.metric.end()) {
      family.metric.emplace_back();
      at = family.metric.end() - 1;
      at->label = labels;
    }
    if (sum) at->histogram.sample_sum = sample.value;
    if (count) at->histogram.sample_count = static_cast<uint64_t>(sample.value);
    if (bucket) {
      at->histogram.bucket.push_back({static_cast<uint64_t>(sample.value), bound_of(sample)});
    }
  }

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, size_t> index_;
};

}  // namespace

void Metrics::record(const std::string& route, const std::string& method, int status,
                     int64_t took_us) {
  ++requests_[{route, method, status}];
  Durations& d = durations_[route];
  const double seconds = static_cast<double>(took_us) / 1e6;
  const auto at = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++d.counts[static_cast<size_t>(at - kBounds.begin())];
  d.sum += seconds;
}

std::vector<wire::Metric> Metrics::samples(const HttpFigures& http, const BrokerLink::Figures& link,
                                           bool broker_alive, size_t watches) const {
  std::vector<wire::Metric> out;
  const auto add = [&](const char* name, const char* help, MetricType type, double value) {
    out.push_back({name, help, type, {}, value});
  };
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    add(name, help, MetricType::kCounter, static_cast<double>(value));
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    add(name, help, MetricType::kGauge, value);
  };
  for (const auto& [key, count] : requests_) {
    const auto& [route, method, status] = key;
    out.push_back({"ghost_relay_requests_total",
                   "HTTP requests answered",
                   MetricType::kCounter,
                   {{"route", route}, {"method", method}, {"status", std::to_string(status)}},
                   static_cast<double>(count)});
  }
  constexpr const char* kDuration = "ghost_relay_request_duration_seconds";
  constexpr const char* kHelp = "Time from a request's head to the end of its response";
  for (const auto& [route, d] : durations_) {
    uint64_t total = 0;
    for (size_t i = 0; i < d.counts.size(); ++i) {
      total += d.counts[i];
      const std::string le = i < kBounds.size() ? number_text(kBounds[i]) : "+Inf";
      out.push_back({std::string(kDuration) + "_bucket",
                     kHelp,
                     MetricType::kHistogram,
                     {{"route", route}, {"le", le}},
                     static_cast<double>(total)});
    }
    out.push_back({std::string(kDuration) + "_sum",
                   kHelp,
                   MetricType::kHistogram,
                   {{"route", route}},
                   d.sum});
    out.push_back({std::string(kDuration) + "_count",
                   kHelp,
                   MetricType::kHistogram,
                   {{"route", route}},
                   static_cast<double>(total)});
  }
  counter("ghost_relay_connections_accepted_total", "HTTP connections accepted", http.accepted);
  counter("ghost_relay_connections_refused_total", "HTTP connections over the limit",
          http.refused_full);
  counter("ghost_relay_heads_refused_total", "Requests with a head that was refused",
          http.refused_heads);
  counter("ghost_relay_timeouts_total", "Requests and responses that were too slow",
          http.timed_out);
  counter("ghost_relay_received_bytes_total", "Bytes received over HTTP", http.bytes_in);
  counter("ghost_relay_sent_bytes_total", "Bytes sent over HTTP", http.bytes_out);
  gauge("ghost_relay_connections", "HTTP connections open", static_cast<double>(http.connections));
  gauge("ghost_relay_inflight_bytes", "Request bodies held",
        static_cast<double>(http.inflight_bytes));
  gauge("ghost_relay_watches", "Event and log streams open", static_cast<double>(watches));
  gauge("ghost_relay_broker_up", "1 when the broker answered lately", broker_alive ? 1 : 0);
  gauge("ghost_relay_questions_pending", "Questions to the broker without an answer yet",
        static_cast<double>(link.pending));
  counter("ghost_relay_questions_total", "Questions asked of the broker", link.asked);
  counter("ghost_relay_questions_repeated_total", "Questions sent again", link.repeated);
  counter("ghost_relay_questions_timed_out_total", "Questions that got no answer", link.timed_out);
  return out;
}

std::string prometheus_text(const std::vector<wire::Metric>& samples) {
  Families families;
  for (const wire::Metric& sample : samples) families.add(sample);
  return families.text();
}

}  // namespace ghost::relay
