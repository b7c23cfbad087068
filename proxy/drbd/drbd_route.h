// SPDX-License-Identifier: Apache-2.0
// The guide of a route of protocol drbd. It knows which channels are the two connections of one
// DRBD connection, when a new pair may begin, and what DRBD says of its disks. Pure.
#pragma once

#include <deque>
#include <vector>

#include "proxy/drbd/stream_watch.h"
#include "proxy/guides/route_guide.h"

namespace longthrow::drbd {

class DrbdStream;

class DrbdRoute final : public RouteGuide {
 public:
  void configure(const RouteConfig& config) override { answer_pings_ = config.answer_pings; }
  void forget_past() override { past_ = {}; }
  [[nodiscard]] std::unique_ptr<StreamGuide> guide(StreamHost& host, Opener opener) override;

  // False while an old connection still has a backlog: DRBD would wait behind it for the answers to
  // its handshake, and give up. When it is refused, it tries again.
  [[nodiscard]] bool may_open() const override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] std::string unknown() const override;
  // Whether the peer's DRBD has stopped mirroring.
  [[nodiscard]] bool stands_still() const override;
  void fill(RouteStatus& status, TimePoint now) const override;
  [[nodiscard]] std::string poll_line() override;

 private:
  friend class DrbdStream;

  // The meta stream that `data` belongs to; null: there is none yet.
  [[nodiscard]] DrbdStream* meta_for(const DrbdStream& data) const;
  // Called when features have passed both ways.
  void settle(DrbdStream& data);
  // One connection of a pair is closed, or its program will say nothing more. The other must end,
  // too: DRBD never half-closes a connection, and never closes only one of the two.
  void on_end_of_half(DrbdStream& stream);
  void retire(DrbdStream& stream);
  // What each DRBD last said of its disks, also on connections that have ended: an interrupted
  // resync stays interrupted.
  [[nodiscard]] DisksByVolume disks() const;

  static constexpr std::size_t kLinesMax = 8;  // between two polls

  AnswerPings answer_pings_{};
  std::vector<DrbdStream*> streams_;  // oldest first
  std::deque<std::string> lines_;
  struct Past {  // totals of channels that are gone
    StreamCounters sent;
    StreamCounters received;
    std::uint64_t pings_answered = 0;
    DisksByVolume disks;
  } past_;
};

}  // namespace longthrow::drbd
