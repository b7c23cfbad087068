// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "proxy/session/credit_shares.h"
#include "tests/unit/session/session_fixture.h"

namespace longthrow {
namespace {

TEST_F(SessionTest, ARouteThatOnlyHasTargetsIsADeadEnd) {
  alpha().set_local_routes({{.name = "r0", .group = "g", .accepts = true, .no_listener = true}});
  beta().set_local_routes({{.name = "r0", .group = "g", .accepts = true, .no_listener = true}});
  talk();
  EXPECT_TRUE(alpha().standing("r0").dead_end);
  EXPECT_NE(beta().standing("r0").reason.find("write listen at one"), std::string::npos);
  beta().set_local_routes({{.name = "r0", .group = "g", .accepts = true}});
  talk();
  EXPECT_FALSE(alpha().standing("r0").dead_end);
  EXPECT_FALSE(beta().standing("r0").dead_end);
}
TEST_F(SessionTest, ARouteThatOnlyListensIsADeadEnd) {
  alpha().set_local_routes({{.name = "r0", .group = "g", .no_target = true}});
  beta().set_local_routes({{.name = "r0", .group = "g", .no_target = true}});
  talk();
  EXPECT_TRUE(alpha().standing("r0").dead_end);
  EXPECT_NE(beta().standing("r0").reason.find("write target at one"), std::string::npos);
}

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

TEST_F(SessionTest, ASmallFrameOfAQuietChannelGoesAheadOfWhatTheBulkLanesHaveTaken) {
  ChannelCore& busy = alpha().open("r0");
  ChannelCore& quiet = alpha().open("r0");
  talk();
  for (int i = 0; i < 5; ++i) write(sides_[0], busy, 50'000);
  EXPECT_FALSE(alpha().quiet_beside_bulk(quiet)) << "bulk is idle";
  ASSERT_EQ(alpha().poll_bulk_frame(kBulk).frame->header.channel, busy.id);
  EXPECT_TRUE(alpha().quiet_beside_bulk(quiet));
  EXPECT_FALSE(alpha().quiet_beside_bulk(busy));
  write(sides_[0], quiet, 1);
  OutFrame* ahead = alpha().poll_ahead_frame().frame;
  ASSERT_NE(ahead, nullptr);
  EXPECT_EQ(ahead->header.channel, quiet.id);
  EXPECT_TRUE(ahead->header.express);
  EXPECT_FALSE(alpha().quiet_beside_bulk(quiet)) << "the next ones are gathered until it is there";
  deliver(*ahead, sides_[1]);
  EXPECT_EQ(sides_[1].opened[1]->in.ready_bytes(), 1U);
  EXPECT_EQ(alpha().poll_ahead_frame().frame, nullptr) << "a frame of the busy channel";
}

TEST_F(SessionTest, AFrameDoesNotGoAheadOfItsOwnChannelNorIfItIsLarge) {
  ChannelCore& busy = alpha().open("r0");
  ChannelCore& other = alpha().open("r0");
  talk();
  write(sides_[0], busy, 50'000);
  write(sides_[0], other, Session::kAheadBytesMax + 1);
  write(sides_[0], other, 1);
  ASSERT_NE(alpha().poll_bulk_frame(kBulk).frame, nullptr);
  EXPECT_EQ(alpha().poll_ahead_frame().frame, nullptr) << "too large";
  OutFrame* large = alpha().poll_bulk_frame(kBulk).frame;
  ASSERT_EQ(large->header.channel, other.id);
  EXPECT_EQ(alpha().poll_ahead_frame().frame, nullptr) << "its own bytes are on a bulk lane";
}

TEST_F(SessionTest, AGroupThatHadMoreThanItsPartDoesNotGoAhead) {
  set_two_groups();
  ChannelCore& busy = alpha().open("r0");
  ChannelCore& greedy = alpha().open("r1");
  talk();
  write(sides_[0], busy, 1000);
  ASSERT_NE(alpha().poll_bulk_frame(kBulk).frame, nullptr);
  std::uint64_t ahead_bytes = 0;
  for (int i = 0; i < 100; ++i) {
    write(sides_[0], busy, 1000);
    write(sides_[0], greedy, Session::kAheadBytesMax);
    const auto next = alpha().poll_ahead_frame();
    if (next.frame == nullptr) break;
    ahead_bytes += next.frame->header.raw_bytes;
  }
  EXPECT_GT(ahead_bytes, 0U);
  EXPECT_LE(ahead_bytes, wire::kRawBytesMax + 2 * Session::kAheadBytesMax);
}

TEST_F(SessionTest, AFrameThatWentAheadAndWasCutIsSentAgainAndUntilThenTheGroupIsNotIdle) {
  set_two_groups();
  ChannelCore& busy = alpha().open("r0");
  ChannelCore& quiet = alpha().open("r1");
  talk();
  write(sides_[0], busy, 1000);
  ASSERT_NE(alpha().poll_bulk_frame(kBulk).frame, nullptr);
  write(sides_[0], quiet, 16);
  EXPECT_EQ(alpha().make_heartbeat(now_, 1).idle_groups.size(), 1U) << "its bytes wait";
  ASSERT_NE(alpha().poll_ahead_frame().frame, nullptr);  // lost with its lane
  EXPECT_EQ(alpha().make_heartbeat(now_, 1).idle_groups.size(), 1U) << "its bytes are under way";
  cut();
  up();
  EXPECT_EQ(sides_[1].opened[1]->in.ready_bytes(), 16U);
  EXPECT_EQ(sides_[1].opened[0]->in.ready_bytes(), 1000U);
  EXPECT_EQ(alpha().make_heartbeat(now_, 1).idle_groups.size(), 2U);
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

TEST_F(SessionTest, WhatWasDeliveredOfAForgottenChannelIsSaidAlsoAcrossACut) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 100);
  talk();
  ChannelCore& there = *sides_[1].opened.at(0);
  read_all(sides_[1], there);
  alpha().push_end(here, EndKind::fin, 0);
  beta().push_end(there, EndKind::fin, 0);
  talk();
  beta().delivered(there, 100);
  ASSERT_TRUE(Session::finished(there));
  beta().release(there);
  ByteQueue lost;
  EXPECT_TRUE(beta().poll_control(now_, lost));  // the record dies with its lane
  EXPECT_EQ(here.out.delivered_offset, 0U);
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
  beta().set_receive_window(kMiB / 2, 16 * kMiB);
  EXPECT_EQ(beta().promised_charge_bytes(), kMiB - 64 * kKiB) << "given is given";
}

// The receive share is 1 MiB, and the peer has been granted all of it for one group.
class CreditShare : public SessionTest {
 protected:
  void SetUp() override {
    for (int i : {0, 1}) {
      sides_[i].session = std::make_unique<Session>(sides_[i].pool, numbers_of(i));
      sides_[i].session->set_local_routes({{.name = "r0", .group = "g", .accepts = true}});
      sides_[i].session->set_receive_window(kMiB, kMiB);
    }
    up();
  }
  void add_group() {
    for (Side& side : sides_) side.session->set_receive_window(kMiB / 2, kMiB);
    set_two_groups();
  }
  std::uint64_t limit(const std::string& group) {
    return alpha().groups().at(group).credit_limit_bytes;
  }
};

TEST_F(CreditShare, AGroupThatIsAddedGetsWhatTheOtherDoesNotNeed) {
  EXPECT_EQ(limit("g"), kMiB);
  add_group();
  EXPECT_EQ(beta().outstanding_charge_bytes(), kMiB);
  EXPECT_EQ(limit("g"), kMiB / 2);
  EXPECT_EQ(limit("h"), kMiB / 2);
}

TEST_F(CreditShare, WhatIsUnderWayIsNotGivenBackAndTheShareIsNeverExceeded) {
  ChannelCore& one = alpha().open("r0");
  for (int i = 0; i < 15; ++i) write(sides_[0], one, 64 * 1024);
  talk();
  add_group();
  EXPECT_EQ(beta().outstanding_charge_bytes(), kMiB);
  EXPECT_EQ(limit("g"), 15 * 64 * kKiB);
  EXPECT_EQ(limit("h"), 64 * kKiB);
  read_all(sides_[1], *sides_[1].opened.at(0));
  talk();
  EXPECT_EQ(beta().outstanding_charge_bytes(), kMiB);
  EXPECT_EQ(limit("h"), kMiB / 2);
  ChannelCore& other = alpha().open("r1");
  write(sides_[0], one, 64 * 1024);
  write(sides_[0], other, 64 * 1024);
  talk();
  EXPECT_EQ(sides_[1].opened.at(1)->in.ready_bytes(), 64U * 1024);
}

// Nobody reads what the first group has sent; the one that comes later has the last eighth.
TEST_F(CreditShare, ALoneStuckGroupLeavesTheLastEighthToOneThatComesLater) {
  constexpr std::uint64_t share = 4 * kMiB;
  const auto set_windows = [&](std::size_t groups) {
    for (Side& side : sides_)
      side.session->set_receive_window(group_window_bytes(share, groups), share);
    talk();
  };
  set_windows(1);
  ChannelCore& stuck = alpha().open("r0");
  for (int i = 0; i < 64; ++i) write(sides_[0], stuck, 64 * 1024);
  talk();
  EXPECT_TRUE(alpha().blocked_by_credit());
  set_windows(2);
  set_two_groups();
  EXPECT_EQ(limit("h"), share / 8);
  ChannelCore& late = alpha().open("r1");
  for (int i = 0; i < 32; ++i) {
    write(sides_[0], late, 64 * 1024);
    talk();
    ASSERT_EQ(sides_[1].opened.size(), 2U);
    EXPECT_EQ(sides_[1].opened.at(1)->in.ready_bytes(), 64U * 1024) << i;
    read_all(sides_[1], *sides_[1].opened.at(1));
    EXPECT_LE(beta().outstanding_charge_bytes(), share);
  }
}

TEST_F(CreditShare, AnAnswerThatIsLostWithItsLaneChangesNothing) {
  for (Side& side : sides_) {
    side.session->set_local_routes({{.name = "r0", .group = "g", .accepts = true},
                                    {.name = "r1", .group = "h", .accepts = true}});
  }
  for (int turn = 0; turn < 2; ++turn) {  // the routes are known
    pass_control(sides_[0], sides_[1]);
    pass_control(sides_[1], sides_[0]);
  }
  beta().set_receive_window(kMiB / 2, kMiB);
  pass_control(sides_[1], sides_[0]);  // the recall
  EXPECT_EQ(limit("g"), kMiB / 2);
  ByteQueue lost;
  (void)alpha().poll_control(now_, lost);
  cut();
  up();
  EXPECT_LE(beta().outstanding_charge_bytes(), kMiB);
  EXPECT_EQ(limit("g"), beta().groups().at("g").granted_bytes);
  EXPECT_EQ(limit("g"), kMiB / 2);
  EXPECT_EQ(limit("h"), kMiB / 2);
}

TEST_F(CreditShare, APeerThatDoesNotKnowRecallsKeepsWhatItHasAndGoesOn) {
  knows_recalls_ = false;
  add_group();
  EXPECT_EQ(limit("g"), kMiB);
  EXPECT_EQ(limit("h"), 0U);
  ChannelCore& one = alpha().open("r0");
  for (int i = 0; i < 12; ++i) write(sides_[0], one, 64 * 1024);
  talk();
  read_all(sides_[1], *sides_[1].opened.at(0));
  talk();
  EXPECT_LE(beta().outstanding_charge_bytes(), kMiB);
  EXPECT_EQ(limit("h"), kMiB / 2);
}

TEST_F(CreditShare, ALoweredShareIsReachedWithoutTraffic) {
  beta().set_receive_window(kMiB / 4, kMiB / 4);
  talk();
  EXPECT_EQ(beta().outstanding_charge_bytes(), kMiB / 4);
  EXPECT_EQ(limit("g"), kMiB / 4);
}

TEST_F(CreditShare, TheCreditOfARemovedGroupComesBack) {
  add_group();
  for (Side& side : sides_) {
    side.session->set_local_routes({{.name = "r1", .group = "h", .accepts = true}});
    side.session->set_receive_window(kMiB, kMiB);
  }
  talk();
  EXPECT_EQ(limit("h"), kMiB);
  EXPECT_EQ(beta().outstanding_charge_bytes(), kMiB);
}

// Each frame in flight may leave a gap at the receiver; more gaps than it allows would cost the
// lane.
TEST_F(SessionTest, NoMoreFramesAreUnderWayThanTheReceiverAllowsGaps) {
  beta().set_receive_window(kGiB, kGiB);
  talk();
  ChannelCore& here = alpha().open("r0");
  talk();
  for (std::size_t i = 0; i <= SendSpace::kFramesMax; ++i) {
    OutFrame* frame = sides_[0].pool.take();
    frame->header.raw_bytes = 1;
    alpha().push(here, frame);
  }
  std::size_t sent = 0;
  while (alpha().poll_bulk_frame(kBulk).frame != nullptr) ++sent;
  EXPECT_EQ(sent, SendSpace::kFramesMax);
  EXPECT_FALSE(alpha().bulk_frames_wait());
  ASSERT_TRUE(alpha().on_ack({.routes_seen = 1, .express_next = 1, .bulk_next = 1}).has_value());
  EXPECT_TRUE(alpha().bulk_frames_wait());
  alpha().on_lane_down(kBulk);
  EXPECT_EQ(alpha().poll_bulk_frame(kBulk).frame->header.number, 1U) << "the lowest lost first";
}

TEST_F(SessionTest, ANodeOpensNoMoreChannelsThanItsPeerServes) {
  for (std::size_t i = 0; i < Session::kOwnChannelsMax; ++i) {
    ASSERT_TRUE(alpha().may_open_more());
    (void)alpha().open("r0");
  }
  EXPECT_FALSE(alpha().may_open_more());
  EXPECT_TRUE(beta().may_open_more()) << "what the peer opens takes none of ours";
  talk();
  EXPECT_EQ(sides_[1].opened.size(), Session::kOwnChannelsMax);
  EXPECT_TRUE(std::ranges::none_of(sides_[1].opened, &ChannelCore::too_many));
  for (int i : {0, 1}) {
    ChannelCore& ended = i == 0 ? *alpha().channels().begin()->second : *sides_[1].opened.front();
    sides_[i].session->push_end(ended, EndKind::fin, 0);
  }
  talk();
  alpha().release(*alpha().channels().begin()->second);
  EXPECT_TRUE(alpha().may_open_more());
}

// More channels than are served cost the peer those channels, and only absurdly many its lane.
TEST_F(SessionTest, ChannelsBeyondThoseServedAreMarkedAndThenRefused) {
  std::size_t served = 0;
  std::size_t marked = 0;
  for (std::uint64_t i = 0; i < Session::kPeerChannelsMax; ++i) {
    ASSERT_TRUE(beta()
                    .on_frame(now_, {.number = i,
                                     .channel = 2 * i,
                                     .route = 1,
                                     .kind = wire::FrameKind::open,
                                     .express = true})
                    .has_value());
    ++(beta().channels().at(2 * i)->too_many ? marked : served);
  }
  EXPECT_EQ(served, Session::kPeerChannelsServed);
  EXPECT_EQ(marked, Session::kPeerChannelsMax - Session::kPeerChannelsServed);
  EXPECT_FALSE(beta()
                   .on_frame(now_, {.number = Session::kPeerChannelsMax,
                                    .channel = 2 * Session::kPeerChannelsMax,
                                    .route = 1,
                                    .kind = wire::FrameKind::open,
                                    .express = true})
                   .has_value());
}

// Connections that come and go for months on one session.
TEST_F(SessionTest, RouteIdsOfASessionDoNotRunOut) {
  ChannelCore& here = alpha().open("r0");
  write(sides_[0], here, 100);
  talk();
  for (std::size_t i = 0; i < PeerRoutes::kMax + 100; ++i) {
    const std::string group = "h" + std::to_string(i % 8);
    for (Side& side : sides_) {
      side.session->set_local_routes({{.name = "r0", .group = "g", .accepts = true},
                                      {.name = "r1", .group = group, .accepts = true}});
    }
    talk();
    ASSERT_FALSE(HasFailure()) << i;
  }
  EXPECT_TRUE(alpha().standing("r1").may_open);
  for (int i = 0; i < 8; ++i) {  // more than one window: r0's group goes on being granted credit
    write(sides_[0], here, 256 * kKiB);
    talk();
    read_all(sides_[1], *sides_[1].opened.at(0));
    talk();
  }
  EXPECT_EQ(here.out.waiting_raw_bytes(), 0U);
  ChannelCore& late = alpha().open("r1");
  write(sides_[0], late, 100);
  talk();
  EXPECT_EQ(beta().route_name(sides_[1].opened.at(1)->route_id), "r1");
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
