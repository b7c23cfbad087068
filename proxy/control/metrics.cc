// SPDX-License-Identifier: Apache-2.0
// A scrape fills a registry of its own from one snapshot. So a link that was removed from the node
// is no longer in the text either, and counters are the node's own totals rather than a second
// count.
#include "proxy/control/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace longthrow::control {
namespace {

using enum prometheus::MetricType;
using prometheus::Labels;
using Value = std::optional<double>;

double from_bool(bool value) { return value ? 1.0 : 0.0; }
double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// `get(status)` gives one sample without labels.
template <typename Get>
Metric::Collect of_node(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    emit({}, static_cast<double>(get(status)));
  };
}
// `get(link)`, `get(group)`, `get(route)` give a number or an optional one.
template <typename Get>
Metric::Collect of_link(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    for (const auto& [name, link] : status.links) {
      if (const Value value = Value(get(link))) emit({{"link", name}}, *value);
    }
  };
}
template <typename Get>
Metric::Collect of_group(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    for (const auto& [name, group] : status.groups) {
      if (const Value value = Value(get(group))) {
        emit({{"link", group.link}, {"group", name}}, *value);
      }
    }
  };
}
template <typename Get>
Metric::Collect of_route(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    for (const auto& [name, route] : status.routes) {
      emit({{"group", route.group}, {"route", name}}, static_cast<double>(get(route)));
    }
  };
}

void collect_build(const Status& status, const Metric::Emit& emit) {
  emit({{"node", status.node}, {"version", status.version}, {"io", status.io}}, 1.0);
}

void collect_consistent(const Status& status, const Metric::Emit& emit) {
  for (const auto& [name, group] : status.groups) {
    if (group.consistent == Consistency::unknown) continue;
    emit({{"group", name}}, from_bool(group.consistent == Consistency::yes));
  }
}

// One sample for each cause, so that alerts and graphs need no label arithmetic.
void collect_limited_by(const Status& status, const Metric::Emit& emit) {
  for (const auto& [name, link] : status.links) {
    for (const std::string_view cause : kWords<Limit>) {
      emit({{"link", name}, {"cause", std::string(cause)}},
           from_bool(to_string(link.limited_by) == cause));
    }
  }
}

void collect_route_state(const Status& status, const Metric::Emit& emit) {
  for (const auto& [name, route] : status.routes) {
    for (const std::string_view state : kWords<RouteState>) {
      emit({{"group", route.group}, {"route", name}, {"state", std::string(state)}},
           from_bool(to_string(route.state) == state));
    }
  }
}

// `get(drbd)` gives a number or an optional one, of each route of protocol drbd.
template <typename Get>
Metric::Collect of_drbd(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    for (const auto& [name, route] : status.routes) {
      const Value value = route.drbd ? Value(get(*route.drbd)) : Value();
      if (value) emit({{"group", route.group}, {"route", name}}, *value);
    }
  };
}

// `get(volume)` gives a number, of each volume of these routes and direction.
template <typename Get>
Metric::Collect of_volume(Get get) {
  const auto emit_each = [get](const Labels& route, const char* direction,
                               const DrbdStatus::Direction& volumes, const Metric::Emit& emit) {
    for (const auto& [number, volume] : volumes.volumes) {
      Labels labels = route;
      labels["volume"] = std::to_string(number);
      labels["direction"] = direction;
      emit(labels, static_cast<double>(get(volume)));
    }
  };
  return [emit_each](const Status& status, const Metric::Emit& emit) {
    for (const auto& [name, route] : status.routes) {
      if (!route.drbd) continue;
      const Labels labels{{"group", route.group}, {"route", name}};
      emit_each(labels, "sent", route.drbd->sent, emit);
      emit_each(labels, "received", route.drbd->received, emit);
    }
  };
}

bool is_paused(const LinkStatus& link) {
  return link.paused_since.has_value() ||
         std::ranges::any_of(link.notices,
                             [](const Notice& notice) { return notice.what == "paused"; });
}

// `get(count)` gives a number.
template <typename Get>
Metric::Collect of_losses(Get get) {
  return [get](const Status& status, const Metric::Emit& emit) {
    for (const LossCount& count : status.losses.counts) {
      emit({{"link", count.link},
            {"group", count.group},
            {"reason", std::string(to_string(count.reason))}},
           static_cast<double>(get(count)));
    }
  };
}

void collect_notices(const Status& status, const Metric::Emit& emit) {
  const auto each = [&](const std::string& link, const std::string& group,
                        const std::vector<Notice>& notices) {
    for (const Notice& notice : notices) {
      emit({{"link", link}, {"group", group}, {"what", notice.what}, {"where", notice.where}},
           seconds_of(notice.since));
    }
  };
  for (const auto& [name, link] : status.links) each(name, "", link.notices);
  for (const auto& [name, group] : status.groups) each(group.link, name, group.notices);
}

void collect_compression(const Status& status, const Metric::Emit& emit) {
  for (const auto& [name, link] : status.links) {
    emit({{"link", name}, {"setting", link.compression.setting}, {"codec", link.compression.codec}},
         1.0);
  }
}

void collect_cuts(const Status& status, const Metric::Emit& emit) {
  for (const auto& [name, group] : status.groups) {
    const auto one = [&](const char* proof, std::uint64_t count) {
      // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it does not follow the initializer list
      emit({{"link", group.link}, {"group", name}, {"proof", proof}}, static_cast<double>(count));
    };
    one("source", group.cuts.source);
    one("freeze", group.cuts.freeze);
    one("observed", group.cuts.observed);
    one("unproven", group.cuts.unproven);
  }
}

#define LT_LINK(expression) of_link([](const LinkStatus& link) { return expression; })
#define LT_GROUP(expression) of_group([](const GroupStatus& group) { return expression; })
#define LT_ROUTE(expression) of_route([](const RouteStatus& route) { return expression; })
#define LT_DRBD(expression) of_drbd([](const DrbdStatus& drbd) { return expression; })
#define LT_VOLUME(expression) of_volume([](const DrbdStatus::Volume& volume) { return expression; })
#define LT_NUMBER(expression) static_cast<double>(expression)

std::vector<Metric> make_table() {
  return {
      {"longthrow_build_info", "The node, its version and its I/O backend; always 1.", Gauge,
       "node,version,io", collect_build},
      {"longthrow_uptime_seconds", "Time since the node's start.", Gauge, "",
       of_node([](const Status& status) { return status.uptime_s; })},
      {"longthrow_stopping", "1 while the node is draining before it ends.", Gauge, "",
       of_node([](const Status& status) { return from_bool(status.stopping); })},

      {"longthrow_link_up", "1 while the link has a session with its peer.", Gauge, "link",
       LT_LINK(from_bool(link.state == LinkState::up))},
      {"longthrow_link_paused", "1 while an administrator has paused the link, at either end.",
       Gauge, "link", LT_LINK(from_bool(is_paused(link)))},
      {"longthrow_link_fenced", "1 after a takeover, until release.", Gauge, "link",
       LT_LINK(from_bool(link.fenced))},
      {"longthrow_stopped_since_timestamp_seconds",
       "Since when an administrator has held, paused or fenced it, here or at the peer; absent if "
       "not.",
       Gauge, "link,group,what,where", collect_notices},
      {"longthrow_link_lanes", "Connections of the link, the express lane included.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.lanes.size()))},
      {"longthrow_link_rtt_seconds", "Round-trip time to the peer; absent while not up.", Gauge,
       "link",
       LT_LINK(link.state == LinkState::up && link.rtt_ms ? Value(*link.rtt_ms / 1000.0)
                                                          : Value())},
      {"longthrow_link_limited_by", "1 for what limits the link's throughput now, else 0.", Gauge,
       "link,cause", collect_limited_by},

      {"longthrow_buffer_used_bytes", "Memory that the send buffer uses.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.buffer.used_bytes))},
      {"longthrow_buffer_raw_bytes", "What the send buffer holds, uncompressed.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.buffer.raw_bytes))},
      {"longthrow_buffer_limit_bytes", "The link's memlimit.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.buffer.limit_bytes))},
      {"longthrow_buffer_full", "1 while the send share is spent and the source is slowed.", Gauge,
       "link", LT_LINK(from_bool(link.buffer.full))},
      {"longthrow_receive_buffer_used_bytes", "Memory that the receive side uses.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.buffer.receive_used_bytes))},

      {"longthrow_lag_bytes", "Bytes accepted here that the peer could not use yet.", Gauge,
       "link,group", LT_GROUP(LT_NUMBER(group.lag.bytes))},
      {"longthrow_lag_seconds", "Age of the oldest byte that the peer could not use yet.", Gauge,
       "link,group", LT_GROUP(group.lag.seconds)},
      {"longthrow_link_lag_bytes", "As longthrow_lag_bytes, over all groups of the link.", Gauge,
       "link", LT_LINK(LT_NUMBER(link.lag.bytes))},
      {"longthrow_link_lag_seconds", "As longthrow_lag_seconds, the oldest of all groups.", Gauge,
       "link", LT_LINK(link.lag.seconds)},
      {"longthrow_link_undelivered_bytes",
       "Bytes received from the peer and not yet taken by the local target.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.undelivered_bytes))},
      {"longthrow_link_drain_eta_seconds",
       "When the buffer will be empty; absent if it is not draining.", Gauge, "link",
       LT_LINK(link.drain_eta_s)},
      {"longthrow_link_full_eta_seconds",
       "When the buffer will be full; absent if it is not filling.", Gauge, "link",
       LT_LINK(link.full_eta_s)},

      {"longthrow_link_bandwidth_limit_bytes_per_second",
       "The bandwidth setting; absent: unlimited.", Gauge, "link",
       LT_LINK(link.bandwidth_bytes_s > 0 ? Value(LT_NUMBER(link.bandwidth_bytes_s)) : Value())},
      {"longthrow_compression_ratio", "Raw over compressed bytes, recent.", Gauge, "link",
       LT_LINK(link.compression.ratio)},
      {"longthrow_compression_info", "The compression setting and the codec in use; always 1.",
       Gauge, "link,setting,codec", collect_compression},
      {"longthrow_link_settings_differing",
       "Live settings that differ from the configuration file.", Gauge, "link",
       LT_LINK(LT_NUMBER(link.differs_from_file.size()))},

      {"longthrow_link_reconnects_total", "Lanes that came back within a session.", Counter, "link",
       LT_LINK(LT_NUMBER(link.reconnects))},
      {"longthrow_link_sessions_total", "Sessions begun with the peer.", Counter, "link",
       LT_LINK(LT_NUMBER(link.sessions))},
      {"longthrow_link_retransmitted_bytes_total", "Frame bytes sent again.", Counter, "link",
       LT_LINK(LT_NUMBER(link.retransmitted_bytes))},
      {"longthrow_link_read_bytes_total", "Raw bytes read from local legs.", Counter, "link",
       LT_LINK(LT_NUMBER(link.raw_in_bytes))},
      {"longthrow_link_delivered_bytes_total", "Raw bytes written to local legs.", Counter, "link",
       LT_LINK(LT_NUMBER(link.delivered_bytes))},
      {"longthrow_link_wan_sent_bytes_total", "Bytes sent on lanes, TLS included.", Counter, "link",
       LT_LINK(LT_NUMBER(link.wire_out_bytes))},
      {"longthrow_link_wan_received_bytes_total", "Bytes received on lanes, TLS included.", Counter,
       "link", LT_LINK(LT_NUMBER(link.wire_in_bytes))},
      {"longthrow_link_checksum_failures_total",
       "Frames whose checksum was wrong; each was replayed.", Counter, "link",
       LT_LINK(LT_NUMBER(link.checksum_failures))},
      {"longthrow_link_refused_peers_total", "Connections refused on the WAN side.", Counter,
       "link", LT_LINK(LT_NUMBER(link.refused_peers))},
      {"longthrow_link_aborted_channels_total", "Channels that ended by abort.", Counter, "link",
       LT_LINK(LT_NUMBER(link.aborted_channels))},
      {"longthrow_link_abort_lost_bytes_total", "Bytes destroyed by aborts after abort_linger.",
       Counter, "link", LT_LINK(LT_NUMBER(link.abort_lost_bytes))},

      {"longthrow_losses_total",
       "Entries of full weight that the ledger of losses got, see `longthrow losses`.", Counter,
       "link,group,reason", of_losses([](const LossCount& count) { return count.losses; })},
      {"longthrow_lost_bytes_total",
       "Bytes accepted or received and not known to be delivered when their connection ended.",
       Counter, "link,group,reason", of_losses([](const LossCount& count) { return count.bytes; })},

      {"longthrow_group_consistent",
       "0 when a copy of the group cannot be trusted; absent: unknown; status says why.", Gauge,
       "group", collect_consistent},
      {"longthrow_group_epoch", "Number of the newest epoch sent.", Gauge, "link,group",
       LT_GROUP(LT_NUMBER(group.epoch))},
      {"longthrow_group_undelivered_bytes",
       "Bytes received for the group and not yet taken by the local target.", Gauge, "link,group",
       LT_GROUP(LT_NUMBER(group.undelivered_bytes))},
      {"longthrow_group_cuts_total", "Cuts made, by how they were proven.", Counter,
       "link,group,proof", collect_cuts},
      {"longthrow_inbound_epoch", "Number of the newest epoch held whole here.", Gauge,
       "link,group", LT_GROUP(LT_NUMBER(group.inbound.epoch))},
      {"longthrow_inbound_age_seconds", "How old our copy of the peer's data is.", Gauge,
       "link,group", LT_GROUP(group.inbound.age_s)},
      {"longthrow_inbound_as_of_timestamp_seconds", "As of when our copy is, on the peer's clock.",
       Gauge, "link,group",
       LT_GROUP(group.inbound.as_of ? Value(seconds_of(*group.inbound.as_of)) : Value())},

      {"longthrow_route_state", "1 for the state that the route is in, else 0.", Gauge,
       "group,route,state", collect_route_state},
      {"longthrow_route_channels", "Channels open now.", Gauge, "group,route",
       LT_ROUTE(route.channels_open)},
      {"longthrow_route_waiting_connections", "Connections that wait until the link is up.", Gauge,
       "group,route", LT_ROUTE(LT_NUMBER(route.waiting))},
      {"longthrow_route_channels_opened_total", "Channels since the node's start.", Counter,
       "group,route", LT_ROUTE(route.channels_total)},

      {"longthrow_drbd_paired", "1 while a data and a meta connection of DRBD stand.", Gauge,
       "group,route", LT_DRBD(from_bool(drbd.paired))},
      {"longthrow_drbd_pings_answered_total",
       "Pings of DRBD that were answered here while the link was down.", Counter, "group,route",
       LT_DRBD(LT_NUMBER(drbd.pings_answered))},
      {"longthrow_drbd_ahead", "1 while a DRBD has stopped mirroring until the buffer has drained.",
       Gauge, "group,route", LT_DRBD(from_bool(!drbd.ahead.empty()))},
      {"longthrow_drbd_lag_seconds",
       "Age of the oldest barrier that the peer's DRBD has not acknowledged; absent if not paired.",
       Gauge, "group,route", LT_DRBD(drbd.lag_s)},
      {"longthrow_drbd_open_barriers", "Barriers sent and not yet acknowledged.", Gauge,
       "group,route", LT_DRBD(LT_NUMBER(drbd.barriers_open))},
      {"longthrow_drbd_barriers_sent_total", "Barriers sent to the peer's DRBD.", Counter,
       "group,route", LT_DRBD(LT_NUMBER(drbd.sent.barriers))},
      {"longthrow_drbd_writes_total", "Writes replicated.", Counter, "group,route,volume,direction",
       LT_VOLUME(volume.writes)},
      {"longthrow_drbd_write_bytes_total", "Bytes of replicated writes.", Counter,
       "group,route,volume,direction", LT_VOLUME(volume.write_bytes)},
      {"longthrow_drbd_resync_bytes_total", "Bytes of resynchronisation.", Counter,
       "group,route,volume,direction", LT_VOLUME(volume.resync_bytes)},
  };
}

void fill(prometheus::Registry& registry, const Metric& metric, const Status& status) {
  if (metric.type == Counter) {
    auto& family =
        prometheus::BuildCounter().Name(metric.name).Help(metric.help).Register(registry);
    metric.collect(
        status, [&](const Labels& labels, double value) { family.Add(labels).Increment(value); });
    return;
  }
  auto& family = prometheus::BuildGauge().Name(metric.name).Help(metric.help).Register(registry);
  metric.collect(status,
                 [&](const Labels& labels, double value) { family.Add(labels).Set(value); });
}

}  // namespace

std::span<const Metric> metrics() {
  static const std::vector<Metric> table = make_table();
  return table;
}

std::string metrics_text(const Status& status) {
  prometheus::Registry registry;
  for (const Metric& metric : metrics()) fill(registry, metric, status);
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace longthrow::control
