// SPDX-License-Identifier: Apache-2.0
// The simulated DRBD's packets, and its judge: what must be found is found.
#include <gtest/gtest.h>

#include "tests/sim/drbd_packets.h"
#include "tests/sim/drbd_role.h"

namespace longthrow::sim {
namespace {

class DrbdTruthTest : public ::testing::Test {
 protected:
  void arrives(DrbdWrite write, DrbdTruth::How how = DrbdTruth::How::mirrored) {
    std::vector<std::byte> content(DrbdTruth::kBlockBytes);
    DrbdTruth::fill(write, content);
    truth.apply(truth.block_of(write), write, content, how);
  }
  bool found(const std::string& words) {
    return !truth.violations().empty() &&
           truth.violations().back().find(words) != std::string::npos;
  }
  DrbdTruth truth{4};
};

TEST_F(DrbdTruthTest, EachMomentOfThePrimaryIsAPrefix) {
  for (const DrbdBlock block : {0U, 1U, 0U, 2U}) truth.write(block);
  EXPECT_EQ(truth.prefix(), 0U);
  for (DrbdWrite write = 1; write <= 4; ++write) {
    arrives(write);
    EXPECT_EQ(truth.prefix(), write);
  }
  EXPECT_TRUE(truth.violations().empty());
}

TEST_F(DrbdTruthTest, AWriteThatIsLeftOutIsFound) {
  for (const DrbdBlock block : {0U, 1U, 2U}) truth.write(block);
  arrives(1);
  arrives(3);
  EXPECT_EQ(truth.prefix(), std::nullopt);
  truth.judge_prefix("now");
  EXPECT_TRUE(found("no moment"));
}

TEST_F(DrbdTruthTest, OrderDamageAndPlaceAreJudged) {
  truth.write(0);
  truth.write(0);
  arrives(2);
  arrives(1);
  EXPECT_TRUE(found("has come after"));
  std::vector<std::byte> content(DrbdTruth::kBlockBytes);
  truth.apply(0, 2, content, DrbdTruth::How::resynced);
  EXPECT_TRUE(found("damaged"));
  truth.apply(1, 2, content, DrbdTruth::How::resynced);
  EXPECT_TRUE(found("does not belong"));
}

TEST_F(DrbdTruthTest, AnAcknowledgementAheadOfTheDiskIsFound) {
  truth.write(3);
  truth.judge_told(1, "somebody");
  EXPECT_TRUE(found("somebody says that write 1 is on the peer's disk"));
}

TEST(DrbdPackets, AreReadFromAnyPieces) {
  for (const DrbdHeader header : {DrbdHeader::of_8_bytes, DrbdHeader::of_16_bytes}) {
    const auto first = encode_drbd(header, DrbdCommand::barrier, DrbdPayload().u32(7).u32(0));
    auto bytes = encode_drbd(header, DrbdCommand::ping);
    bytes.insert(bytes.begin(), first.begin(), first.end());
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      DrbdReader reader;
      reader.add(ByteView(bytes).first(cut));
      std::vector<DrbdPacket> packets;
      for (int part = 0; part < 2; ++part) {
        while (auto packet = reader.next(header)) packets.push_back(*packet);
        if (part == 0) reader.add(ByteView(bytes).subspan(cut));
      }
      ASSERT_EQ(packets.size(), 2U) << cut;
      EXPECT_EQ(packets[0].u32(0), 7U);
      EXPECT_EQ(packets[1].command, DrbdCommand::ping);
      EXPECT_TRUE(reader.empty() && !reader.broken());
    }
  }
}

TEST(DrbdPackets, OfAnotherKindBreakTheReader) {
  DrbdReader reader;
  reader.add(encode_drbd(DrbdHeader::of_8_bytes, DrbdCommand::features, DrbdPayload().zeros(72)));
  EXPECT_FALSE(reader.next(DrbdHeader::of_16_bytes).has_value());
  EXPECT_TRUE(reader.broken());
}

TEST(DrbdPackets, BitmapsCarryTheirBlocks) {
  const std::set<DrbdBlock> blocks{0, 7, 8, 100};
  const DrbdPayload payload = encode_bitmap(blocks, 101);
  std::set<DrbdBlock> read;
  decode_bitmap(
      {.command = DrbdCommand::bitmap, .payload = {payload.bytes().begin(), payload.bytes().end()}},
      read);
  EXPECT_EQ(read, blocks);
}

}  // namespace
}  // namespace longthrow::sim
