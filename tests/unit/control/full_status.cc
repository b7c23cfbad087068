// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/full_status.h"

namespace longthrow::test {
namespace {

WallTime at(int seconds) { return WallTime(std::chrono::milliseconds(1769860000000 + seconds)); }

LinkStatus full_link() {
  LinkStatus link;
  link.state = LinkState::up;
  link.state_since = at(1);
  link.reason = "why";
  link.peer = "beta";
  link.rtt_ms = 80.125;
  link.lanes.push_back({.name = "express",
                        .local = "192.0.2.1:7700",
                        .remote = "198.51.100.7:40112",
                        .dialled_here = true,
                        .unsent_bytes = 2});
  auto& tcp = link.lanes.back().tcp;
  tcp.rtt_ms = 80.5;
  tcp.min_rtt_ms = 79.5;
  tcp.in_flight_bytes = 100;
  tcp.unsent_bytes = 101;
  tcp.delivery_rate_bytes_s = 102;
  tcp.sent_bytes = 103;
  tcp.sent_again_bytes = 104;
  tcp.busy_s = 10.5;
  tcp.receive_window_limited_s = 10.25;
  tcp.send_buffer_limited_s = 10.125;
  link.lanes.push_back({.name = "bulk1"});
  link.paused_since = at(3);
  link.fenced = true;
  link.notices.push_back(
      {.what = NoticeKind::paused, .where = Side::here, .since = at(4), .by = "x"});
  link.buffer.used_bytes = 5;
  link.buffer.raw_bytes = 6;
  link.buffer.limit_bytes = 7;
  link.buffer.send_limit_bytes = 8;
  link.buffer.receive_used_bytes = 9;
  link.buffer.receive_limit_bytes = 102;
  link.buffer.full = true;
  link.buffer.full_s = 6.75;
  link.buffer.locked = false;
  link.lag = {.bytes = 10, .seconds = 1.5};
  link.undelivered_bytes = 11;
  link.limited_by = Limit::peer_disk;
  link.drain_eta_s = 12.5;
  link.full_eta_s = 13.5;
  link.rate.in_bytes_s = 14.5;
  link.rate.out_bytes_s = 15.5;
  link.compression.setting = "auto";
  link.compression.codec = "zstd:3";
  link.compression.ratio = 3.25;
  link.bandwidth.window = "mon-fri 08:00-18:00 20mbit";
  link.bandwidth.changes_at = WallTime(std::chrono::seconds(1'769'882'400));
  link.bandwidth.bytes_s = 16;
  link.certificate_ends = {.here = at(70), .peer = at(71)};
  link.reconnects = 17;
  link.sessions = 18;
  link.retransmitted_bytes = 19;
  link.raw_in_bytes = 20;
  link.wire_out_bytes = 21;
  link.wire_in_bytes = 22;
  link.delivered_bytes = 23;
  link.peer_delivered_bytes = 69;
  link.errors = {
      .checksum_failures = 24, .protocol_errors = 97, .memory_refusals = 98, .refused_peers = 25};
  link.aborted_channels = 26;
  link.abort_lost_bytes = 27;
  link.differs_from_file = {"memlimit", "bandwidth"};
  link.warnings.push_back({.name = "nothing_passes", .text = "nothing"});
  return link;
}

GroupStatus full_group() {
  GroupStatus group;
  group.link = "dr";
  group.consistent = Consistency::no;
  group.reason = "lost";
  group.notices.push_back(
      {.what = NoticeKind::held, .where = Side::peer, .since = at(28), .by = "y"});
  group.lag = {.bytes = 29, .seconds = 2.5};
  group.without_credit = true;
  group.epoch = 30;
  group.undelivered_bytes = 31;
  group.cuts.source = 32;
  group.cuts.freeze = 33;
  group.cuts.observed = 34;
  group.cuts.unproven = 35;
  group.cuts.obstacle = "unread";
  group.checkpoints = {.done = 52,
                       .failed = 53,
                       .last_done = "nightly",
                       .last_done_at = at(54),
                       .last_failure = "noon: why"};
  group.inbound.epoch = 36;
  group.inbound.proof = Proof::none;
  group.inbound.proof_reason = "2 streams";
  group.inbound.as_of = at(37);
  group.inbound.age_s = 3.5;
  group.inbound.left_out_bytes = 99;
  return group;
}

RouteStatus full_route() {
  RouteStatus route;
  route.group = "vm1";
  route.link = "dr";
  route.listen = "127.0.0.1:7788";
  route.target = "127.0.0.1:7789";
  route.state = RouteState::mismatched;
  route.reason = "differs";
  route.channels_total = 38;
  route.channels_open = 39;
  route.waiting = 40;
  route.channels.push_back({.id = 41,
                            .opened_here = true,
                            .local = "127.0.0.1:7788",
                            .remote = "127.0.0.1:50122",
                            .state = ChannelState::half_closed,
                            .in_bytes = 42,
                            .out_bytes = 43,
                            .lag_bytes = 44,
                            .delivered_bytes = 45});
  route.warnings.push_back({.name = "inner_tls", .text = "encrypted"});
  DrbdStatus& drbd = route.drbd.emplace();
  drbd.paired = true;
  drbd.lag_s = 4.5;
  drbd.barriers_open = 46;
  drbd.answers_pings = true;
  drbd.pings_answered = 47;
  drbd.ahead = Side::here;
  drbd.sent = {.barriers = 48, .barrier_acks = 49, .volumes = {}};
  drbd.sent.volumes[3] = {.writes = 50, .write_bytes = 51, .resync_bytes = 52};
  drbd.received = {.barriers = 53, .barrier_acks = 54, .volumes = {}};
  drbd.received.volumes[65535] = {.writes = 55, .write_bytes = 56, .resync_bytes = 57};
  drbd.disks[3] = {.here = "up to date", .peer = "inconsistent"};
  return route;
}

}  // namespace

Status full_status() {
  Status status{.node = "alpha", .version = "1.2.3", .uptime_s = 58.5, .io = "epoll"};
  status.io_reason = "forbidden";
  status.restart_pending = "replaced";
  status.stopping = true;
  status.configuration = {.read_at = at(72), .refused_at = at(73), .refused = "2 errors"};
  status.losses = {.since = at(59), .losses = 60, .bytes = 61};
  status.losses.not_kept = "no space left";
  status.losses.last = Loss{.number = 62,
                            .at = at(63),
                            .link = "dr",
                            .group = "vm1",
                            .route = "r0",
                            .place = LossPlace::undelivered,
                            .reason = LossReason::target_stuck,
                            .weight = LossWeight::minor,
                            .channels = 64,
                            .bytes = 65,
                            .perhaps_delivered_bytes = 66,
                            .oldest_s = 5.125,
                            .text = "stuck"};
  status.losses.counts.push_back({.link = "dr",
                                  .group = "vm1",
                                  .reason = LossReason::target_stuck,
                                  .losses = 67,
                                  .bytes = 68});
  status.links["dr"] = full_link();
  status.links["idle"] = {};
  status.groups["vm1"] = full_group();
  status.groups["unknown"].consistent = Consistency::unknown;
  status.routes["r0"] = full_route();
  status.routes["idle"] = {};
  return status;
}

}  // namespace longthrow::test
