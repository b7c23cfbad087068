// SPDX-License-Identifier: Apache-2.0
// Judges our copies of the peer's data: as of when they are, how old, and what proves it. Also
// sends the peer the marks that it needs to judge its copies of ours.
#pragma once

#include <string>
#include <vector>

#include "proxy/groups/copies_file.h"
#include "proxy/relay/channels.h"
#include "proxy/relay/group_health.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread.
class Copies {
 public:
  Copies(Loop& loop, const LinkConfig& config, RouteTable& routes, Peer& peer,
         const Channels& channels)
      : loop_(loop), config_(config), routes_(routes), peer_(peer), channels_(channels) {}

  // Notes how new each copy is now. The age counts on after the session has ended. REQUIRES: there
  // is a session.
  void note();
  // Tells the peer, with marks, up to which time all bytes of each group have frame numbers. For
  // groups of several streams at every call, because nothing else tells it. For other groups with
  // each heartbeat, so that idle groups do not look old.
  void say_marks(TimePoint now);
  // See group_health.h.
  [[nodiscard]] std::vector<std::string> accept(Group& group) {
    return accept_copies(group, routes_);
  }
  // restore() takes what an earlier run of the node has kept; save() keeps it for the next.
  void restore(const SavedCopies& saved);
  void save(SavedCopies& saved) const;
  void fill_inbound(const Group& group, GroupStatus& status) const;

 private:
  // Some streams of a group, and the time up to which each is complete.
  struct Complete {
    std::size_t streams = 0;
    std::int64_t wall_ns = 0;
    void add(std::int64_t its_wall_ns) {
      wall_ns = streams++ == 0 ? its_wall_ns : std::min(wall_ns, its_wall_ns);
    }
  };
  struct Marked {
    Complete numbered;  // complete: all bytes have frame numbers. Of streams that go on
    Complete received;  // the peer has them. Of streams that the peer lacks some of
    bool open = false;
  };
  using MarkedById = std::map<std::uint32_t, Marked>;
  [[nodiscard]] MarkedById mark();
  [[nodiscard]] bool stands_still(const Group& group) const;

  Loop& loop_;
  const LinkConfig& config_;
  RouteTable& routes_;
  Peer& peer_;
  const Channels& channels_;
  TimePoint next_full_marks_{};
};

}  // namespace longthrow
