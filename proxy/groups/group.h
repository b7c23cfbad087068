// SPDX-License-Identifier: Apache-2.0
// A consistency group as one node knows it: its channels, what is held or fenced, how new its copy
// is, and what the copy lacks. It outlives sessions and reloads. Its credit and its number on the
// wire belong to one session, and are in the session's GroupState. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "longthrow/status_words.h"
#include "proxy/groups/copy_age.h"
#include "proxy/groups/notices.h"

namespace longthrow {

class Channel;

struct Group {
  explicit Group(std::string its_name) : name(std::move(its_name)) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Whether some configured route is in it.
  [[nodiscard]] bool configured() const { return routes > 0; }
  [[nodiscard]] bool held() const { return here.find(NoticeKind::held) != nullptr; }
  [[nodiscard]] bool fenced() const { return here.find(NoticeKind::fenced) != nullptr; }
  // Whether it still has channels, or bytes of earlier channels to answer for.
  [[nodiscard]] bool carries() const { return !members.empty() || shortfall.bytes > 0; }
  // Whether it can be forgotten.
  [[nodiscard]] bool unused() const { return !configured() && !carries() && here.empty(); }
  // Called when the group leaves the configuration: forgets its copy. A fence stays.
  void leave_configuration() {
    copy = {};
    shortfall = {};
    taken_lost_bytes = taken_left_out_bytes = 0;
    cuts.clear();
  }

  const std::string name;
  std::size_t routes = 0;                     // configured ones
  std::map<std::uint64_t, Channel*> members;  // by serial, until they are forgotten
  NoticeBoard here;                           // what this node has stopped
  NoticeBoard at_peer;

  // Our copy of the peer's data.
  struct Copy {
    CopyAge age;
    std::size_t streams = 0;  // of which it consists, by the last count
    bool restored = false;    // known only from before a restart: no channel has come since
    // The last epoch that is whole, in the newest session that made epochs; 0: none.
    std::uint64_t epoch = 0;
    Proof cut_proof = Proof::none;
  } copy;
  // Bytes of ended channels that no target has acknowledged. They count until a newer channel has
  // caught up.
  struct Shortfall {
    std::uint64_t bytes = 0;
    std::string reason;
    std::uint64_t serial = 0;  // the newest channel when they were noted
  } shortfall;
  std::uint64_t taken_lost_bytes = 0;  // received, and not taken by the targets, since the fence
  std::uint64_t taken_left_out_bytes = 0;  // received behind the end of the copy, since the fence
  std::map<Proof, std::uint64_t> cuts;     // that were made here in earlier sessions
};

}  // namespace longthrow
