// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/packet_scanner.h"

#include <gtest/gtest.h>

#include "tests/unit/drbd/packets.h"

namespace longthrow::drbd::test {
namespace {

class Scanner : public ::testing::Test {
 protected:
  void feed(const Bytes& bytes, std::size_t piece = 1 << 20) {
    ByteView left(bytes);
    while (!left.empty()) {
      const std::size_t taken = std::min(piece, left.size());
      scanner_.scan(left.first(taken), [&](const Packet& packet) { seen_.push_back(packet); });
      left = left.subspan(taken);
    }
  }
  PacketScanner scanner_;
  std::vector<Packet> seen_;
};

// What a DRBD 8.4 data stream begins with, then a write, a long packet, a barrier.
Bytes stream() {
  return packet80(Command::initial_data) + packet80(Command::connection_features, 72) +
         packet100(Command::data, 1, 24 + 4096) + packet95(Command::data, 70'000) +
         packet100(Command::barrier, kNoVolume, 8, 0xabcd1234);
}

void expect_stream(const std::vector<Packet>& seen) {
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen[0].command, Command::initial_data);
  EXPECT_EQ(seen[0].volume, kNoVolume);
  EXPECT_EQ(seen[1].command, Command::connection_features);
  EXPECT_EQ(seen[1].payload_bytes, 72U);
  EXPECT_EQ(seen[2].command, Command::data);
  EXPECT_EQ(seen[2].volume, 1U);
  EXPECT_EQ(seen[3].payload_bytes, 70'000U);
  EXPECT_EQ(seen[4].command, Command::barrier);
  EXPECT_EQ(seen[4].words[0], 0xabcd1234U);
}

TEST_F(Scanner, FindsAllThreeHeaders) {
  feed(stream());
  expect_stream(seen_);
  EXPECT_TRUE(scanner_.at_boundary());
}

TEST_F(Scanner, AnyPiecesGiveTheSame) {
  for (const std::size_t piece : {1, 2, 3, 7, 8, 15, 16, 17, 4095}) {
    scanner_ = {};
    seen_.clear();
    feed(stream(), piece);
    expect_stream(seen_);
  }
}

TEST_F(Scanner, EveryTruncationSaysNothingFalse) {
  const Bytes whole = packet100(Command::barrier_ack, kNoVolume, 8, 77);
  for (std::size_t size = 0; size < 20; ++size) {
    scanner_ = {};
    seen_.clear();
    feed(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_TRUE(seen_.empty()) << size;
    EXPECT_FALSE(scanner_.opaque());
    EXPECT_EQ(scanner_.at_boundary(), size == 0);
  }
}

TEST_F(Scanner, ABarrierWithoutRoomForAHandleHasNone) {
  feed(packet100(Command::barrier, 0, 0) + packet80(Command::ping));
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].words[0], 0U);
  EXPECT_EQ(seen_[1].command, Command::ping);
}

TEST_F(Scanner, AnUnknownMagicMakesItOpaqueForGood) {
  feed(packet80(Command::initial_meta));
  feed({std::byte{0x16}, std::byte{0x03}, std::byte{0x01}, std::byte{0x02}, std::byte{0x00}});
  EXPECT_TRUE(scanner_.opaque());
  feed(packet80(Command::ping));
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(Scanner, APadThatIsNotZeroIsNoHeader) {
  feed(packet100(Command::data, 0, 24, 0, 1));
  EXPECT_TRUE(scanner_.opaque());
  EXPECT_TRUE(seen_.empty());
}

TEST_F(Scanner, ALengthBeyondReasonIsNoHeader) {
  Bytes header = packet95(Command::data, 0);
  header.resize(4);
  put(header, PacketScanner::kPayloadBytesMax + 1, 4);
  feed(header);
  EXPECT_TRUE(scanner_.opaque());
}

TEST_F(Scanner, NoInputBreaksIt) {
  std::uint32_t state = 1;
  for (int run = 0; run < 2'000; ++run) {
    scanner_ = {};
    Bytes junk = run % 2 == 0 ? stream() : Bytes(200);
    for (int flips = 0; flips < 4; ++flips) {
      state = state * 1664525 + 1013904223;
      junk[(state >> 8) % 200] = static_cast<std::byte>(state >> 24);
    }
    feed(junk, 1 + (state >> 16) % 40);
  }
  SUCCEED();  // the sanitizers are the judges
}

}  // namespace
}  // namespace longthrow::drbd::test
