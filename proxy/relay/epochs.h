// SPDX-License-Identifier: Apache-2.0
// The epochs of a link's groups, on the side whose programs write: which groups make them, and what
// takes their cuts. Only groups of several routes do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "proxy/legs/channel.h"
#include "proxy/relay/group_cutter.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread.
class Epochs {
 public:
  // `wake`: there is something to send. `on_idle`: idle() may have become true.
  Epochs(const NodeParts& node, RouteTable& routes, Peer& peer, std::function<void()> wake,
         std::function<void()> on_idle);

  void configure(std::map<std::string, GroupConfig> groups);
  // Called for each read of a leg.
  void on_read(const Channel& channel);
  void on_tick();
  // The session is about to end: counts what it has cut.
  void end_session();
  // No cut is taken any more.
  void stop();
  [[nodiscard]] bool idle() const;
  void fill(const Group& group, GroupStatus& status) const;

  // Valid while the group is configured, or in a checkpoint.
  [[nodiscard]] GroupCutter& cutter(const std::string& group);

 private:
  [[nodiscard]] CutRhythm rhythm(const std::string& group) const;

  Loop& loop_;
  SourcePositions* const sources_;
  RouteTable& routes_;
  Peer& peer_;
  const std::function<void()> wake_;
  const std::function<void()> on_idle_;
  std::map<std::string, GroupConfig> config_;
  std::map<std::string, std::unique_ptr<GroupCutter>> cutters_;  // by group
};

}  // namespace longthrow
