// SPDX-License-Identifier: Apache-2.0
// Two sessions and a wire in memory: what each case needs is said in verbs. Faults in all
// combinations are the simulator's business (tests/sim).
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "proxy/session/session.h"

namespace longthrow {

inline constexpr LaneId kExpress = 1;
inline constexpr LaneId kBulk = 2;

class SessionTest : public ::testing::Test {
 protected:
  struct Side {
    FramePool pool;
    std::unique_ptr<Arena> arena =
        *Arena::make({.limit_bytes = 16 * kMiB, .reserve_bytes = 16 * kMiB});
    std::unique_ptr<Session> session;
    std::vector<ChannelCore*> opened;
    int stopped = 0;
  };

  static ChannelNumbers numbers_of(int side) {
    return side == 0 ? ChannelNumbers::even : ChannelNumbers::odd;
  }
  void SetUp() override {
    for (int i : {0, 1}) {
      sides_[i].session = std::make_unique<Session>(sides_[i].pool, numbers_of(i));
      sides_[i].session->set_local_routes({{.name = "r0", .group = "g", .accepts = true}});
      sides_[i].session->set_receive_window(kMiB, 16 * kMiB);
    }
    up();
  }
  void set_two_groups() {
    for (Side& side : sides_) {
      side.session->set_local_routes({{.name = "r0", .group = "g", .accepts = true},
                                      {.name = "r1", .group = "h", .accepts = true}});
    }
    talk();
  }
  Session& alpha() { return *sides_[0].session; }
  Session& beta() { return *sides_[1].session; }

  void up() {
    for (Side& side : sides_) {
      side.session->on_express_up(kExpress + lanes_);
      side.session->on_bulk_up(kBulk + lanes_);
    }
    talk();
  }
  void cut() {
    for (Side& side : sides_) {
      side.session->on_lane_down(kBulk + lanes_);
      side.session->on_lane_down(kExpress + lanes_);
    }
    lanes_ += 2;
  }
  // Exchanges everything until both are silent. Bulk frames are dropped while `lossy_`.
  void talk() {
    for (int turn = 0; turn < 200; ++turn) {
      now_ += std::chrono::milliseconds(20);
      bool moved = false;
      for (int i : {0, 1}) moved = pass(sides_[i], sides_[1 - i]) || moved;
      if (!moved) return;
    }
    FAIL() << "the sessions never fall silent";
  }
  void heartbeat(std::int64_t wall_ns) {
    alpha().set_wall_clock(wall_ns);
    alpha().request_heartbeat();
    talk();
    beta().settle_as_of();
  }
  // What the express lane alone brings from alpha to beta.
  void talk_express() {
    while (auto next = alpha().poll_express_frame().frame) deliver(*next, sides_[1]);
    while (const auto event = beta().poll_event()) note(sides_[1], *event);
  }
  bool pass(Side& from, Side& to) {
    bool moved = pass_control(from, to);
    while (auto next = from.session->poll_express_frame().frame) {
      moved = true;
      deliver(*next, to);
    }
    while (auto next = from.session->poll_bulk_frame(kBulk + lanes_).frame) {
      ++frames_;
      moved = true;
      if (!lossy_) deliver(*next, to);
    }
    while (const auto event = to.session->poll_event()) note(to, *event);
    while (const auto event = from.session->poll_event()) note(from, *event);
    return moved;
  }
  static void note(Side& side, const SessionEvent& event) {
    if (event.kind == SessionEvent::Kind::opened) side.opened.push_back(event.channel);
    if (event.kind == SessionEvent::Kind::stopped) ++side.stopped;
  }
  void deliver(OutFrame& frame, Side& to) {
    const auto fate = to.session->on_frame(now_, frame.header);
    ASSERT_TRUE(fate.has_value()) << fate.error().message;
    if (*fate != FrameFate::take) return;
    std::vector<std::byte> raw(frame.payload.size_bytes());
    frame.payload.copy_to(raw);
    auto stored = to.arena->store(Share::receive, raw);
    const auto taken = to.session->on_data(now_, frame.header, std::move(*stored));
    ASSERT_TRUE(taken.has_value()) << taken.error().message;
  }
  bool pass_control(Side& from, Side& to) {
    ByteQueue records;
    if (!from.session->poll_control(now_, records)) return false;
    while (!records.empty()) {
      const auto header =
          wire::decode_record_header(records.view().first(wire::kRecordHeaderBytes));
      const ByteView body = records.view().subspan(wire::kRecordHeaderBytes, header->body_bytes);
      const auto type = static_cast<wire::RecordType>(header->type);
      const bool lost = type == wire::RecordType::credit_recall && !knows_recalls_;
      const Result<void> result =
          lost ? Result<void>() : to.session->on_control(now_, LaneKind::express, type, body);
      EXPECT_TRUE(result.has_value());
      records.consume(wire::kRecordHeaderBytes + header->body_bytes);
    }
    return true;
  }
  void write(Side& side, ChannelCore& channel, std::size_t bytes) {
    const std::vector<std::byte> raw(bytes, std::byte{7});
    OutFrame* frame = side.pool.take();
    frame->payload = *side.arena->store(Share::send, raw);
    frame->header.raw_bytes = frame->header.payload_bytes = static_cast<std::uint32_t>(bytes);
    side.session->push(channel, frame);
  }
  void read_all(Side& side, ChannelCore& channel) {
    std::array<ByteView, 64> pieces;
    while (const std::uint64_t ready = channel.in.ready_bytes()) {
      std::uint64_t bytes = 0;
      const std::size_t count = channel.in.pin(pieces, ready);
      for (std::size_t i = 0; i < count; ++i) bytes += pieces[i].size();
      side.session->handed_over(channel, bytes);
    }
  }

  TimePoint now_{std::chrono::seconds(1)};
  Side sides_[2];
  LaneId lanes_ = 0;
  bool lossy_ = false;
  bool knows_recalls_ = true;
  int frames_ = 0;
};

}  // namespace longthrow
