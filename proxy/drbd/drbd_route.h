// SPDX-License-Identifier: Apache-2.0
// Routes of protocol drbd: which channels are the two connections of one DRBD connection, when a
// new pair may begin, and what DRBD says of its disks. Pure.
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

  // A new handshake is not let in behind the backlog of an old connection: DRBD would wait for
  // answers that come when that is drained, and give up. Refused, it tries again.
  [[nodiscard]] bool may_open() const override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] std::string unknown() const override;
  // The peer's DRBD has stopped mirroring.
  [[nodiscard]] bool stands_still() const override;
  void fill(RouteStatus& status, TimePoint now) const override;
  [[nodiscard]] std::string poll_line() override;

 private:
  friend class DrbdStream;

  // The meta stream that `data` belongs to; null: there is none yet.
  [[nodiscard]] DrbdStream* meta_for(const DrbdStream& data) const;
  // Features have passed both ways.
  void settle(DrbdStream& data);
  // One of a pair is closed, or its leg has said its last: DRBD never closes one half, or one of
  // two.
  void on_end_of_half(DrbdStream& stream);
  void retire(DrbdStream& stream);
  // The last word of each, also after the connection that said it: an interrupted resync stays one.
  [[nodiscard]] DisksByVolume disks() const;

  static constexpr std::size_t kLinesMax = 8;  // between two polls

  AnswerPings answer_pings_{};
  std::vector<DrbdStream*> streams_;  // oldest first
  std::deque<std::string> lines_;
  struct Past {  // of channels that are gone
    StreamCounters sent;
    StreamCounters received;
    std::uint64_t pings_answered = 0;
    DisksByVolume disks;
  } past_;
};

}  // namespace longthrow::drbd
