// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/packet.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/wanlink/super_packet.h"

namespace longthrow::wanlink {
namespace {

// Cuts a frame into pieces of `count` segments; the wire packets of all of them.
std::vector<Frame> wire_packets_of_pieces(const Frame& frame, std::size_t count) {
  const FrameShape shape = *inspect(frame);
  std::vector<Frame> all;
  for (std::size_t first = 0; first < shape.segments; first += count) {
    const Frame piece =
        cut(frame, shape, {.first = first, .count = std::min(count, shape.segments - first)});
    for (Frame& packet : wire_packets(piece)) all.push_back(std::move(packet));
  }
  return all;
}

class CutOf : public testing::TestWithParam<int> {
 protected:
  Frame frame_ = make_frame({.ip_version = GetParam()});
};
INSTANTIATE_TEST_SUITE_P(Ip, CutOf, testing::Values(4, 6));

TEST_P(CutOf, AnySizeGivesTheWirePacketsOfTheWhole) {
  const auto whole = wire_packets(frame_);
  ASSERT_EQ(whole.size(), 7U);
  for (std::size_t count = 1; count <= whole.size(); ++count) {
    EXPECT_EQ(wire_packets_of_pieces(frame_, count), whole) << count << " segments in a piece";
  }
}

TEST_P(CutOf, WirePacketsHaveValidChecksums) {
  for (const Frame& packet : wire_packets_of_pieces(frame_, 2)) EXPECT_TRUE(checksums_hold(packet));
}

TEST_P(CutOf, EveryFrameSizeUpToTheLargestIsRight) {
  for (std::size_t payload = 1; payload < 65000; payload += 1847) {
    const Frame frame = make_frame({.ip_version = GetParam(), .payload_bytes = payload});
    EXPECT_EQ(wire_packets_of_pieces(frame, 3), wire_packets(frame)) << payload;
  }
}

TEST_P(CutOf, TruncatedSuperPacketIsRefusedNotRead) {
  const std::size_t headers = sizeof(VnetHeader) + (GetParam() == 4 ? 20 : 40) + 32;
  for (std::size_t bytes = 0; bytes <= headers; ++bytes) {
    const Frame shorter(frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(bytes));
    EXPECT_FALSE(inspect(shorter)) << bytes;
  }
}

TEST(Cut, SingleSegmentIsNoSuperPacket) {
  const Frame frame = make_frame({});
  const Frame piece = cut(frame, *inspect(frame), {.first = 6, .count = 1});
  EXPECT_EQ(inspect(piece)->segments, 1U);
  EXPECT_EQ(piece.size(), sizeof(VnetHeader) + 52 + 10000 - 6 * 1448);
}

TEST(Cut, OnlyTheLastPieceEndsTheStream) {
  const Frame frame = make_frame({.tcp_flags = 0x19});
  const auto packets = wire_packets_of_pieces(frame, 3);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i][33], i + 1 == packets.size() ? std::byte{0x19} : std::byte{0x10});
  }
}

TEST(Inspect, AccountsForTheHeadersThatEachSegmentRepeats) {
  const Frame frame = make_frame({});
  const FrameShape shape = *inspect(frame);
  EXPECT_EQ(shape.segments, 7U);
  EXPECT_EQ(shape.ip_bytes_of(0), 1500U);
  EXPECT_EQ(shape.ip_bytes_of(6), 52U + 10000 - 6 * 1448);
}

TEST(Inspect, ForeignPacketIsOneSegment) {
  const FrameShape shape = *inspect(make_small_frame(84));
  EXPECT_EQ(shape.segments, 1U);
  EXPECT_EQ(shape.ip_bytes_of(0), 84U);
}

TEST(Inspect, HeadersThatContradictTheVnetHeaderAreRefused) {
  const auto with = [](auto change) {
    Frame frame = make_frame({});
    VnetHeader vnet;
    std::memcpy(&vnet, frame.data(), sizeof(vnet));
    change(vnet);
    std::memcpy(frame.data(), &vnet, sizeof(vnet));
    return inspect(frame).has_value();
  };
  EXPECT_TRUE(with([](VnetHeader&) {}));
  EXPECT_FALSE(with([](VnetHeader& v) { v.gso_type = kVnetGsoTcp6; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.gso_type = 3; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.segment_bytes = 0; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.checksum_start = 65535; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.checksum_start = 4; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.checksum_offset = 6; }));
  EXPECT_FALSE(with([](VnetHeader& v) { v.flags = 0; }));
}

TEST(InternetSum, FollowsTheExampleOfRfc1071) {
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(internet_sum(std::as_bytes(std::span(bytes))), 0xddf2);
  EXPECT_EQ(internet_sum(std::as_bytes(std::span(bytes).first(3))), 0xf201);
}

}  // namespace
}  // namespace longthrow::wanlink
