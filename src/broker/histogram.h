// A histogram in Prometheus' sense: cumulative buckets, sum and count. Pure.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "wire/messages.gen.h"

namespace ghost::broker {

class Histogram {
 public:
  // `bounds` are upper ends, rising; +Inf comes by itself.
  Histogram(std::string name, std::string help, std::vector<double> bounds)
      : name_(std::move(name)), help_(std::move(help)), bounds_(std::move(bounds)) {
    counts_.resize(bounds_.size() + 1);
  }
  void add(double value) {
    size_t at = 0;
    while (at < bounds_.size() && value > bounds_[at]) ++at;
    ++counts_[at];
    sum_ += value;
  }
  // NAME_bucket{le}, NAME_sum and NAME_count.
  void append_to(std::vector<wire::Metric>* out) const {
    const auto sample = [&](const char* suffix, std::map<std::string, std::string> labels,
                            double value) {
      out->push_back(
          {name_ + suffix, help_, wire::MetricType::kHistogram, std::move(labels), value});
    };
    uint64_t total = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      total += counts_[i];
      char bound[32] = "+Inf";
      if (i < bounds_.size()) std::snprintf(bound, sizeof bound, "%g", bounds_[i]);
      sample("_bucket", {{"le", bound}}, static_cast<double>(total));
    }
    sample("_sum", {}, sum_);
    sample("_count", {}, static_cast<double>(total));
  }

 private:
  std::string name_, help_;
  std::vector<double> bounds_;
  std::vector<uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace ghost::broker
