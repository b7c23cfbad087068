// SPDX-License-Identifier: Apache-2.0
// Our copies of the peer's data: as of when they are, how old, and what proves it. And what the
// peer needs to know of ours for that: the marks.
#pragma once

#include <string>

#include "proxy/groups/copies_file.h"
#include "proxy/relay/channels.h"

namespace longthrow {

// Of one link. Belongs to the loop's thread.
class Copies {
 public:
  Copies(Loop& loop, const LinkConfig& config, RouteTable& routes, Peer& peer,
         const Channels& channels)
      : loop_(loop), config_(config), routes_(routes), peer_(peer), channels_(channels) {}

  // How new each copy is by now. What is noted counts on after the session, too. REQUIRES: there is
  // a session.
  void note();
  // Tells the peer up to when all bytes of each group have numbers: often of groups of several
  // streams, where nothing else does; of the others with each heartbeat, so that idle ones do not
  // grow old.
  void say_marks(TimePoint now);
  // From an earlier start of the node, and for the next.
  void restore(const SavedCopies& saved);
  void save(SavedCopies& saved) const;
  void fill_inbound(const Group& group, GroupStatus& status) const;

 private:
  // A group's bytes that have numbers.
  struct Marked {
    std::size_t streams = 0;
    bool open = false;
    std::int64_t wall_ns = 0;
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
