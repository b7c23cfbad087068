// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/crowd.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace longthrow {
namespace {

Origin from(const std::string& address) {
  return origin_of(parse_endpoint(address + ":1").value());
}

const Origin kFlood = from("192.0.2.1");
const Origin kPeer = from("192.0.2.2");

TEST(Crowd, AnOriginIsAnIpv4AddressOrTheNetworkOfAnIpv6Host) {
  EXPECT_EQ(from("192.0.2.1"), origin_of(parse_endpoint("192.0.2.1:99").value()));
  EXPECT_NE(from("192.0.2.1"), from("192.0.2.2"));
  EXPECT_EQ(from("[2001:db8::1]"), from("[2001:db8::ffff:1]"));
  EXPECT_NE(from("[2001:db8::1]"), from("[2001:db8:0:1::1]"));
  EXPECT_NE(from("[::]"), from("0.0.0.0"));
}

TEST(Crowd, AFloodOfOneOriginTurnsOutItsOwn) {
  std::vector<Origin> waiting{kPeer};
  for (int i = 0; i < 100; ++i) waiting.push_back(kFlood);
  EXPECT_EQ(choose_evicted(waiting, kFlood, {}), 1U) << "the oldest of the flood, not the peer";
  EXPECT_EQ(choose_evicted(waiting, kPeer, {}), 1U);
}

TEST(Crowd, TheNewcomerCountsForItsOrigin) {
  const std::vector<Origin> waiting{kPeer, kPeer, kFlood, kFlood};
  EXPECT_EQ(choose_evicted(waiting, kFlood, {}), 2U);
  EXPECT_EQ(choose_evicted(waiting, kPeer, {}), 0U);
}

TEST(Crowd, WhoHasProvenWhoItIsStaysAmongManyStrangers) {
  std::vector<Origin> waiting{kPeer};
  for (int i = 1; i < 200; ++i) waiting.push_back(from("198.51.100." + std::to_string(i)));
  KnownOrigins known;
  EXPECT_EQ(choose_evicted(waiting, kFlood, known), 0U) << "one of many, and the oldest";
  known.note(kPeer);
  EXPECT_EQ(choose_evicted(waiting, kFlood, known), 1U);
}

TEST(Crowd, AKnownOriginIsSparedOnlyInItsShare) {
  KnownOrigins known;
  known.note(kPeer);
  std::vector<Origin> waiting(kKnownShare + 1, kPeer);
  waiting.push_back(kFlood);
  EXPECT_EQ(choose_evicted(waiting, kFlood, known), 0U);
  waiting.assign(3, kPeer);
  EXPECT_EQ(choose_evicted(waiting, kPeer, known), 0U) << "there are no others";
}

TEST(Crowd, OnlyTheLatestOriginsAreKnown) {
  KnownOrigins known;
  known.note(kPeer);
  for (std::size_t i = 1; i < KnownOrigins::kMax; ++i)
    known.note(from("10.0.0." + std::to_string(i)));
  EXPECT_TRUE(known.contains(kPeer));
  known.note(kPeer);
  known.note(kFlood);
  EXPECT_TRUE(known.contains(kPeer)) << "seen again";
  EXPECT_FALSE(known.contains(from("10.0.0.1")));
}

}  // namespace
}  // namespace longthrow
