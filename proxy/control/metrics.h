// SPDX-License-Identifier: Apache-2.0
// Prometheus metrics, as the rows of the table of the status declare them (status_table.h).
#pragma once

#include <prometheus/labels.h>
#include <prometheus/metric_type.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "longthrow/status.h"

namespace longthrow::control {

struct Metric {
  using Emit = std::function<void(prometheus::Labels, double)>;
  using Collect = std::function<void(const Status&, const Emit&)>;

  std::string name;
  std::string help;
  prometheus::MetricType type = prometheus::MetricType::Gauge;
  std::string labels;  // comma-separated, for the documentation
  Collect collect;     // emits a sample for each set of labels; none where there is no value
};

[[nodiscard]] std::span<const Metric> metrics();

// The text exposition format.
[[nodiscard]] std::string metrics_text(const Status& status);

}  // namespace longthrow::control
