// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/command.h"

#include <gtest/gtest.h>

namespace longthrow::proxy_ctl {
namespace {

using Lines = std::vector<std::string>;

template <typename T>
T change(std::string_view text) {
  auto command = parse_command(text);
  EXPECT_TRUE(command.has_value()) << text << ": " << command.error().message;
  return std::get<T>(std::get<Change>(command->what).what);
}

std::string error(std::string_view text) {
  const auto command = parse_command(text);
  return command ? "" : command.error().message;
}

TEST(Arguments, FollowEachMinusC) {
  EXPECT_EQ(*split_arguments({"-c", "show hconnections", "-c", "show memusage"}),
            (Lines{"show hconnections", "show memusage"}));
}
TEST(Arguments, LackAMinusCBeforeTheEndOfDrbdUtils922) {
  EXPECT_EQ(*split_arguments({"-c", "set plugin n 0 zstd level 4", "set plugin n 1 END"}),
            (Lines{"set plugin n 0 zstd level 4", "set plugin n 1 END"}));
}
TEST(Arguments, MayBeTheWordsOfOneCommand) {
  EXPECT_EQ(*split_arguments({"show", "memusage"}), Lines{"show memusage"});
  EXPECT_EQ(*split_arguments({"-c", "show", "memusage"}), Lines{"show memusage"});
  EXPECT_EQ(*split_arguments({"-c", "show", "-c", "version"}), (Lines{"show", "version"}));
}
TEST(Arguments, EndWithACommand) { EXPECT_FALSE(split_arguments({"show", "-c"}).has_value()); }

TEST(Add, TakesDrbdadmsOrderOfAddresses) {
  const auto add = change<AddConnection>(
      "add connection r0-bob-alice 127.0.0.1:7788 192.168.23.2:7789 192.168.23.1:7790 "
      "10.0.0.1:7791");
  EXPECT_EQ(add.name, "r0-bob-alice");
  EXPECT_EQ(to_string(add.connection.inside), "127.0.0.1:7788");
  EXPECT_EQ(to_string(add.connection.peer_outside), "192.168.23.2:7789");
  EXPECT_EQ(to_string(add.connection.outside), "192.168.23.1:7790");
  EXPECT_EQ(to_string(add.connection.drbd), "10.0.0.1:7791");
}
TEST(Add, TakesIpv6WithoutBrackets) {
  const auto add =
      change<AddConnection>("add connection n ::1:7788 fd00::2:7788 [fd00::1]:7788 ::1:7789");
  EXPECT_EQ(to_string(add.connection.inside), "[::1]:7788");
  EXPECT_EQ(to_string(add.connection.peer_outside), "[fd00::2]:7788");
  EXPECT_EQ(to_string(add.connection.outside), "[fd00::1]:7788");
  EXPECT_EQ(to_string(add.connection.drbd), "[::1]:7789");
}
TEST(Add, TakesTheOptionsOfDrbdUtils930) {
  const std::string text =
      "add connection n 127.0.0.1:1 127.0.0.2:2 127.0.0.3:3 127.0.0.4:4 --ping-timeout=100 "
      "--rcvbuf-size=1M --bwlimit=100000 --read-loops=3 --memlimit=128M --new-thing=1 garbage";
  const auto command = parse_command(text);
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->notes.size(), 5U);
  const auto add = change<AddConnection>(text);
  EXPECT_EQ(add.connection.memlimit, 128 * kMiB);
  EXPECT_EQ(add.connection.bandwidth_bytes_s, 100000U);
}
TEST(Add, SaysWhatIsWrong) {
  EXPECT_NE(error("add connection n 127.0.0.1:1").find("INSIDE PEER-OUTSIDE"), std::string::npos);
  EXPECT_NE(
      error("add connection n 127.0.0.1 127.0.0.2:2 127.0.0.3:3 127.0.0.4:4").find("127.0.0.1:"),
      std::string::npos);
  EXPECT_NE(error("add connection n 127.0.0.1:1 127.0.0.2:2 127.0.0.3:3 127.0.0.4:4 --memlimit=x"),
            "");
}

TEST(Set, TakesEverySettingOfDrbdadm) {
  EXPECT_EQ(change<SetConnection>("set memlimit n 128M").memlimit, 128 * kMiB);
  EXPECT_EQ(change<SetConnection>("set memlimit n 134217728").memlimit, 128 * kMiB);
  EXPECT_EQ(change<SetConnection>("set bwlimit n 0").bandwidth_bytes_s, 0U);
  EXPECT_EQ(change<SetConnection>("set bwlimit n 4M").bandwidth_bytes_s, 4 * kMiB);
  EXPECT_EQ(change<SetConnection>("set bwlimit n 100mbit").bandwidth_bytes_s, 12'500'000U);
  EXPECT_NE(error("set bwlimit n 100Mbps").find("\"100mbit\" (bits) or \"100MB/s\""),
            std::string::npos);
  for (const char* unused : {"read-loops", "sndbuf-size", "rcvbuf-size", "ping-timeout",
                             "compression", "something-new"}) {
    const auto command = parse_command(std::string("set ") + unused + " n 1");
    ASSERT_TRUE(command.has_value()) << unused;
    EXPECT_TRUE(std::holds_alternative<Ignored>(command->what));
    EXPECT_EQ(command->notes.size(), 1U);
  }
  EXPECT_TRUE(parse_command("set loglevel debug").has_value());
}
TEST(Set, PluginsKeepTheirWords) {
  const auto set = change<SetPlugin>("set plugin n 1  lzma  contexts 4 'level' 9");
  EXPECT_EQ(set.index, 1U);
  EXPECT_EQ(set.plugin, "lzma contexts 4 level 9");
  for (const char* end : {"set plugin n 2 END", "set plugin n 2 end"}) {
    EXPECT_FALSE(change<SetPlugin>(end).plugin.has_value());
  }
  EXPECT_NE(error("set plugin n first lz4").find("index"), std::string::npos);
  EXPECT_NE(error("set plugin n 0"), "");
}

TEST(Commands, ThatAreNotThereAreSaid) {
  EXPECT_NE(error("frobnicate").find("--help"), std::string::npos);
  EXPECT_NE(error("show me"), "");
  EXPECT_NE(error("del r0"), "");
  EXPECT_NE(error("set"), "");
  EXPECT_NE(error("del connection \"r0"), "");
  EXPECT_EQ(error(""), "");
}
TEST(Commands, OfAllVersionsAreKnown) {
  for (const char* text :
       {"show", "show connections", "list hconnections", "show hsubconnections", "show memusage",
        "show proxy-settings n", "show avail-plugins", "print statistics", "print details",
        "version", "help", "shutdown", "quit", "exit", "del connection n"}) {
    EXPECT_EQ(error(text), "") << text;
  }
}

}  // namespace
}  // namespace longthrow::proxy_ctl
