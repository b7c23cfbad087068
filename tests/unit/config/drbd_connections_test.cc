// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/drbd_connections.h"

#include <gtest/gtest.h>

#include "proxy/config/load.h"

namespace longthrow {
namespace {

Endpoint at(std::string_view text) { return *parse_endpoint(text); }

DrbdConnection connection(int port = 7001) {
  const std::string suffix = ":" + std::to_string(port);
  return {.inside = at("127.0.0.2" + suffix),
          .peer_outside = at("10.43.0.3" + suffix),
          .outside = at("10.43.0.1" + suffix),
          .drbd = at("127.0.0.1" + suffix)};
}

Config files(const std::string& text) {
  const auto loaded = parse_config({{"/etc/main.toml", text}}, "alpha");
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : to_string(loaded.error().front()));
  return loaded ? loaded->config : Config{};
}

constexpr const char* kProxy = "[drbd-proxy]\ntls = { psk_file = \"/etc/drbd.psk\" }\n";

std::string error_of(const Config& config, const DrbdConnections& connections) {
  const auto made = with_connections(config, connections);
  return made ? "" : made.error().message;
}

// --- the commands

class Changes : public ::testing::Test {
 protected:
  std::string change(const ConnectionChange& what) {
    auto next = changed(all_, what);
    if (!next) return next.error().message;
    all_ = std::move(*next);
    return "";
  }
  DrbdConnections all_;
};

TEST_F(Changes, WhatIsThereAlreadyIsAddedAgainWithoutHarm) {
  EXPECT_EQ(change(AddConnection{"r0-b-a", connection()}), "");
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 0, "lz4"}), "");
  DrbdConnection again = connection();
  again.memlimit = 64 * kMiB;
  EXPECT_EQ(change(AddConnection{"r0-b-a", again}), "");
  EXPECT_EQ(all_.at("r0-b-a").memlimit, 64 * kMiB);
  EXPECT_EQ(all_.at("r0-b-a").plugins.size(), 1U);
}

TEST_F(Changes, OneNameForOtherAddressesIsRefused) {
  EXPECT_EQ(change(AddConnection{"r0-b-a", connection()}), "");
  EXPECT_NE(change(AddConnection{"r0-b-a", connection(7002)}).find("10.43.0.1:7001"),
            std::string::npos);
  EXPECT_EQ(all_.at("r0-b-a"), connection());
}

TEST_F(Changes, DeletingWhatIsNotThereIsDone) {
  EXPECT_EQ(change(DeleteConnection{"nobody"}), "");
  EXPECT_NE(change(SetConnection{"nobody", kGiB, {}}), "");
}

TEST_F(Changes, PluginsAreAListThatAnEndCuts) {
  EXPECT_EQ(change(AddConnection{"r0-b-a", connection()}), "");
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 0, "lzma contexts 4 level 9"}), "");
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 1, "zstd level 4"}), "");
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 2, std::nullopt}), "");
  EXPECT_EQ(all_.at("r0-b-a").plugins.size(), 2U);
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 0, "lz4"}), "");
  EXPECT_EQ(change(SetPlugin{"r0-b-a", 1, std::nullopt}), "");
  EXPECT_EQ(all_.at("r0-b-a").plugins, std::vector<std::string>{"lz4"});
  EXPECT_NE(change(SetPlugin{"r0-b-a", 0, "rot13"}).find("zstd"), std::string::npos);
  EXPECT_EQ(all_.at("r0-b-a").plugins, std::vector<std::string>{"lz4"}) << "nothing has changed";
}

TEST_F(Changes, NamesAndNumbersAreBounded) {
  EXPECT_EQ(change(AddConnection{std::string(200, 'x'), connection()}), "");
  EXPECT_NE(change(AddConnection{std::string(201, 'x'), connection()}), "");
  EXPECT_NE(change(AddConnection{"a b", connection()}), "");
  EXPECT_NE(change(AddConnection{"", connection()}), "");
  for (std::size_t i = 0; i < kPluginsMax; ++i) change(SetPlugin{std::string(200, 'x'), i, "lz4"});
  EXPECT_NE(change(SetPlugin{std::string(200, 'x'), 99, "lz4"}), "");
}

// --- compression

TEST(Plugins, BecomeOurCodecs) {
  const auto text = [](std::vector<std::string> plugins) {
    return to_string(*compression_of(plugins));
  };
  EXPECT_EQ(text({}), "auto");
  EXPECT_EQ(text({"zstd level 7"}), "zstd:7");
  EXPECT_EQ(text({"zstd levels 7"}), "zstd:7") << "as LINBIT's own tests write it";
  EXPECT_EQ(text({"zstd"}), "zstd:3");
  EXPECT_EQ(text({"zstd level 22"}), "zstd:19");
  EXPECT_EQ(text({"zlib level 9"}), "zstd:9");
  EXPECT_EQ(text({"lzma contexts 4 level 9"}), "zstd:18");
  EXPECT_EQ(text({"lz4"}), "lz4");
  EXPECT_EQ(text({"noop"}), "none");
  EXPECT_EQ(text({"zstd level 12", "zlib level 3"}), "zstd:12") << "the resource's, then common's";
  EXPECT_EQ(text({"lz4", "zstd level 19"}), "lz4") << "also where common's is the stronger";
  EXPECT_EQ(text({"noop", "zlib level 9"}), "none");
  EXPECT_EQ(text({"debug", "zstd level 4"}), "zstd:4");
  EXPECT_FALSE(compression_of({"lz4", "gzip"}).has_value());
  EXPECT_FALSE(compression_of({"gzip"}).has_value());
}

// --- the configuration that they become

TEST(Connections, HaveALinkAndARouteOfTheirOwn) {
  DrbdConnection wanted = connection();
  wanted.memlimit = 256 * kMiB;
  wanted.plugins = {"lz4"};
  const auto config = with_connections(files(kProxy), {{"r0-b-a", wanted}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const LinkConfig& link = config->links.at("r0-b-a");
  EXPECT_EQ(link.listen, wanted.outside);
  EXPECT_EQ(to_string(link.connect.at(0)), "10.43.0.3:7001");
  EXPECT_EQ(link.memlimit, 256 * kMiB);
  EXPECT_EQ(to_string(link.compression), "lz4");
  EXPECT_EQ(link.tls, TlsConfig(PskTls{"/etc/drbd.psk"}));
  EXPECT_EQ(link.session_timeout, std::chrono::hours(1)) << "all else has its default";
  const RouteConfig& route = config->routes.at("r0-b-a");
  EXPECT_EQ(route.listen, wanted.inside);
  EXPECT_EQ(to_string(*route.target), "127.0.0.1:7001");
  EXPECT_EQ(route.protocol, RouteProtocol::drbd);
  EXPECT_EQ(route.wire_name, "drbd");
  EXPECT_TRUE(config->groups.contains("r0-b-a"));
}

TEST(Connections, WithoutAKeyAreRefusedWithTheLinesToWrite) {
  const std::string error =
      error_of(files("[link.x]\nlisten = \"10.0.0.1:1\"\ntls = { psk_file = \"/x\" }\n"),
               {{"r0-b-a", connection()}});
  EXPECT_NE(error.find("[drbd-proxy]"), std::string::npos) << error;
  EXPECT_NE(error.find("genkey"), std::string::npos) << error;
}

TEST(Connections, FiftyAtOnceFitBesideEachOther) {
  DrbdConnections many;
  for (int i = 0; i < 50; ++i) many.emplace("r" + std::to_string(i), connection(7001 + i));
  const auto config = with_connections(files(kProxy), many);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->links.size(), 50U);
}

TEST(Connections, OfOnePortAreRefused) {
  DrbdConnection other = connection(7002);
  other.inside = connection().inside;
  std::string error = error_of(files(kProxy), {{"one", connection()}, {"two", other}});
  EXPECT_NE(error.find("127.0.0.2:7001 is taken"), std::string::npos) << error;
  other = connection(7002);
  other.outside = connection().outside;
  error = error_of(files(kProxy), {{"one", connection()}, {"two", other}});
  EXPECT_NE(error.find("10.43.0.1:7001"), std::string::npos) << error;
}

TEST(Connections, OfAMemlimitThatCannotBeAreRefused) {
  DrbdConnection wanted = connection();
  wanted.memlimit = kMiB;
  EXPECT_NE(error_of(files(kProxy), {{"r0", wanted}}).find("16MiB"), std::string::npos);
}

constexpr const char* kShared =
    "[link.dr]\nlisten = \"10.43.0.1:7700\"\nconnect = \"10.43.0.3:7700\"\n"
    "tls = { psk_file = \"/dr\" }\n"
    "[drbd-proxy]\nlink = \"dr\"\ntls = { psk_file = \"/etc/drbd.psk\" }\n";

TEST(Connections, BetweenTheHostsOfASharedLinkGoThere) {
  const Config here = files(kShared);
  const auto config =
      with_connections(here, {{"r0-b-a", connection(7001)}, {"r1-b-a", connection(7002)}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->links.size(), 1U);
  EXPECT_EQ(config->routes.at("r0-b-a").link, "dr");
  EXPECT_NE(config->routes.at("r0-b-a").wire_name, config->routes.at("r1-b-a").wire_name);
  DrbdConnection elsewhere = connection(7003);
  elsewhere.peer_outside = at("10.99.0.9:7003");
  EXPECT_EQ(place_of(here, "x", elsewhere).kind, ConnectionPlace::Kind::own);
}

TEST(Connections, OfASharedLinkHaveOneNameAtBothEnds) {
  const auto wire_name = [](const DrbdConnection& of, const std::string& text) {
    return with_connections(files(text), {{"any", of}})->routes.at("any").wire_name;
  };
  DrbdConnection there = connection();
  std::swap(there.outside, there.peer_outside);
  there.inside = at("127.0.0.5:9000");
  const std::string other_side =
      "[link.dr]\nconnect = \"10.43.0.1:7700\"\ntls = { psk_file = \"/dr\" }\n"
      "[drbd-proxy]\nlink = \"dr\"\n";
  EXPECT_EQ(wire_name(connection(), kShared), wire_name(there, other_side));
}

TEST(Connections, WithTheAddressesOfARouteAdoptIt) {
  const Config config = files(
      "[link.dr]\nlisten = \"10.43.0.1:7001\"\nconnect = [\"dr:1\", \"10.43.0.3:7001\"]\n"
      "tls = { psk_file = \"/dr\" }\n"
      "[route.r0]\nlink = \"dr\"\nlisten = \"127.0.0.2:7001\"\ntarget = \"127.0.0.1:7001\"\n"
      "protocol = \"drbd\"\n");
  const ConnectionPlace place = place_of(config, "r0-b-a", connection());
  EXPECT_EQ(place.kind, ConnectionPlace::Kind::adopted);
  EXPECT_EQ(place.route, "r0");
  const auto running = with_connections(config, {{"r0-b-a", connection()}});
  ASSERT_TRUE(running.has_value()) << running.error().message;
  EXPECT_EQ(running->routes.size(), 1U);
  EXPECT_NE(error_of(config, {{"r0-b-a", connection(7002)}}), "") << "that one needs a key";
}

TEST(Connections, DoNotTakeANameOfTheConfiguration) {
  const std::string text =
      std::string("[link.r0]\nlisten = \"10.43.0.1:7700\"\ntls = { psk_file = \"/dr\" }\n") +
      kProxy;
  EXPECT_NE(error_of(files(text), {{"r0", connection()}}).find("\"r0\" is the name"),
            std::string::npos);
}

}  // namespace
}  // namespace longthrow
