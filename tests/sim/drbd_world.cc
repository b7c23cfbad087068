// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_world.h"

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kNoticePair = seconds(60);
constexpr Duration kNoticeFence = seconds(5);

DrbdNodeOptions sample(RandomStream& random) {
  DrbdNodeOptions options;
  options.protocol_max = random.chance(0.2) ? 94 : 101;
  options.ping_interval = random.log_between(Duration(seconds(1)), Duration(seconds(10)));
  options.connect.ping_timeout = random.log_between(Duration(seconds(3)), Duration(seconds(30)));
  options.connect.socket_check =
      random.log_between(Duration(milliseconds(200)), Duration(seconds(2)));
  options.connect.connect_interval = random.between(Duration(seconds(3)), Duration(seconds(10)));
  if (random.chance(0.5))
    options.extra_pings_every =
        random.log_between(Duration(milliseconds(100)), Duration(seconds(3)));
  if (random.chance(0.3))
    options.read_bytes_s = random.log_between(std::uint64_t{32 * kKiB}, std::uint64_t{kMiB});
  if (random.chance(0.5))
    options.disk_delay = random.log_between(Duration(milliseconds(1)), Duration(seconds(3)));
  DrbdProgramOptions& program = options.program;
  program.writes_per_s =
      static_cast<double>(random.log_between(std::uint64_t{2}, std::uint64_t{100}));
  program.epoch_writes_max =
      static_cast<int>(random.log_between(std::uint64_t{1}, std::uint64_t{64}));
  program.write_acks = random.chance(0.3);
  if (random.chance(0.3))
    program.congestion_bytes =
        random.log_between(std::uint64_t{64 * kKiB}, std::uint64_t{4 * kMiB});
  return options;
}

}  // namespace

DrbdWorld::DrbdWorld(SimNetwork& network, Cluster& cluster, std::size_t route, Violate violate)
    : cluster_(cluster),
      route_(cluster.options().routes.at(route)),
      violate_(std::move(violate)),
      random_(network.world().stream("drbd.world")),
      truth_(random_.log_between(std::uint64_t{16}, std::uint64_t{512})),
      sides_{route_.opens_on, 1 - route_.opens_on} {
  DrbdNodeOptions options = sample(random_);
  drawn_ = format("drbd: {} blocks, {:.0f} writes/s, protocol {}, primary on {}{}",
                  truth_.primary.size(), options.program.writes_per_s, options.protocol_max,
                  sides_[0], route_.answer_pings == AnswerPings::outage ? ", pings answered" : "");
  for (const int i : {0, 1}) {
    options.connect.host = cluster.inside(sides_[i]);
    options.connect.port = target_port(route);
    options.connect.peer = network.endpoint(cluster.host(sides_[i]), inside_port(route));
    nodes_[i].emplace(network, truth_, i == 0 ? DrbdPart::primary : DrbdPart::secondary, options);
    nodes_[i]->start();
  }
}

void DrbdWorld::act() {
  if (!random_.chance(0.01)) return;
  DrbdNode& node = *nodes_[random_.below(2)];
  node.stop();
  node.start();
}

const RouteStatus* DrbdWorld::route_at(const Statuses& statuses, int side) const {
  if (!statuses[side]) return nullptr;
  const auto found = statuses[side]->routes.find(route_.name);
  return found != statuses[side]->routes.end() ? &found->second : nullptr;
}

void DrbdWorld::look(TimePoint now, const Statuses& statuses) {
  now_ = now;
  if (const std::uint64_t bytes = nodes_[1]->counters().data_bytes;
      nodes_[1]->secondary().up_to_date() && bytes != judged_bytes_) {
    judged_bytes_ = bytes;
    truth_.judge_prefix("while its DRBD calls it up to date");
  }
  judge_pair(now, statuses);
  judge_consistency(statuses);
  judge_fences(now);
  for (; violations_seen_ < truth_.violations().size(); ++violations_seen_)
    violate_(format("drbd: {}, by t {:.3f}", truth_.violations()[violations_seen_],
                    std::chrono::duration<double>(now.time_since_epoch()).count()));
}

// Both nodes see as a pair what both DRBDs do. One that its node has ended may notice it later: its
// disk is slow, or its leg lingers.
void DrbdWorld::judge_pair(TimePoint now, const Statuses& statuses) {
  const bool connected = nodes_[0]->connected() && nodes_[1]->connected();
  const auto unknown_at = [&](int side) {
    const RouteStatus* route = route_at(statuses, side);
    return route != nullptr && route->drbd && !route->drbd->paired;
  };
  if (!connected || (!unknown_at(0) && !unknown_at(1))) unknown_since_ = now;
  if (now - unknown_since_ < kNoticePair) return;
  violate_(format("drbd: both are connected, and for {:.0f} s side {} sees no pair",
                  std::chrono::duration<double>(now - unknown_since_).count(),
                  unknown_at(0) ? 0 : 1));
}

void DrbdWorld::judge_consistency(const Statuses& statuses) {
  const int side = sides_[1];
  const RouteStatus* route = route_at(statuses, side);
  if (route == nullptr) start_in_sync_ = 0;
  if (nodes_[1]->secondary().up_to_date()) {
    if (route != nullptr) start_in_sync_ = cluster_.starts(side);
    return;
  }
  if (!knows_disks(statuses)) return;
  const auto group = statuses[side]->groups.find(route_.group);
  if (group != statuses[side]->groups.end() && group->second.consistent == Consistency::yes)
    violate_(format("G7: side {} calls group {} consistent in the midst of DRBD's resync", side,
                    route_.group));
}

// The secondary's node has seen the beginning of the resync that is under way.
bool DrbdWorld::knows_disks(const Statuses& statuses) const {
  return route_at(statuses, sides_[1]) != nullptr && start_in_sync_ == cluster_.starts(sides_[1]);
}

// --- by what was answered

std::vector<DrbdWrite> DrbdWorld::accepted(int side, const std::string& group) {
  if (side != sides_[0] || group != route_.group) return {};
  return nodes_[0]->primary().mirrored(nodes_[0]->given_bytes());
}

void DrbdWorld::judge_drained(const std::vector<DrbdWrite>& writes) {
  for (const DrbdWrite write : writes) truth_.judge_told(write, "G4: a drain");
}

void DrbdWorld::on_taken(int side, const std::string& name, bool consistent) {
  if (name != "wan" && name != route_.group) return;
  fences_[side][name] = {.since = now_, .disks_lost = cluster_.disks_lost(side)};
  if (side == sides_[1] && consistent && !nodes_[1]->secondary().up_to_date() &&
      knows_disks(cluster_.statuses()))
    violate_(
        format("takeover of {}: the copy is called consistent in the midst of a resync", name));
}

void DrbdWorld::judge_fences(TimePoint now) {
  for (const int i : {0, 1}) {
    for (const auto& [name, fence] : fences_[sides_[i]]) {
      const bool kept = fence.disks_lost == cluster_.disks_lost(sides_[i]);
      if (kept && nodes_[i]->connected() && now - fence.since > kNoticeFence)
        violate_(format("fence: {} was taken over at side {}, and DRBD is connected there", name,
                        sides_[i]));
    }
  }
}

void DrbdWorld::calm() {
  nodes_[0]->primary().options().writes_per_s = 0;
  nodes_[1]->secondary().set_disk_delay(Duration(0));
  nodes_[1]->options().read_bytes_s = 0;
}

bool DrbdWorld::settled() {
  return nodes_[0]->connected() && nodes_[1]->connected() && nodes_[0]->primary().in_sync() &&
         truth_.primary == truth_.secondary;
}

std::string DrbdWorld::describe() const {
  std::string text;
  for (const int i : {0, 1})
    text += format("{} is {}connected, its last connection ended: {}; ",
                   i == 0 ? "the primary" : "the secondary", nodes_[i]->connected() ? "" : "not ",
                   nodes_[i]->last_drop());
  return text;
}

std::string DrbdWorld::lived() {
  std::string text =
      format("drbd: {} writes, {} epochs acknowledged, {} blocks resynchronised", truth_.writes(),
             nodes_[0]->primary().barrier_acks(), nodes_[1]->secondary().resynced());
  for (const auto& node : nodes_) {
    const DrbdNode::Counters counters = node->counters();
    text += format("; {} connects, {} crossed, {} ping timeouts, {} of {} pings answered",
                   counters.connects, counters.crossed, counters.ping_timeouts, counters.ping_acks,
                   counters.pings);
  }
  return text;
}

void DrbdWorld::reconnect() {
  end();
  for (auto& node : nodes_) node->start();
}

void DrbdWorld::fall_silent() {
  for (auto& node : nodes_) {
    node->options().ping_interval = std::chrono::hours(24);
    node->options().extra_pings_every = Duration(0);
  }
}

void DrbdWorld::judge_silence() {
  for (const auto& node : nodes_) {
    if (node->pings_open() > 0)
      violate_(format("drbd: {} pings were never answered", node->pings_open()));
  }
}

void DrbdWorld::end() {
  for (auto& node : nodes_) node->stop();
}

}  // namespace longthrow::sim
