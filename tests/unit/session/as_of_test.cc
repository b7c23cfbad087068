// SPDX-License-Identifier: Apache-2.0
// As of when the copy of a group is that a session holds.
#include "tests/unit/session/session_fixture.h"

namespace longthrow {
namespace {

class AsOf : public SessionTest {
 protected:
  void write_at(ChannelCore& channel, std::int64_t wall_ns) {
    OutFrame* frame = sides_[0].pool.take();
    frame->payload = *sides_[0].arena->store(Share::send, std::vector<std::byte>(10));
    frame->header.raw_bytes = frame->header.payload_bytes = 10;
    frame->header.wall_ns = wall_ns;
    alpha().push(channel, frame);
  }
  void mark(std::int64_t wall_ns) {
    alpha().say_marks(wall_ns, wall_ns + 7, {{alpha().groups().at("g").id, wall_ns}});
  }
  std::int64_t as_of() {
    beta().settle_as_of();
    return beta().groups().at("g").as_of_wall_ns;
  }
};

TEST_F(AsOf, OneStreamIsAsNewAsItsNewestByteInOrder) {
  ChannelCore& only = alpha().open("r0");
  EXPECT_EQ(as_of(), 0);
  write_at(only, 100);
  talk();
  EXPECT_EQ(as_of(), 100);
  lossy_ = true;
  write_at(only, 200);
  talk();
  lossy_ = false;
  write_at(only, 300);  // out of order: 200 is missing
  talk();
  EXPECT_EQ(as_of(), 100);
  cut();
  up();
  EXPECT_EQ(as_of(), 200) << "what came early counts with the next frame or mark";
  mark(350);
  talk();
  EXPECT_EQ(as_of(), 350);
}

TEST_F(AsOf, SeveralStreamsAreAsOldAsTheOldestOfThem) {
  ChannelCore& big = alpha().open("r0");
  ChannelCore& small = alpha().open("r0");
  write_at(big, 100);
  write_at(small, 110);
  talk();
  EXPECT_EQ(as_of(), 100);
  for (std::int64_t at = 200; at < 900; at += 100) write_at(small, at);
  talk();
  EXPECT_EQ(as_of(), 100) << "the big one has a backlog";
  write_at(big, 500);
  talk();
  EXPECT_EQ(as_of(), 500);
}

TEST_F(AsOf, AStreamThatHasSaidNothingHoldsTheCopyBackUntilAMark) {
  ChannelCore& talks = alpha().open("r0");
  (void)alpha().open("r0");
  write_at(talks, 100);
  talk();
  EXPECT_EQ(as_of(), 0);
  mark(150);
  talk();
  EXPECT_EQ(as_of(), 150);
  write_at(talks, 200);
  talk();
  EXPECT_EQ(as_of(), 150) << "whether the other has given something since, only a mark says";
  EXPECT_EQ(beta().peer_civil_offset_ns(), 7);
}

TEST_F(AsOf, AMarkCountsOnlyWhenAllFramesBeforeItAreHere) {
  ChannelCore& one = alpha().open("r0");
  ChannelCore& two = alpha().open("r0");
  write_at(one, 10);
  write_at(two, 20);
  talk();
  mark(30);
  talk();
  EXPECT_EQ(as_of(), 30);
  lossy_ = true;
  write_at(one, 40);
  while (alpha().poll_bulk_frame(kBulk + lanes_).frame != nullptr) {
  }
  mark(50);
  talk();
  EXPECT_EQ(as_of(), 30);
  lossy_ = false;
  cut();
  up();
  EXPECT_EQ(as_of(), 50);
}

TEST_F(AsOf, AStreamThatEndedWholeNoLongerHoldsTheCopyBack) {
  ChannelCore& ends = alpha().open("r0");
  ChannelCore& stays = alpha().open("r0");
  write_at(ends, 100);
  write_at(stays, 900);
  talk();
  EXPECT_EQ(as_of(), 100);
  alpha().push_end(ends, EndKind::fin, 150);
  talk();
  EXPECT_EQ(as_of(), 900);
}

TEST_F(AsOf, AStreamThatCameAndWentBetweenTwoLooksIsNotForgotten) {
  ChannelCore& here = alpha().open("r0");
  write_at(here, 100);
  alpha().push_end(here, EndKind::fin, 150);
  talk();
  ChannelCore& there = *sides_[1].opened.at(0);
  read_all(sides_[1], there);
  beta().push_end(there, EndKind::fin, 0);
  talk();
  beta().release(there);
  EXPECT_EQ(as_of(), 100);
}

TEST_F(AsOf, BytesThatWentAheadCountAndThoseOfAnExpressChannelDoNot) {
  ChannelCore& one = alpha().open("r0");
  ChannelCore& meta = alpha().open("r0");
  alpha().make_express(meta);
  talk();
  write_at(one, 100);
  ASSERT_NE(alpha().poll_bulk_frame(kBulk + lanes_).frame, nullptr);  // bulk is busy
  ChannelCore& quiet = alpha().open("r0");
  write_at(quiet, 200);
  write_at(meta, 900);
  OutFrame* ahead = nullptr;
  while (auto next = alpha().poll_express_frame().frame) deliver(*next, sides_[1]);
  ahead = alpha().poll_ahead_frame().frame;
  ASSERT_NE(ahead, nullptr);
  deliver(*ahead, sides_[1]);
  EXPECT_EQ(beta().channels().at(quiet.id)->as_of_wall_ns, 200);
  EXPECT_EQ(beta().channels().at(meta.id)->as_of_wall_ns, 0);
}

TEST_F(AsOf, BytesThatWaitForACutDoNotCountEvenBeforeTheFirstCut) {
  ChannelCore& one = alpha().open("r0");
  ChannelCore& two = alpha().open("r0");
  talk();
  alpha().join_epochs(one);
  alpha().join_epochs(two);
  write_at(one, 100);
  write_at(two, 110);
  talk();
  mark(150);
  talk();
  EXPECT_EQ(as_of(), 0);
  alpha().groups().at("g").out_epochs.add(Proof::source, 120, {{one.id, 10}, {two.id, 10}});
  talk();
  EXPECT_EQ(as_of(), 120);
  mark(200);
  talk();
  EXPECT_EQ(as_of(), 200);
}

TEST_F(AsOf, NeverGoesBack) {
  ChannelCore& first = alpha().open("r0");
  write_at(first, 500);
  talk();
  EXPECT_EQ(as_of(), 500);
  ChannelCore& second = alpha().open("r0");
  write_at(second, 600);
  talk();
  mark(550);
  talk();
  EXPECT_EQ(as_of(), 550);
  mark(540);
  talk();
  EXPECT_EQ(as_of(), 550);
}

}  // namespace
}  // namespace longthrow
