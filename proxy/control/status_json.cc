// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_json.h"

#include <cmath>
#include <ctime>

#include "proxy/base/log.h"
#include "proxy/control/loss_json.h"

namespace longthrow::control {
namespace {

// JSON has no infinity and no NaN.
json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}
json::value number(const std::optional<double>& value) {
  return value ? number(*value) : json::value(nullptr);
}
json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(utc_text(*time)) : json::value(nullptr);
}

json::object lag_to_json(const Lag& lag) {
  return {{"bytes", lag.bytes}, {"seconds", number(lag.seconds)}};
}

json::array notices_to_json(const std::vector<Notice>& notices) {
  json::array list;
  for (const Notice& notice : notices) {
    list.push_back({{"what", notice.what},
                    {"where", notice.where},
                    {"since", utc_text(notice.since)},
                    {"by", notice.by}});
  }
  return list;
}

json::object lane_to_json(const LaneStatus& lane) {
  return {{"name", lane.name},
          {"local", lane.local},
          {"remote", lane.remote},
          {"dialled_here", lane.dialled_here},
          {"unsent_bytes", lane.unsent_bytes}};
}

json::object totals_to_json(const LinkStatus& link) {
  return {{"sessions", link.sessions},
          {"raw_in_bytes", link.raw_in_bytes},
          {"wire_out_bytes", link.wire_out_bytes},
          {"wire_in_bytes", link.wire_in_bytes},
          {"delivered_bytes", link.delivered_bytes},
          {"checksum_failures", link.checksum_failures},
          {"refused_peers", link.refused_peers},
          {"aborted_channels", link.aborted_channels},
          {"abort_lost_bytes", link.abort_lost_bytes}};
}

json::array warnings_to_json(const std::vector<Warning>& warnings) {
  json::array out;
  for (const Warning& warning : warnings) {
    out.push_back(json::object{{"name", warning.name}, {"text", warning.text}});
  }
  return out;
}

json::object link_to_json(const LinkStatus& link) {
  json::array lanes;
  for (const LaneStatus& lane : link.lanes) lanes.push_back(lane_to_json(lane));
  json::array differs;
  for (const std::string& setting : link.differs_from_file) differs.emplace_back(setting);

  json::object out;
  out["state"] = to_string(link.state);
  out["state_since"] = utc_text(link.state_since);
  out["reason"] = link.reason;
  out["peer"] = link.peer;
  out["rtt_ms"] = number(link.rtt_ms);
  out["lanes"] = link.lanes.size();
  out["lane_list"] = std::move(lanes);
  out["paused_since"] = time_or_null(link.paused_since);
  out["fenced"] = link.fenced;
  out["notices"] = notices_to_json(link.notices);
  out["buffer"] = {{"used_bytes", link.buffer.used_bytes},
                   {"raw_bytes", link.buffer.raw_bytes},
                   {"limit_bytes", link.buffer.limit_bytes},
                   {"send_limit_bytes", link.buffer.send_limit_bytes},
                   {"receive_used_bytes", link.buffer.receive_used_bytes},
                   {"full", link.buffer.full},
                   {"locked", link.buffer.locked}};
  out["lag"] = lag_to_json(link.lag);
  out["undelivered_bytes"] = link.undelivered_bytes;
  out["limited_by"] = to_string(link.limited_by);
  out["drain_eta_s"] = number(link.drain_eta_s);
  out["full_eta_s"] = number(link.full_eta_s);
  out["rate"] = {{"in_bytes_s", number(link.rate.in_bytes_s)},
                 {"out_bytes_s", number(link.rate.out_bytes_s)}};
  out["compression"] = {{"setting", link.compression.setting},
                        {"codec", link.compression.codec},
                        {"ratio", number(link.compression.ratio)}};
  out["bandwidth_bytes_s"] = link.bandwidth_bytes_s;
  out["reconnects"] = link.reconnects;
  out["retransmitted_bytes"] = link.retransmitted_bytes;
  out["totals"] = totals_to_json(link);
  out["differs_from_file"] = std::move(differs);
  out["warnings"] = warnings_to_json(link.warnings);
  return out;
}

// null: unknown.
json::value consistent_to_json(Consistency consistent) {
  if (consistent == Consistency::unknown) return nullptr;
  return consistent == Consistency::yes;
}

json::object group_to_json(const GroupStatus& group) {
  json::object out;
  out["link"] = group.link;
  out["consistent"] = consistent_to_json(group.consistent);
  out["reason"] = group.reason;
  out["notices"] = notices_to_json(group.notices);
  out["lag"] = lag_to_json(group.lag);
  out["epoch"] = group.epoch;
  out["undelivered_bytes"] = group.undelivered_bytes;
  out["cuts"] = {{"source", group.cuts.source},
                 {"freeze", group.cuts.freeze},
                 {"observed", group.cuts.observed},
                 {"unproven", group.cuts.unproven}};
  out["inbound"] = {{"epoch", group.inbound.epoch},
                    {"proof", group.inbound.proof ? to_string(*group.inbound.proof) : ""},
                    {"proof_reason", group.inbound.proof_reason},
                    {"as_of", time_or_null(group.inbound.as_of)},
                    {"age_s", number(group.inbound.age_s)}};
  return out;
}

json::object channel_to_json(const ChannelStatus& channel) {
  return {{"id", channel.id},
          {"opened_here", channel.opened_here},
          {"local", channel.local},
          {"remote", channel.remote},
          {"state", to_string(channel.state)},
          {"in_bytes", channel.in_bytes},
          {"out_bytes", channel.out_bytes},
          {"lag_bytes", channel.lag_bytes},
          {"delivered_bytes", channel.delivered_bytes}};
}

json::object direction_to_json(const DrbdStatus::Direction& direction) {
  json::object volumes;
  for (const auto& [number_of, volume] : direction.volumes) {
    volumes[std::to_string(number_of)] = {{"writes", volume.writes},
                                          {"write_bytes", volume.write_bytes},
                                          {"resync_bytes", volume.resync_bytes}};
  }
  return {{"barriers", direction.barriers},
          {"barrier_acks", direction.barrier_acks},
          {"volumes", std::move(volumes)}};
}

json::object drbd_to_json(const DrbdStatus& drbd) {
  json::object disks;
  for (const auto& [number_of, disk] : drbd.disks) {
    disks[std::to_string(number_of)] = {{"here", disk.here}, {"peer", disk.peer}};
  }
  return {{"paired", drbd.paired},
          {"disks", std::move(disks)},
          {"lag_s", number(drbd.lag_s)},
          {"barriers_open", drbd.barriers_open},
          {"ahead", drbd.ahead},
          {"answers_pings", drbd.answers_pings},
          {"pings_answered", drbd.pings_answered},
          {"sent", direction_to_json(drbd.sent)},
          {"received", direction_to_json(drbd.received)}};
}

json::object route_to_json(const RouteStatus& route) {
  json::array channels;
  for (const ChannelStatus& channel : route.channels) channels.push_back(channel_to_json(channel));
  json::object out;
  out["group"] = route.group;
  out["link"] = route.link;
  out["listen"] = route.listen;
  out["target"] = route.target;
  out["state"] = to_string(route.state);
  out["channels"] = route.channels_open;
  out["waiting"] = route.waiting;
  out["reason"] = route.reason;
  out["channels_total"] = route.channels_total;
  out["channel_list"] = std::move(channels);
  if (route.drbd) out["drbd"] = drbd_to_json(*route.drbd);
  out["warnings"] = warnings_to_json(route.warnings);
  return out;
}

}  // namespace

std::string utc_text(WallTime time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t seconds = static_cast<std::time_t>(whole.count());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return longthrow::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                           utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                           (since_epoch - whole).count());
}

json::object status_to_json(const Status& status) {
  json::object links;
  for (const auto& [name, link] : status.links) links[name] = link_to_json(link);
  json::object groups;
  for (const auto& [name, group] : status.groups) groups[name] = group_to_json(group);
  json::object routes;
  for (const auto& [name, route] : status.routes) routes[name] = route_to_json(route);

  json::object out;
  out["node"] = status.node;
  out["version"] = status.version;
  out["uptime_s"] = number(status.uptime_s);
  out["io"] = status.io;
  out["io_reason"] = status.io_reason;
  out["stopping"] = status.stopping;
  out["losses"] = loss_summary_to_json(status.losses);
  out["links"] = std::move(links);
  out["groups"] = std::move(groups);
  out["routes"] = std::move(routes);
  return out;
}

}  // namespace longthrow::control
