// SPDX-License-Identifier: Apache-2.0
// A simulated DRBD pair beside a pair of real nodes. Its primary is at side 0.
#pragma once

#include "tests/sim/drbd_node.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {

class DrbdFixture : public PairFixture {
 protected:
  DrbdFixture() {
    options.routes = {
        {.name = "r0", .group = "g", .protocol = RouteProtocol::drbd, .both_ways = true}};
  }
  ~DrbdFixture() override {
    EXPECT_EQ(lines(truth.violations()), "");
    if (nodes[1].has_value()) {
      EXPECT_TRUE(!secondary().up_to_date() || truth.prefix().has_value());
    }
    for (auto& node : nodes) node.reset();
  }

  // Both real nodes, and both DRBDs, which connect.
  void start_drbd(DrbdNodeOptions of = {}) {
    network.emplace(world, plan.network);
    cluster.emplace(*network, options, plan);
    for (const int side : {0, 1}) cluster->start(side);
    ASSERT_TRUE(wait([this] {
      return status(0).routes.at("r0").state == RouteState::open &&
             status(1).routes.at("r0").state == RouteState::open;
    }));
    for (const int side : {0, 1}) {
      of.connect.host = cluster->inside(side);
      of.connect.port = target_port(0);
      of.connect.peer = network->endpoint(cluster->host(side), inside_port(0));
      nodes[side].emplace(*network, truth, side == 0 ? DrbdPart::primary : DrbdPart::secondary, of);
      nodes[side]->start();
    }
  }
  // Its program begins to write when both disks are the same.
  void start_connected(DrbdNodeOptions of = {}) {
    const double writes_per_s = std::exchange(of.program.writes_per_s, 0);
    start_drbd(of);
    ASSERT_TRUE(wait_connected());
    ASSERT_TRUE(wait_in_sync());
    primary().options().writes_per_s = writes_per_s;
  }
  bool wait_connected(Duration limit = std::chrono::minutes(5)) {
    return wait([this] { return nodes[0]->connected() && nodes[1]->connected() && paired(); },
                limit);
  }

  DrbdPrimary& primary() { return nodes[0]->primary(); }
  DrbdSecondary& secondary() { return nodes[1]->secondary(); }
  DrbdStatus drbd(int side) { return *status(side).routes.at("r0").drbd; }
  // At both nodes.
  bool paired() { return drbd(0).paired && drbd(1).paired; }
  // How many writes the secondary's disk has, if it is a moment of the primary's.
  DrbdWrite applied() { return truth.prefix().value_or(0); }
  bool wait_in_sync(Duration limit = std::chrono::minutes(5)) {
    return wait([this] { return primary().in_sync(); }, limit);
  }
  // A WAN on which blocks take their time.
  void make_wan_slow() {
    plan.wan.bandwidth_bytes_s = 64 * kKiB;
    options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
  }
  int drops() { return nodes[0]->counters().drops + nodes[1]->counters().drops; }
  int ping_timeouts() {
    return nodes[0]->counters().ping_timeouts + nodes[1]->counters().ping_timeouts;
  }

  DrbdTruth truth{256};
  std::optional<DrbdNode> nodes[2];
};

}  // namespace longthrow::sim
