// SPDX-License-Identifier: Apache-2.0
// Tells events from two snapshots of a node that follow each other. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "longthrow/events.h"
#include "longthrow/status.h"

namespace longthrow {

// One for each process. What its first snapshot shows is news only if it is not as it should be;
// what an administrator had stopped before is none.
class StatusWatch {
 public:
  // Marks of the send buffer, as parts of what it may use. Between them nothing is told.
  static constexpr double kHighMark = 0.8;
  static constexpr double kNormalMark = 0.5;
  // A link that has never come up is told to be down when the node has run for so long.
  static constexpr double kFirstUpSeconds = 30.0;

  // `now`: of the node's civil clock. Losses are told by their ledger: see lost().
  [[nodiscard]] std::vector<Event> look(const Status& status, WallTime now);
  // Whether the ledger has got losses since the snapshot before the last one.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  enum class Level : std::uint8_t { normal, high, full };
  struct LinkSeen {
    LinkState state = LinkState::connecting;
    bool told_down = false;
    std::uint64_t episodes = 0;  // sessions and reconnects
    Level level = Level::normal;
    std::uint64_t checksum_failures = 0;
  };
  struct GroupSeen {
    Consistency consistent = Consistency::yes;
    std::uint64_t checkpoints_done = 0;
    std::uint64_t checkpoints_failed = 0;
  };
  // A notice: of a link and a group ("": the link), what, where.
  using NoticeKey = std::tuple<std::string, std::string, NoticeKind, Side>;

  void look_at_node(const Status& status);
  void look_at_link(const std::string& name, const LinkStatus& link, const Status& status);
  void look_at_buffer(const LinkStatus& link, LinkSeen& seen);
  void look_at_group(const std::string& name, const GroupStatus& group);
  void look_at_notices(const Status& status);
  // Adds an event of the place at which look() is now.
  Event& tell(EventCode code, std::string text);

  bool first_ = true;
  bool stopping_ = false;
  bool lost_ = false;
  std::uint64_t losses_ = 0;
  std::string restart_pending_;
  std::map<std::string, LinkSeen> links_;
  std::map<std::string, GroupSeen> groups_;
  std::set<NoticeKey> notices_;
  // Of the look() under way.
  struct Telling {
    std::vector<Event> events;
    WallTime at{};
    std::string link;
    std::string group;
  } telling_;
};

}  // namespace longthrow
