// SPDX-License-Identifier: Apache-2.0
// A consistency group as one node has it: its channels, what is held or fenced of it, how new its
// copy is, and what it lacks. It outlives sessions and reloads; what it has of one session, its
// credit and its number on the wire, is the session's GroupState. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "proxy/groups/copy_age.h"
#include "proxy/groups/notices.h"

namespace longthrow {

class Channel;

struct Group {
  explicit Group(std::string its_name) : name(std::move(its_name)) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Some route of the configuration is in it.
  [[nodiscard]] bool configured() const { return routes > 0; }
  [[nodiscard]] bool held() const { return here.find(NoticeKind::held) != nullptr; }
  [[nodiscard]] bool fenced() const { return here.find(NoticeKind::fenced) != nullptr; }
  // It still has channels, or answers for bytes of those that it had.
  [[nodiscard]] bool carries() const { return !members.empty() || shortfall.bytes > 0; }
  // Nothing of it has to be remembered any more.
  [[nodiscard]] bool unused() const { return !configured() && !carries() && here.empty(); }
  // What is known of its copy goes with its configuration. A fence stays.
  void leave_configuration() {
    copy = {};
    shortfall = {};
    taken_lost_bytes = 0;
  }

  const std::string name;
  std::size_t routes = 0;                     // of the configuration
  std::map<std::uint64_t, Channel*> members;  // by serial, until they are forgotten
  NoticeBoard here;                           // what this node has stopped of it
  NoticeBoard at_peer;

  // The peer's data, here.
  struct Copy {
    CopyAge age;
    std::size_t streams = 0;  // that it consists of, when they were last counted
    bool restored = false;    // known from before a restart, and no channel has come since
  } copy;
  // What channels that have ended gave and no target acknowledged, until a newer one catches up.
  struct Shortfall {
    std::uint64_t bytes = 0;
    std::string reason;
    std::uint64_t serial = 0;  // of the newest channel then
  } shortfall;
  std::uint64_t taken_lost_bytes = 0;  // received, and not taken by the targets since the fence
};

}  // namespace longthrow
