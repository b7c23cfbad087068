// SPDX-License-Identifier: Apache-2.0
// A DRBD pair in a world that is drawn from a seed, and its judge: the secondary's disk is a moment
// of the primary's, acknowledgements are true, pings are answered once, the nodes know the pair and
// never call a copy consistent that is being resynchronised.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/cluster.h"
#include "tests/sim/drbd_node.h"

namespace longthrow::sim {

class DrbdWorld {
 public:
  using Violate = std::function<void(std::string)>;
  // On the cluster's route `route`; its primary is at the side that opens.
  DrbdWorld(SimNetwork& network, Cluster& cluster, std::size_t route, Violate violate);

  // An administrator connects and disconnects one of the two, now and then.
  void act();
  void look(TimePoint now, const Statuses& statuses);
  // What an administrator asks of `side`, by what was answered. Writes that the node there has
  // accepted of the primary, if it is its side and the group's name is the route's ...
  [[nodiscard]] std::vector<DrbdWrite> accepted(int side, const std::string& group);
  // ... are on the secondary's disk.
  void judge_drained(const std::vector<DrbdWrite>& writes);
  // A link ("wan") or a group was taken over, or is released again.
  void on_taken(int side, const std::string& name, bool consistent);
  void on_released(int side, const std::string& name) { fences_[side].erase(name); }
  // A start has found the record of takeovers torn: the link is fenced.
  void on_torn_record(int side) {
    fences_[side] = {{"wan", {.since = now_, .disks_lost = cluster_.disks_lost(side)}}};
  }
  // Nobody writes any more, and nothing is slow.
  void calm();
  // Both disks are the same, over a pair that stands.
  [[nodiscard]] bool settled();
  // Why not, for a report.
  [[nodiscard]] std::string describe() const;
  void reconnect();
  // No pings from now on: an end then destroys nothing that is on its way.
  void fall_silent();
  // Some time later: each ping has had its answer.
  void judge_silence();
  // At the end: both go.
  void end();
  // What was drawn, and what came of it.
  [[nodiscard]] std::string lived();
  [[nodiscard]] const std::string& drawn() const { return drawn_; }

 private:
  [[nodiscard]] const RouteStatus* route_at(const Statuses& statuses, int side) const;
  void judge_pair(TimePoint now, const Statuses& statuses);
  [[nodiscard]] bool knows_disks(const Statuses& statuses) const;
  void judge_fences(TimePoint now);
  void judge_consistency(const Statuses& statuses);

  Cluster& cluster_;
  const ClusterOptions::Route& route_;
  const Violate violate_;
  RandomStream random_;
  std::string drawn_;
  DrbdTruth truth_;
  int sides_[2];  // of the primary and the secondary
  std::optional<DrbdNode> nodes_[2];
  std::size_t violations_seen_ = 0;
  std::uint64_t judged_bytes_ = 0;
  TimePoint now_{};            // of the last look
  TimePoint unknown_since_{};  // that a pair which both DRBDs see is not one for the nodes
  struct Fence {
    TimePoint since;
    int disks_lost = 0;
  };
  std::map<std::string, Fence> fences_[2];  // by side
  // Of the secondary's node, when its DRBD was last up to date: what a later one knows is not
  // judged, nor what a route knows that was removed meanwhile.
  int start_in_sync_ = 0;
};

}  // namespace longthrow::sim
