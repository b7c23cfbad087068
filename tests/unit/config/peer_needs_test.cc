// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/peer_needs.h"

#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

using Lines = std::vector<std::string>;
using PeerNeeds = ConfigCase;
const std::string kPsk = "tls = { psk_file = \"/k\" }\n";

TEST_F(PeerNeeds, ASideThatOnlyListensMustBeDialled) {
  text("[link.dr]\nlisten = \"192.0.2.1:7700\"\n" + kPsk +
       "[route.wal]\nlink = \"dr\"\ntarget = \"127.0.0.1:5432\"\n");
  EXPECT_EQ(peer_needs(good().config),
            (Lines{"link dr: the peer must dial, this side only listens: its link needs "
                   "connect, to here (port 7700)",
                   "route wal: the peer's [route.wal] needs listen"}));
}
TEST_F(PeerNeeds, ASideThatOnlyDialsMustFindAListener) {
  text("[link.dr]\nconnect = \"192.0.2.1:7701\"\n" + kPsk +
       "[route.wal]\nlink = \"dr\"\nlisten = \"127.0.0.1:5433\"\n");
  EXPECT_EQ(peer_needs(good().config),
            (Lines{"link dr: the peer must listen, this side only dials: its link needs "
                   "listen (port 7701)",
                   "route wal: the peer's [route.wal] needs target"}));
}
TEST_F(PeerNeeds, WhatHasBothEndsAsksForNothing) {
  text("[link.dr]\nlisten = \"192.0.2.1:7700\"\nconnect = \"192.0.2.2:7700\"\n" + kPsk +
       "[route.wal]\nlink = \"dr\"\nlisten = \"127.0.0.1:5433\"\ntarget = \"127.0.0.1:5432\"\n");
  EXPECT_EQ(peer_needs(good().config), Lines{});
}

}  // namespace
}  // namespace longthrow
