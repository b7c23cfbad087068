// SPDX-License-Identifier: Apache-2.0
// The one table of the status: each key of the JSON with the member that it shows, what it means,
// and the metrics that are made of it. From its rows come the JSON and its reader (status_json.h),
// the metrics (metrics.h) and the tables of docs/CONTROL.md and docs/METRICS.md
// (status_reference.h).
#pragma once

#include <prometheus/labels.h>
#include <prometheus/metric_type.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/status.h"
#include "proxy/control/json.h"

namespace longthrow::control {

// A sample of a metric: labels beside those of the object, and the value.
using EmitSample = std::function<void(const prometheus::Labels&, double)>;
// Nothing: there is no sample now.
using Sample = std::optional<double>;

template <typename Of>
struct MetricRow {
  std::string_view name;
  std::string_view help;
  prometheus::MetricType type = prometheus::MetricType::Gauge;
  std::string_view labels{};  // "link,cause"; "": those of the object alone
  std::function<void(const Of&, const EmitSample&)> collect{};  // none: the value of the row
};

// A line of the documentation. `key` is the path from the object: "buffer.used_bytes".
struct KeyDoc {
  std::string key;
  std::string type;
  std::string_view doc;
};

template <typename Of>
struct StatusRow {
  std::string_view key;  // with dots: "buffer.used_bytes"
  std::string type;      // for the documentation
  std::string_view doc;
  std::function<json::value(const Of&)> write;
  // Takes what fits, and leaves the member alone otherwise. None: it is told from other keys.
  std::function<void(const json::value&, Of&)> read{};
  // Adds the keys of the objects inside; none where there are no such objects.
  std::function<void(const std::string& key, std::vector<KeyDoc>&)> describe{};
  std::vector<MetricRow<Of>> metrics{};
  bool left_out_if_null = false;
};

template <typename Of>
using StatusRows = std::vector<StatusRow<Of>>;

// The rows of each kind of object, in the order of the JSON's keys.
const StatusRows<Status>& rows_of(const Status*);
const StatusRows<LossSummary>& rows_of(const LossSummary*);
const StatusRows<Loss>& rows_of(const Loss*);
const StatusRows<LinkStatus>& rows_of(const LinkStatus*);
const StatusRows<LaneStatus>& rows_of(const LaneStatus*);
const StatusRows<Notice>& rows_of(const Notice*);
const StatusRows<Warning>& rows_of(const Warning*);
const StatusRows<GroupStatus>& rows_of(const GroupStatus*);
const StatusRows<RouteStatus>& rows_of(const RouteStatus*);
const StatusRows<ChannelStatus>& rows_of(const ChannelStatus*);
const StatusRows<DrbdStatus>& rows_of(const DrbdStatus*);
const StatusRows<DrbdStatus::Disks>& rows_of(const DrbdStatus::Disks*);
const StatusRows<DrbdStatus::Direction>& rows_of(const DrbdStatus::Direction*);
const StatusRows<DrbdStatus::Volume>& rows_of(const DrbdStatus::Volume*);

template <typename Of>
concept HasRows = requires(const Of* of) { rows_of(of); };

}  // namespace longthrow::control
