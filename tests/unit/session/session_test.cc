// SPDX-License-Identifier: Apache-2.0
// Two sessions and a wire in memory: what each case needs is said in verbs. Faults in all
// combinations are the simulator's business (tests/sim).
#include "proxy/session/session.h"

#include <gtest/gtest.h>

#include <array>

namespace longthrow {
namespace {

constexpr LaneId kExpress = 1;
constexpr LaneId kBulk = 2;

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

  void SetUp() override {
    for (int i : {0, 1}) {
      sides_[i].session = std::make_unique<Session>(sides_[i].pool, i == 0);
      sides_[i].session->set_local_routes({{.name = "r0", .group = "g", .accepts = true}});
      sides_[i].session->set_receive_window(kMiB);
    }
    up();
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
      Result<void> result;
      switch (static_cast<wire::RecordType>(header->type)) {
        case wire::RecordType::routes:
          result = to.session->on_routes(*wire::decode_routes(body));
          break;
        case wire::RecordType::ack:
          result = to.session->on_ack(*wire::decode_ack(body));
          break;
        case wire::RecordType::credit:
          result = to.session->on_credit(*wire::decode_credit(body));
          break;
        case wire::RecordType::heartbeat:
          result = to.session->on_heartbeat(now_, *wire::decode_heartbeat(body));
          break;
        default:
          to.session->on_heartbeat_echo(now_, *wire::decode_heartbeat_echo(body));
      }
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
  int frames_ = 0;
};

TEST_F(SessionTest, RoutesOfBothSidesMatch) {
  EXPECT_TRUE(alpha().standing("r0").may_open);
  EXPECT_TRUE(beta().standing("r0").may_open);
  beta().set_local_routes({{.name = "r0", .group = "other", .accepts = true}});
  talk();
  EXPECT_FALSE(alpha().standing("r0").matched);
  EXPECT_NE(alpha().standing("r0").reason.find("group"), std::string::npos);
}

TEST_F(SessionTest, ARouteThatThePeerLacksIsSaidAtBothEnds) {
  beta().set_local_routes({});
  talk();
  EXPECT_FALSE(alpha().standing("r0").matched);
  EXPECT_EQ(beta().unknown_peer_routes(), std::vector<std::string>{"r0"});
}

// What drbd-proxy-ctl makes: alpha's "r0-beta-alpha" is beta's "r0-alpha-beta".
TEST_F(SessionTest, ARouteWithANameForTheWireIsOneRouteUnderTwoNames) {
  const auto named = [](const std::string& name) {
    return LocalRoute{.name = name, .group = name, .accepts = true, .wire_name = "drbd"};
  };
  alpha().set_local_routes({named("r0-beta-alpha")});
  beta().set_local_routes({named("r0-alpha-beta")});
  talk();
  ASSERT_TRUE(alpha().standing("r0-beta-alpha").may_open);
  EXPECT_TRUE(beta().unknown_peer_routes().empty());
  ChannelCore& here = alpha().open("r0-beta-alpha");
  for (int i = 0; i < 8; ++i) write(sides_[0], here, 256 * kKiB);
  talk();
  ChannelCore& there = *sides_[1].opened.at(0);
  EXPECT_EQ(there.group->name, "r0-alpha-beta");
  EXPECT_EQ(beta().route_name(there.route_id), "r0-alpha-beta");
  EXPECT_GT(there.in.ready_bytes(), 0U);
  EXPECT_LE(there.in.ready_bytes(), kMiB) << "the credit of the group under its other name";
  for (int turn = 0; turn < 4; ++turn) {
    read_all(sides_[1], there);
    talk();
  }
  EXPECT_EQ(here.out.waiting_raw_bytes(), 0U);
  read_all(sides_[1], there);
  talk();
  heartbeat(5'000);
  EXPECT_EQ(beta().groups().at("r0-alpha-beta").as_of_wall_ns, 5'000);
  EXPECT_FALSE(beta().groups().contains("drbd"));
}

TEST_F(SessionTest, AChannelIsCarriedToItsCleanEndAndForgotten) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 1000);
  alpha().push_end(here, EndKind::fin, 0);
  talk();
  ASSERT_EQ(sides_[1].opened.size(), 1U);
  ChannelCore& there = *sides_[1].opened[0];
  EXPECT_EQ(there.in.ready_bytes(), 1000U);
  EXPECT_FALSE(there.in.at_end());
  read_all(sides_[1], there);
  EXPECT_TRUE(there.in.at_end());
  beta().push_end(there, EndKind::fin, 0);
  talk();
  EXPECT_TRUE(Session::finished(here));
  alpha().release(here);
  beta().release(there);
  EXPECT_TRUE(alpha().channels().empty());
}

TEST_F(SessionTest, WhatWasUnderWayAtACutIsSentAgainAndNothingElse) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 100);
  talk();
  lossy_ = true;
  write(sides_[0], here, 200);
  talk();
  cut();
  lossy_ = false;
  frames_ = 0;
  up();
  EXPECT_EQ(frames_, 1);
  EXPECT_EQ(sides_[1].opened.at(0)->in.ready_bytes(), 300U);
  EXPECT_EQ(here.out.received_offset(), 300U);
}

TEST_F(SessionTest, NothingIsSentBeyondTheCredit) {
  ChannelCore& here = alpha().open("r0");
  for (int i = 0; i < 8; ++i) write(sides_[0], here, 256 * kKiB);
  talk();
  ChannelCore& there = *sides_[1].opened.at(0);
  EXPECT_EQ(there.in.ready_bytes(), kMiB);
  EXPECT_TRUE(alpha().blocked_by_credit());
  read_all(sides_[1], there);
  talk();
  EXPECT_EQ(there.in.ready_bytes(), kMiB);
  EXPECT_FALSE(alpha().blocked_by_credit());
}

TEST_F(SessionTest, AnEndNeedsNoCredit) {
  ChannelCore& first = alpha().open("r0");
  for (int i = 0; i < 5; ++i) write(sides_[0], first, 256 * kKiB);
  talk();
  ChannelCore& second = alpha().open("r0");
  alpha().push_end(second, EndKind::fin, 0);
  talk();
  ASSERT_EQ(sides_[1].opened.size(), 2U);
  EXPECT_TRUE(sides_[1].opened[1]->in.at_end());
}

TEST_F(SessionTest, AnExpressChannelOvertakesABacklog) {
  ChannelCore& data = alpha().open("r0");
  ChannelCore& meta = alpha().open("r0");
  alpha().make_express(meta);
  for (int i = 0; i < 3; ++i) write(sides_[0], data, 100'000);
  write(sides_[0], meta, 16);
  talk_express();
  ASSERT_EQ(sides_[1].opened.size(), 2U);
  EXPECT_EQ(sides_[1].opened[0]->in.ready_bytes(), 0U);
  EXPECT_EQ(sides_[1].opened[1]->in.ready_bytes(), 16U);
  talk();
  EXPECT_EQ(sides_[1].opened[0]->in.ready_bytes(), 300'000U);
  EXPECT_EQ(alpha().channels().at(meta.id)->out.received_offset(), 16U);
}

TEST_F(SessionTest, BulkFramesLeaveCreditToExpressChannels) {
  ChannelCore& data = alpha().open("r0");
  ChannelCore& meta = alpha().open("r0");
  alpha().make_express(meta);
  for (int i = 0; i < 20; ++i) write(sides_[0], data, 100'000);
  talk();
  EXPECT_TRUE(alpha().blocked_by_credit());
  write(sides_[0], meta, 16);
  talk();
  EXPECT_EQ(sides_[1].opened[1]->in.ready_bytes(), 16U);
}

TEST_F(SessionTest, ExpressBytesOfACutLaneAreSentAgain) {
  ChannelCore& meta = alpha().open("r0");
  alpha().make_express(meta);
  talk();
  write(sides_[0], meta, 16);
  ASSERT_NE(alpha().poll_express_frame().frame, nullptr);  // lost with its lane
  write(sides_[0], meta, 8);
  alpha().push_end(meta, EndKind::fin, 0);
  cut();
  up();
  EXPECT_EQ(sides_[1].opened[0]->in.ready_bytes(), 24U);
  EXPECT_EQ(sides_[1].opened[0]->in.end_kind(), EndKind::fin);
}

TEST_F(SessionTest, WhatWaitedForABulkLaneBecomesExpressToo) {
  ChannelCore& meta = alpha().open("r0");
  write(sides_[0], meta, 16);
  alpha().make_express(meta);
  EXPECT_FALSE(alpha().bulk_frames_wait());
  talk_express();
  EXPECT_EQ(sides_[1].opened[0]->in.ready_bytes(), 16U);
}

TEST_F(SessionTest, AStopDropsTheBacklogOfAnExpressChannel) {
  ChannelCore& meta = alpha().open("r0");
  alpha().make_express(meta);
  talk();
  write(sides_[0], meta, 16);
  ASSERT_NE(alpha().poll_express_frame().frame, nullptr);  // under way
  for (int i = 0; i < 3; ++i) write(sides_[0], meta, 1'000);
  beta().stop(*sides_[1].opened[0]);
  cut();
  up();
  alpha().push_end(meta, EndKind::abort, 0);
  talk();
  EXPECT_EQ(sides_[0].stopped, 1);
  EXPECT_TRUE(meta.out.end_acked);
  EXPECT_EQ(meta.group->stored_charge_bytes, 0U);
}

TEST_F(SessionTest, AStopDropsTheBacklogAndGivesItsCreditBack) {
  ChannelCore& here = alpha().open("r0");
  for (int i = 0; i < 8; ++i) write(sides_[0], here, 256 * kKiB);
  talk();
  beta().stop(*sides_[1].opened.at(0));
  talk();
  EXPECT_EQ(sides_[0].stopped, 1);
  EXPECT_EQ(here.out.waiting_raw_bytes(), 0U);
  alpha().push_end(here, EndKind::abort, 0);
  talk();
  EXPECT_TRUE(sides_[1].opened.at(0)->in.at_end());
  ChannelCore& next = alpha().open("r0");
  write(sides_[0], next, 256 * kKiB);
  talk();
  EXPECT_EQ(sides_[1].opened.at(1)->in.ready_bytes(), 256 * kKiB);
}

TEST_F(SessionTest, ThePeerIsToldWhatWasDeliveredAlsoAcrossACut) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 100);
  talk();
  ChannelCore& there = *sides_[1].opened.at(0);
  read_all(sides_[1], there);
  beta().delivered(there, 100);
  ByteQueue lost;
  EXPECT_TRUE(beta().poll_control(now_, lost));  // the record dies with its lane
  cut();
  up();
  EXPECT_EQ(here.out.delivered_offset, 100U);
}

TEST_F(SessionTest, AFrameThatFailsThreeTimesEndsItsChannelAndNoOther) {
  ChannelCore& here = alpha().open("r0");
  lossy_ = true;
  write(sides_[0], here, 100);
  talk();
  const wire::FrameHeader header{
      .channel = here.id, .route = 1, .raw_bytes = 100, .payload_bytes = 100};
  ASSERT_EQ(*beta().on_frame(now_, header), FrameFate::take);
  EXPECT_FALSE(beta().on_corrupt(now_, header));
  EXPECT_FALSE(beta().on_corrupt(now_, header));
  EXPECT_TRUE(beta().on_corrupt(now_, header));
  EXPECT_TRUE(sides_[1].opened.at(0)->in.discarding());
}

TEST_F(SessionTest, AnIdleStreamIsAsNewAsTheLastHeartbeat) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 10);
  talk();
  heartbeat(5'000);
  EXPECT_EQ(beta().groups().at("g").as_of_wall_ns, 5'000);
}

TEST_F(SessionTest, AGroupWithoutAnOpenStreamGrowsOld) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 10);
  talk();
  heartbeat(5'000);
  alpha().push_end(here, EndKind::fin, 6'000);
  talk();
  heartbeat(9'000);
  EXPECT_EQ(beta().groups().at("g").as_of_wall_ns, 5'000);
}

// A receive share that is made smaller has to leave room for the credit that is about to be given,
// too: simulation 2153.
TEST_F(SessionTest, WhatTheNextCreditRecordGivesIsPromisedAlready) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 64 * kKiB);
  talk();
  EXPECT_EQ(beta().promised_charge_bytes(), kMiB - 64 * kKiB);
  read_all(sides_[1], *sides_[1].opened.at(0));
  EXPECT_EQ(beta().groups().at("g").granted_bytes, kMiB) << "too little for a record of its own";
  EXPECT_EQ(beta().promised_charge_bytes(), kMiB);
  beta().set_receive_window(kMiB / 2);
  EXPECT_EQ(beta().promised_charge_bytes(), kMiB - 64 * kKiB) << "given is given";
}

TEST_F(SessionTest, HostileFramesAreErrorsNotCrashes) {
  const auto refused = [&](const wire::FrameHeader& header) {
    return !beta().on_frame(now_, header).has_value();
  };
  EXPECT_TRUE(refused({.channel = 0, .route = 99, .raw_bytes = 1, .payload_bytes = 1}))
      << "unknown route";
  EXPECT_TRUE(refused({.channel = 1, .route = 1, .raw_bytes = 1, .payload_bytes = 1}))
      << "our own channel, never opened";
  EXPECT_TRUE(refused({.number = 1 << 21, .route = 1, .raw_bytes = 1, .payload_bytes = 1}))
      << "number far ahead";
  EXPECT_TRUE(refused({.route = 1, .kind = wire::FrameKind::open})) << "open in the bulk space";
  wire::Ack ack{.bulk_next = 5};
  EXPECT_FALSE(beta().on_ack(ack).has_value()) << "acknowledges what was never sent";
}

}  // namespace
}  // namespace longthrow
