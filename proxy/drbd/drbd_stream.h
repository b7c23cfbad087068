// SPDX-License-Identifier: Apache-2.0
// The guide of a channel that is one of DRBD's two connections:
//  - the meta stream goes ahead of all data, and its end is held back until the data stream's leg
//    is closed: DRBD throws away what is still on its way when its meta stream ends;
//  - what DRBD has been handed is applied when it has acknowledged all its barriers: what TCP has
//    acknowledged may still lie unread in DRBD's socket, and a reset would destroy it;
//  - while the link is down, its pings may be answered here (answer_pings).
// Pure.
#pragma once

#include "proxy/drbd/barrier_clock.h"
#include "proxy/drbd/drbd_route.h"
#include "proxy/drbd/outage_pings.h"
#include "proxy/drbd/stream_watch.h"

namespace longthrow::drbd {

class DrbdStream final : public StreamGuide {
 public:
  DrbdStream(std::shared_ptr<DrbdRoute> route, StreamHost& host, Opener opener);
  ~DrbdStream() override {
    if (route_ != nullptr) retire();
  }

  void on_given(ByteView bytes, TimePoint now) override;
  void on_thrown_away(ByteView bytes) override { watch_.on_outgoing(bytes); }
  void on_handed_over(ByteView bytes, TimePoint now) override;
  void on_end_given() override;
  void on_end() override;
  void on_session_over() override { attached_ = false; }
  void retire() override;

  [[nodiscard]] bool wants_express() const override { return kind() == StreamKind::meta; }
  [[nodiscard]] bool concerns_others() const override { return partner_ != nullptr; }
  [[nodiscard]] bool wants_thrown_away() const override { return true; }
  [[nodiscard]] bool holds_end() const override;
  [[nodiscard]] Applied applied() const override;

  [[nodiscard]] ByteView answer() override;
  [[nodiscard]] bool leaves_out() const override { return pings_.owed() > 0; }
  [[nodiscard]] Step next(std::span<const ByteView> pieces) const override;
  void on_left_out(std::span<const ByteView> pieces) override;

  [[nodiscard]] Carries carries() const override;
  [[nodiscard]] std::optional<Changes> changes() const override;
  [[nodiscard]] std::optional<Barriers> barriers() const override;

 private:
  friend class DrbdRoute;

  [[nodiscard]] StreamKind kind() const { return watch_.kind(); }
  // Whether it is, or was, one of a pair, and has begun to end.
  [[nodiscard]] bool ending_of_pair() const { return was_paired_ && host_.has_ended(); }
  void heed(TimePoint now);
  void pair_with(DrbdStream& meta);
  void unpair();

  std::shared_ptr<DrbdRoute> route_;
  StreamHost& host_;
  StreamWatch watch_;
  BarrierClock open_barriers_;  // used by a data stream that has a partner
  OutagePings pings_;           // used by a meta stream
  DrbdStream* partner_ = nullptr;
  bool was_paired_ = false;
  bool spoke_ = false;  // the program has given bytes
  bool attached_ = true;
};

}  // namespace longthrow::drbd
