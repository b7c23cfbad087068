// SPDX-License-Identifier: Apache-2.0
// Two real nodes on a calm simulated network, and verbs for what happens to them: for tests of what
// they answer and of how streams end. Side 0 is the sources', side 1 the targets'.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "tests/sim/application.h"
#include "tests/sim/cluster.h"
#include "tests/sim/node_faults.h"

namespace longthrow::sim {

class PairFixture : public ::testing::Test {
 protected:
  PairFixture() {
    plant();
    set_log_hook([this](LogLevel, const std::string& line) { log.push_back(line); });
    plan.wan.bandwidth_bytes_s = 4 * kMiB;
    options.memlimit = 16 * kMiB;
    options.state_dir = make_folder();
    options.routes = {{.name = "r0", .group = "g"}};
  }
  ~PairFixture() override {
    sources.clear();
    targets.clear();
    cluster.reset();
    network.reset();
    set_log_hook(nullptr);
    std::filesystem::remove_all(options.state_dir);
  }

  // Both nodes, and a target behind each route; the link is up when it returns.
  void start(TargetOptions target = {}) {
    network.emplace(world, plan.network);
    cluster.emplace(*network, options, plan);
    cluster->start(0);
    cluster->start(1);
    for (std::size_t i = 0; i < options.routes.size(); ++i) {
      target.host = cluster->inside(1);
      target.port = target_port(i);
      targets.emplace_back(*network, ledger, target);
    }
    ASSERT_TRUE(wait([this] { return status(0).routes.at("r0").state == RouteState::open; }));
    run(std::chrono::seconds(1));
  }
  // A program that writes to route `route`.
  SourceApp& source(SourceOptions of, std::size_t route = 0) {
    of.host = cluster->inside(0);
    of.target = network->endpoint(cluster->host(0), inside_port(route));
    of.first_number = 1 + 1000 * static_cast<std::uint32_t>(sources.size());
    return sources.emplace_back(*network, ledger, of);
  }

  void run(Duration time) { world.run_for(time); }
  // Until it holds, for at most `limit`.
  bool wait(const std::function<bool()>& done, Duration limit = std::chrono::minutes(5)) {
    return world.run_until(done, world.now() + limit);
  }
  void cut(Duration time) { network->cut(cluster->host(0), cluster->host(1), world.now() + time); }
  bool damage_stored_frame(int side, std::uint64_t which) {
    return sim::damage_stored_frame(*cluster->node(side), which);
  }
  void kill(int side) { cluster->die(side, Death::process); }

  Status status(int side) { return cluster->node(side)->status(); }
  LinkStatus link(int side) { return status(side).links.at("wan"); }
  GroupStatus group(int side) { return status(side).groups.at("g"); }
  // Gives a command; the answers come in the list that it returns.
  std::shared_ptr<std::vector<Answer>> command(int side, Command what) {
    auto answers = std::make_shared<std::vector<Answer>>();
    (void)cluster->node(side)->execute(
        std::move(what), [answers](const Answer& answer) { answers->push_back(answer); });
    return answers;
  }
  static bool answered(const std::vector<Answer>& answers) {
    return !answers.empty() && answers.back().done;
  }
  // At least what node 1 has of all streams: handed to its kernel, or still held. What the kernel
  // has not yet passed on counts twice.
  std::uint64_t received_by_peer() {
    std::uint64_t bytes = cluster->node(1)->status().links.at("wan").undelivered_bytes;
    for (const auto& [name, route] : status(1).routes) {
      for (const ChannelStatus& channel : route.channels) bytes += channel.out_bytes;
    }
    return bytes;
  }
  static std::string lines(const std::vector<std::string>& list) {
    std::string text;
    for (const auto& line : list) text += line + "\n";
    return text;
  }

  SimWorld world{7};
  FaultPlan plan;
  ClusterOptions options;
  std::optional<SimNetwork> network;
  Ledger ledger;
  std::optional<Cluster> cluster;
  std::list<TargetApp> targets;
  std::list<SourceApp> sources;
  std::vector<std::string> log;

 private:
  // The bug that the environment names, in a build that has them.
  static void plant() {
#ifdef LONGTHROW_PLANT
    const char* name = std::getenv("LONGTHROW_PLANT");
    const auto found = std::ranges::find(kPlantNames, name != nullptr ? name : "none");
    ASSERT_NE(found, kPlantNames.end());
    active_plant = static_cast<Plant>(found - kPlantNames.begin());
#endif
  }
  static std::string make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "longthrow-pair-XXXXXX").string();
    return mkdtemp(name.data()) != nullptr ? name : "/nonexistent";
  }
};

}  // namespace longthrow::sim
