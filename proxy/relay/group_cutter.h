// SPDX-License-Identifier: Apache-2.0
// Takes the cuts of one group whose bytes this node sends, by the clock of a CutTaker: asks the
// sources' host how far each source has written, or the legs what they have received, and gives the
// session the cuts that come of it.
#pragma once

#include <functional>
#include <string>

#include "longthrow/loop.h"
#include "longthrow/source_positions.h"
#include "proxy/cuts/checkpoint_placer.h"
#include "proxy/cuts/cut_taker.h"
#include "proxy/relay/peer.h"
#include "proxy/routes/route_table.h"

namespace longthrow {

// Belongs to the loop's thread. Destroyed only when idle().
class GroupCutter {
 public:
  struct Parts {
    Loop& loop;
    SourcePositions* sources;  // null: no source can be read
    RouteTable& routes;
    Peer& peer;
    const std::function<void()>& wake;     // called when there is something to send
    const std::function<void()>& on_idle;  // called when a collect has completed
  };
  GroupCutter(const Parts& parts, std::string group);
  ~GroupCutter();
  GroupCutter(const GroupCutter&) = delete;
  GroupCutter& operator=(const GroupCutter&) = delete;

  void set_rhythm(const CutRhythm& rhythm) { taker_.set_rhythm(rhythm_ = rhythm); }
  // Brings the members up to date: joins and leaves channels. REQUIRES: there is a session.
  void look_at_members();
  // A member, or a channel that may become one, has read bytes.
  void on_read(const Channel& channel);
  // All channels are gone, or the group makes no more epochs.
  void forget_members();
  // Once in a while: cuts, without proof, what no cut has come for.
  void cut_what_waits();

  // From here to the end of a checkpoint the group is cut, also if it has only one stream: so the
  // peer can hold back what comes behind it.
  void begin_checkpoint() { checkpoint_ = true; }
  void end_checkpoint();
  [[nodiscard]] bool in_checkpoint() const { return checkpoint_; }
  // Its members; a value: the source has ended in order, at that offset.
  [[nodiscard]] CheckpointPlacer::Members ends_of_members();
  // What of each member was received, by channel, ascending.
  [[nodiscard]] CutTaker::Offsets received();
  // The sources' sockets, of those that have not ended; `known` gives the cookies.
  [[nodiscard]] std::vector<SourceSocket> source_sockets(std::vector<SourceSocket> known);
  // What nobody can say of them where this host's kernel cannot be asked.
  [[nodiscard]] static std::vector<SourceReading> unsupported(
      const std::vector<SourceSocket>& sockets);
  // False: a cut that was made meanwhile lies behind it, or there is no session.
  [[nodiscard]] bool add_checkpoint(const Cut& cut, wire::Checkpoint mark);

  void cancel();
  [[nodiscard]] bool idle() const { return !collect_.operation.in_flight(); }
  // Why the sources of the group give no proof; "": they do, or nothing was tried.
  [[nodiscard]] const std::string& obstacle() const { return obstacle_; }

 private:
  [[nodiscard]] Group* group() { return parts_.routes.groups().find(name_); }
  [[nodiscard]] GroupState* state() const;
  [[nodiscard]] static bool may_join(const Channel& channel);
  [[nodiscard]] static std::uint64_t given_bytes(const Channel& channel);
  [[nodiscard]] static bool is_done(const GroupState& its_state, const Channel& channel);
  void advance();
  void ask_sources();
  void on_collected(int result);
  void on_timer() { advance(); }
  void take(std::optional<Cut> cut);
  void note_obstacle();
  [[nodiscard]] std::vector<const Channel*> members();
  [[nodiscard]] std::int64_t wall_ns_of(const Cut& cut) const;

  const Parts parts_;
  const std::string name_;
  CutRhythm rhythm_;
  CutTaker taker_{CutRhythm{}};
  std::map<std::uint64_t, bool> told_;  // members that the taker knows; whether it knows their end
  bool stale_ = false;                  // the collect in flight is of an earlier session
  bool checkpoint_ = false;
  SourceCollect collect_;
  Timer timer_;
  std::optional<TimePoint> uncut_since_;
  std::string obstacle_;
};

}  // namespace longthrow
