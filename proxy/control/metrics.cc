// SPDX-License-Identifier: Apache-2.0
// A scrape fills a registry of its own from one snapshot. So a link that was removed from the node
// is no longer in the text either, and counters are the node's own totals rather than a second
// count.
#include "proxy/control/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cctype>
#include <utility>
#include <vector>

#include "proxy/control/status_table.h"

namespace longthrow::control {
namespace {

using prometheus::Labels;

// The text of a row as a sentence, for metrics that have no other.
std::string sentence(std::string_view doc) {
  std::string out(doc);
  out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
  return out + ".";
}

// Those of `labels` that `names`, separated by commas, has.
Labels only(std::string_view names, const Labels& labels) {
  Labels out;
  while (!names.empty()) {
    const auto comma = names.find(',');
    if (const auto found = labels.find(std::string(names.substr(0, comma))); found != labels.end())
      out.insert(*found);
    names = comma == std::string_view::npos ? "" : names.substr(comma + 1);
  }
  return out;
}

// The metrics of one kind of object. `each(status, visit)` visits all such objects of a status,
// each with its labels; `labels` names those.
template <typename Of, typename Each>
void add_rows(std::vector<Metric>& metrics, std::string_view labels, Each each) {
  for (const StatusRow<Of>& row : rows_of(static_cast<const Of*>(nullptr))) {
    for (const MetricRow<Of>& metric : row.metrics) {
      const std::string_view names = metric.labels.empty() ? labels : metric.labels;
      const auto collect = [each, names, &metric](const Status& status, const Metric::Emit& emit) {
        each(status, [&](const Of& of, const Labels& base) {
          const Labels own = only(names, base);
          metric.collect(of, [&](Labels more, double value) {
            more.insert(own.begin(), own.end());
            emit(std::move(more), value);
          });
        });
      };
      metrics.push_back({.name = std::string(metric.name),
                         .help = metric.help.empty() ? sentence(row.doc) : std::string(metric.help),
                         .type = metric.type,
                         .labels = std::string(names),
                         .collect = collect});
    }
  }
}

template <typename Visit>
void each_drbd(const Status& status, Visit visit) {
  for (const auto& [name, route] : status.routes) {
    if (route.drbd) visit(*route.drbd, Labels{{"group", route.group}, {"route", name}});
  }
}

template <typename Visit>
void each_volume(const DrbdStatus::Direction& direction, Labels labels, Visit visit) {
  for (const auto& [number, volume] : direction.volumes) {
    labels["volume"] = std::to_string(number);
    visit(volume, labels);
  }
}

std::vector<Metric> make_metrics() {
  std::vector<Metric> all;
  add_rows<Status>(all, "", [](const Status& status, auto visit) { visit(status, Labels{}); });
  add_rows<LinkStatus>(all, "link", [](const Status& status, auto visit) {
    for (const auto& [name, link] : status.links) visit(link, Labels{{"link", name}});
  });
  add_rows<GroupStatus>(all, "link,group", [](const Status& status, auto visit) {
    for (const auto& [name, group] : status.groups)
      visit(group, Labels{{"link", group.link}, {"group", name}});
  });
  add_rows<RouteStatus>(all, "group,route", [](const Status& status, auto visit) {
    for (const auto& [name, route] : status.routes)
      visit(route, Labels{{"group", route.group}, {"route", name}});
  });
  add_rows<DrbdStatus>(all, "group,route",
                       [](const Status& status, auto visit) { each_drbd(status, visit); });
  add_rows<DrbdStatus::Volume>(all, "group,route,volume,direction",
                               [](const Status& status, auto visit) {
                                 each_drbd(status, [&](const DrbdStatus& drbd, Labels labels) {
                                   labels["direction"] = "sent";
                                   each_volume(drbd.sent, labels, visit);
                                   labels["direction"] = "received";
                                   each_volume(drbd.received, labels, visit);
                                 });
                               });
  return all;
}

template <typename Family>
void add_samples(Family& family, const Metric& metric, const Status& status) {
  metric.collect(status, [&](const Labels& labels, double value) {
    auto& sample = family.Add(labels);
    if constexpr (requires { sample.Set(value); }) {
      sample.Set(value);
    } else {
      sample.Increment(value);
    }
  });
}

void fill(prometheus::Registry& registry, const Metric& metric, const Status& status) {
  const auto family = [&](auto builder) -> auto& {
    return builder.Name(metric.name).Help(metric.help).Register(registry);
  };
  if (metric.type == prometheus::MetricType::Counter) {
    add_samples(family(prometheus::BuildCounter()), metric, status);
  } else {
    add_samples(family(prometheus::BuildGauge()), metric, status);
  }
}

}  // namespace

std::span<const Metric> metrics() {
  static const std::vector<Metric> table = make_metrics();
  return table;
}

std::string metrics_text(const Status& status) {
  prometheus::Registry registry;
  for (const Metric& metric : metrics()) fill(registry, metric, status);
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace longthrow::control
