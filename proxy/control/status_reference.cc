// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_reference.h"

#include "proxy/base/log.h"
#include "proxy/control/metrics.h"
#include "proxy/control/status_objects.h"

namespace longthrow::control {
namespace {

constexpr std::string_view kBegin = "<!-- made by update_status_reference: begin -->\n";
constexpr std::string_view kEnd = "<!-- made by update_status_reference: end -->";

}  // namespace

std::vector<KeyDoc> status_keys() {
  std::vector<KeyDoc> keys;
  StatusValue<Status>::describe("", keys);
  for (KeyDoc& key : keys) key.key.erase(0, 1);  // the dot of the whole
  StatusValue<LinkStatus>::describe("links.NAME", keys);
  StatusValue<GroupStatus>::describe("groups.NAME", keys);
  StatusValue<RouteStatus>::describe("routes.NAME", keys);
  return keys;
}

std::string render_status_keys() {
  std::string out = "| key | type | meaning |\n|---|---|---|\n";
  for (const KeyDoc& key : status_keys())
    out += format("| `{}` | {} | {} |\n", key.key, key.type, key.doc);
  return out;
}

std::string render_metrics() {
  std::string out = "| name | type | labels | meaning |\n|---|---|---|---|\n";
  for (const Metric& metric : metrics()) {
    const bool counter = metric.type == prometheus::MetricType::Counter;
    out += format("| `{}` | {} | {} | {} |\n", metric.name, counter ? "counter" : "gauge",
                  metric.labels, metric.help);
  }
  return out;
}

Result<std::string> with_table(std::string_view document, std::string_view table) {
  const auto begin = document.find(kBegin);
  const auto end = document.find(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return fail("the document lacks the lines that mark its table");
  return format("{}{}{}", document.substr(0, begin + kBegin.size()), table, document.substr(end));
}

}  // namespace longthrow::control
