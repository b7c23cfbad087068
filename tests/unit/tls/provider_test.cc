// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Provider : public ::testing::Test {
 protected:
  PskTls keys(std::string_view name, std::string_view text) {
    return {.psk_file = files_.write(name, text)};
  }
  void configure(std::string_view alpha_keys, std::string_view beta_keys) {
    ASSERT_TRUE(alpha_.link("dr", keys("alpha.psk", alpha_keys)));
    ASSERT_TRUE(beta_.link("main", keys("beta.psk", beta_keys)));
  }
  Pair pair() { return {alpha_.client("dr"), beta_.server()}; }

  ScratchDir files_;
  TestNode alpha_;
  TestNode beta_;
};

TEST_F(Provider, ReloadLeavesEnginesInUseAndGivesNewOnesTheNewKey) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair old_pair = pair();
  ASSERT_TRUE(old_pair.shake());
  Pair started = pair();
  configure(key_line("k2", 2), key_line("k2", 2));
  EXPECT_TRUE(old_pair.passes(old_pair.client, "still here"));
  EXPECT_TRUE(started.shake());
  EXPECT_THAT(started.server.engine->peer_description(), HasSubstr("\"k1\""));
  Pair new_pair = pair();
  EXPECT_TRUE(new_pair.shake());
  EXPECT_THAT(new_pair.server.engine->peer_description(), HasSubstr("\"k2\""));
}

TEST_F(Provider, FailedReloadChangesNothing) {
  configure(key_line("k1", 1), key_line("k1", 1));
  files_.write("beta.psk", "k2:zz\n");
  const auto loaded = beta_.load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("link main"), HasSubstr("beta.psk:1:")));
  Pair pair = this->pair();
  EXPECT_TRUE(pair.shake());
}

TEST_F(Provider, ALinkWithoutItsKeysIsLeftOutUntilTheyAreThere) {
  auto provider = make_tls_provider();
  Config config;
  config.links["dr"].tls = keys("dr.psk", key_line("k1", 1));
  config.links["two"].tls = PskTls{.psk_file = files_.path("two.psk")};
  EXPECT_FALSE(provider->load(config));
  ASSERT_TRUE(provider->load_usable(config));
  EXPECT_EQ(provider->trouble("dr"), "");
  EXPECT_TRUE(provider->client("dr"));
  EXPECT_THAT(provider->trouble("two"), AllOf(HasSubstr("link two"), HasSubstr("two.psk")));
  const auto none = provider->client("two");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, provider->trouble("two"));
  const std::array<std::string, 2> both{"dr", "two"};
  EXPECT_TRUE(provider->server(both));
  EXPECT_FALSE(provider->server(std::span(both).last(1)));
  ASSERT_TRUE(provider->load_changed(config)) << "what is not changed is not looked at";
  EXPECT_NE(provider->trouble("two"), "");
  files_.write("two.psk", key_line("k2", 2));
  ASSERT_TRUE(provider->load(config));
  EXPECT_EQ(provider->trouble("two"), "");
  EXPECT_TRUE(provider->client("two"));
}

TEST_F(Provider, WithoutAnyUsableKeysNothingIsLoaded) {
  auto provider = make_tls_provider();
  Config config;
  config.links["two"].tls = PskTls{.psk_file = files_.path("two.psk")};
  EXPECT_FALSE(provider->load_usable(config));
}

TEST_F(Provider, AMissingKeyOfALinkThatDoesNotChangeIsNoReasonAgainstAChange) {
  configure(key_line("k1", 1), key_line("k1", 1));
  files_.write("beta.psk", "k2:zz\n");
  ASSERT_TRUE(beta_.load_changed());
  EXPECT_TRUE(pair().shake());
  EXPECT_FALSE(beta_.link("main", keys("other.psk", "k3:zz\n")));
}

TEST_F(Provider, RotationNeedsNoSimultaneousReload) {
  const std::string old_key = key_line("old", 1);
  const std::string new_key = key_line("new", 2);
  const std::array<std::array<std::string, 2>, 5> steps{{{old_key, old_key},
                                                         {old_key, old_key + new_key},
                                                         {new_key + old_key, old_key + new_key},
                                                         {new_key + old_key, new_key},
                                                         {new_key, new_key}}};
  for (const auto& [alpha_keys, beta_keys] : steps) {
    configure(alpha_keys, beta_keys);
    Pair pair = this->pair();
    EXPECT_TRUE(pair.shake()) << pair.server.error;
  }
}

TEST_F(Provider, OneIdentityInTwoLinksOfAPortIsAnError) {
  configure(key_line("k1", 1), key_line("k1", 1));
  const auto loaded = beta_.link("second", keys("second.psk", key_line("k1", 3)));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message,
              AllOf(HasSubstr("links main and second"), HasSubstr("the key identity \"k1\"")));
  EXPECT_TRUE(beta_.link("second", keys("second.psk", key_line("k1", 3)), 7701));
}

TEST_F(Provider, PlaintextNeedsAPortOfItsOwn) {
  configure(key_line("k1", 1), key_line("k1", 1));
  EXPECT_THAT(beta_.link("open", NoTls{}).error().message,
              HasSubstr("link open has tls = \"none\", so it needs a listen address of its own"));
  EXPECT_TRUE(beta_.link("open", NoTls{}, 7701));
  Pair pair(beta_.client("open"), beta_.client("open"));
  EXPECT_TRUE(pair.shake());
}

TEST_F(Provider, OneNameUnderOneAuthorityInTwoLinksOfAPortIsAnError) {
  Authority authority(files_, "ca");
  ASSERT_TRUE(beta_.link("one", authority.issue({.name = "b1"}, "alpha")));
  EXPECT_THAT(beta_.link("two", authority.issue({.name = "b2"}, "alpha")).error().message,
              HasSubstr("certificates of the same ca for the name \"alpha\""));
}

TEST_F(Provider, UnknownLinksAreNamed) {
  EXPECT_EQ(alpha_.client("nowhere").error().message, "link nowhere is not configured");
  EXPECT_EQ(alpha_.server().error().message, "no link listens here");
}

TEST_F(Provider, KeysDoNotExpire) {
  configure(key_line("k1", 1), key_line("k1", 1));
  EXPECT_FALSE(alpha_.certificate_ends("dr"));
  EXPECT_FALSE(alpha_.certificate_ends("nowhere"));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake());
  EXPECT_FALSE(pair.client.engine->peer_certificate_ends());
  EXPECT_FALSE(pair.server.engine->peer_certificate_ends());
}

}  // namespace
}  // namespace longthrow
