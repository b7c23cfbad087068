// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/stream_watch.h"

#include <gtest/gtest.h>

#include "tests/unit/drbd/packets.h"

namespace longthrow::drbd::test {
namespace {

TEST(StreamWatch, TheConnectorsFirstPacketNamesTheKind) {
  StreamWatch here(Opener::here);
  EXPECT_EQ(here.kind(), StreamKind::unknown);
  here.on_outgoing(packet80(Command::initial_meta));
  EXPECT_EQ(here.kind(), StreamKind::meta);

  StreamWatch there(Opener::peer);
  there.on_incoming(packet80(Command::initial_data));
  EXPECT_EQ(there.kind(), StreamKind::data);
}

TEST(StreamWatch, TheAcceptorsPacketsNameNothing) {
  StreamWatch watch(Opener::here);
  watch.on_incoming(packet80(Command::initial_meta));
  EXPECT_EQ(watch.kind(), StreamKind::unknown);
}

TEST(StreamWatch, AnotherProtocolIsForeign) {
  StreamWatch watch(Opener::here);
  const Bytes startup = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{8}};  // PostgreSQL
  watch.on_outgoing(startup);
  EXPECT_EQ(watch.kind(), StreamKind::foreign);
}

TEST(StreamWatch, ARealPacketThatIsNotAFirstOneIsForeign) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::ping));
  EXPECT_EQ(watch.kind(), StreamKind::foreign);
}

TEST(StreamWatch, TlsAfterTheFirstPacketKeepsTheKind) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::initial_meta));
  const Bytes client_hello = {std::byte{0x16}, std::byte{3}, std::byte{1}, std::byte{2}};
  watch.on_outgoing(client_hello);
  EXPECT_EQ(watch.kind(), StreamKind::meta);
}

TEST(StreamWatch, FeaturesBothWaysAreAHandshake) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::initial_data) + packet80(Command::connection_features, 72));
  EXPECT_FALSE(watch.handshaken());
  watch.on_incoming(packet80(Command::connection_features, 72));
  EXPECT_TRUE(watch.handshaken());
}

TEST(StreamWatch, CountsByDirection) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::initial_data) + packet100(Command::data, 0, 24 + 4096) +
                    packet100(Command::data, 1, 24 + 512));
  EXPECT_TRUE(watch.outgoing().writes_open);
  watch.on_outgoing(packet100(Command::barrier, 0, 8, 1));
  EXPECT_FALSE(watch.outgoing().writes_open);
  watch.on_incoming(packet100(Command::barrier_ack, 0, 8, 1));
  EXPECT_EQ(watch.outgoing().volumes.at(0).writes, 1U);
  EXPECT_EQ(watch.outgoing().volumes.at(0).write_bytes, 4096U);
  EXPECT_EQ(watch.outgoing().volumes.at(1).write_bytes, 512U);
  EXPECT_EQ(watch.outgoing().barriers, 1U);
  EXPECT_EQ(watch.outgoing().barrier_acks, 0U);
  EXPECT_EQ(watch.incoming().barrier_acks, 1U);
  EXPECT_EQ(watch.outgoing().packets, 4U);
}

class Disks : public ::testing::Test {
 protected:
  void shake_hands(std::uint32_t protocol_max) {
    watch_.on_outgoing(packet80(Command::initial_data) + features(protocol_max));
    watch_.on_incoming(features(protocol_max));
  }
  // role secondary, peer primary, connected, and the disks
  static Bytes state(std::uint16_t volume, DiskState disk, DiskState peers = DiskState::unknown) {
    const auto word = 2U | 1U << 2 | 10U << 4 | static_cast<std::uint32_t>(disk) << 9 |
                      static_cast<std::uint32_t>(peers) << 13;
    return packet100(Command::state, volume, 4, word);
  }
  StreamWatch watch_{Opener::here};
};

TEST_F(Disks, EachSideSaysItsOwn) {
  shake_hands(101);
  watch_.on_outgoing(state(0, DiskState::up_to_date));
  watch_.on_incoming(state(0, DiskState::inconsistent) + state(1, DiskState::outdated));
  EXPECT_EQ(watch_.disks().at(0).here, DiskState::up_to_date);
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::inconsistent);
  EXPECT_EQ(watch_.disks().at(1).here, DiskState::unknown);
  EXPECT_EQ(watch_.disks().at(1).peer, DiskState::outdated);
  watch_.on_incoming(state(0, DiskState::up_to_date));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::up_to_date);
}

TEST_F(Disks, EachSideKnowsTheOthers) {
  shake_hands(101);
  watch_.on_incoming(state(0, DiskState::inconsistent));
  watch_.on_outgoing(state(0, DiskState::up_to_date, DiskState::up_to_date));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::up_to_date);
}

// A resync of what differs after a reconnect: both disks were up to date.
TEST_F(Disks, TheSourceOfAResyncNamesItsTarget) {
  shake_hands(101);
  watch_.on_outgoing(state(0, DiskState::up_to_date, DiskState::up_to_date));
  watch_.on_outgoing(packet100(Command::sync_uuid, 0, 8));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::inconsistent);
  EXPECT_EQ(watch_.disks().at(0).here, DiskState::up_to_date);
  watch_.on_incoming(state(0, DiskState::up_to_date, DiskState::up_to_date));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::up_to_date);
  watch_.on_incoming(packet100(Command::sync_uuid, 1, 8));
  EXPECT_EQ(watch_.disks().at(1).here, DiskState::inconsistent);
}

TEST_F(Disks, TheOneThatIsAheadSaysSo) {
  shake_hands(101);
  const std::uint32_t connected = 1U | 2U << 2 | 10U << 4 | 8U << 9 | 8U << 13;
  const std::uint32_t ahead = 1U | 2U << 2 | 22U << 4 | 8U << 9 | 8U << 13;
  watch_.on_outgoing(packet100(Command::state, 0, 4, connected));
  EXPECT_FALSE(watch_.disks().at(0).here_ahead);
  watch_.on_outgoing(packet100(Command::state, 0, 4, ahead));
  EXPECT_TRUE(watch_.disks().at(0).here_ahead);
  EXPECT_FALSE(watch_.disks().at(0).peer_ahead);
  watch_.on_outgoing(packet100(Command::state, 0, 4, connected));
  EXPECT_FALSE(watch_.disks().at(0).here_ahead);
}

// Of DRBD 9, where "detaching" (2) came in between: 5 is inconsistent, 7 unknown, 9 up to date.
TEST_F(Disks, Drbd9CountsAnew) {
  shake_hands(121);
  const auto word = [](std::uint32_t disk, std::uint32_t peers) {
    return packet100(Command::state, 0, 4, 2U | 1U << 2 | 10U << 4 | disk << 9 | peers << 13);
  };
  watch_.on_outgoing(word(9, 7));
  EXPECT_EQ(watch_.disks().at(0).here, DiskState::up_to_date);
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::unknown);
  watch_.on_incoming(word(5, 9));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::inconsistent);
  watch_.on_incoming(word(2, 9));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::diskless);
  watch_.on_incoming(word(9, 9));
  EXPECT_EQ(watch_.disks().at(0).peer, DiskState::up_to_date);
}

TEST_F(Disks, ProtocolsThatAreNotKnownSayNothing) {
  shake_hands(125);
  watch_.on_incoming(state(0, DiskState::inconsistent));
  EXPECT_TRUE(watch_.disks().empty());
}

TEST_F(Disks, NothingIsSaidBeforeTheHandshake) {
  watch_.on_outgoing(packet80(Command::initial_data));
  watch_.on_incoming(state(0, DiskState::inconsistent));
  EXPECT_TRUE(watch_.disks().empty());
}

TEST(StreamWatch, ResyncIsCountedApart) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::initial_data) +
                    packet100(Command::resync_data, 0, 24 + 8192));
  EXPECT_EQ(watch.outgoing().volumes.at(0).resync_bytes, 8192U);
  EXPECT_EQ(watch.outgoing().payload_bytes(), 8192U + watch.outgoing().volumes.at(0).write_bytes);
  EXPECT_TRUE(watch.readable());
  EXPECT_EQ(watch.outgoing().volumes.at(0).writes, 0U);
}

TEST(StreamWatch, VolumesBeyondReasonAreCountedTogether) {
  StreamWatch watch(Opener::here);
  watch.on_outgoing(packet80(Command::initial_data));
  for (std::uint16_t volume = 0; volume < 1'000; ++volume)
    watch.on_outgoing(packet100(Command::data, volume, 24 + 512));
  EXPECT_LE(watch.outgoing().volumes.size(), StreamCounters::kVolumesMax + 1);
  EXPECT_EQ(watch.outgoing().volumes.at(kNoVolume).writes, 1'000U - StreamCounters::kVolumesMax);
}

}  // namespace
}  // namespace longthrow::drbd::test
