// SPDX-License-Identifier: Apache-2.0
// What happens on a connection that is up: data, key updates, ends, damage, floods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::HasSubstr;

std::string random_text(std::size_t bytes) {
  std::mt19937_64 random(bytes);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class Records : public ::testing::Test {
 protected:
  explicit Records(std::uint64_t key_update_bytes = 64 * kGiB)
      : alpha_(key_update_bytes), beta_(key_update_bytes) {
    const PskTls tls{.psk_file = files_.write("a.psk", key_line("k", 1))};
    EXPECT_TRUE(alpha_.link("dr", tls));
    EXPECT_TRUE(beta_.link("main", tls));
    pair_.emplace(alpha_.client("dr"), beta_.server());
    EXPECT_TRUE(pair_->shake());
  }
  // What `text` becomes on the wire.
  std::vector<std::byte> sealed(std::string_view text) {
    EXPECT_TRUE(pair_->client.engine->seal(bytes_of(text), pair_->client.out));
    auto cipher = copy_of(pair_->client.out.view());
    pair_->client.out.clear();
    return cipher;
  }

  ScratchDir files_;
  TestNode alpha_;
  TestNode beta_;
  std::optional<Pair> pair_;
};

TEST_F(Records, TenMebibytesPassBothWays) {
  const std::string text = random_text(10 * kMiB);
  EXPECT_TRUE(pair_->passes(pair_->client, text));
  EXPECT_TRUE(pair_->passes(pair_->server, text));
}

TEST_F(Records, SmallPiecesAndSmallRoomPass) {
  pair_->piece_bytes = 7;
  EXPECT_TRUE(pair_->passes(pair_->client, random_text(100'000)));
}

TEST_F(Records, OpenStopsWhenThePlaintextIsFullAndGoesOn) {
  const auto cipher = sealed("hello world");
  std::array<std::byte, 5> room{};
  TlsEngine& engine = *pair_->server.engine;
  const auto first = engine.open(cipher, room, pair_->server.out);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->produced_bytes, 5U);
  EXPECT_EQ(first->consumed_bytes, cipher.size());
  EXPECT_EQ(engine.open({}, room, pair_->server.out)->produced_bytes, 5U);
  EXPECT_EQ(engine.open({}, room, pair_->server.out)->produced_bytes, 1U);
  EXPECT_EQ(engine.open({}, room, pair_->server.out)->produced_bytes, 0U);
}

TEST_F(Records, SealingNothingSendsNothing) { EXPECT_EQ(sealed("").size(), 0U); }

TEST_F(Records, BindingIsEqualAtBothEndsForEqualContextsOnly) {
  const auto mine = pair_->client.engine->binding(bytes_of("context"));
  ASSERT_TRUE(mine);
  EXPECT_EQ(*mine, *pair_->server.engine->binding(bytes_of("context")));
  EXPECT_NE(*mine, *pair_->server.engine->binding(bytes_of("contexT")));
  EXPECT_NE(*mine, *pair_->server.engine->binding({}));
}

TEST_F(Records, BindingDiffersBetweenConnections) {
  Pair other(alpha_.client("dr"), beta_.server());
  ASSERT_TRUE(other.shake());
  EXPECT_NE(*pair_->client.engine->binding({}), *other.client.engine->binding({}));
}

TEST_F(Records, EveryFlippedBitIsAnError) {
  const auto cipher = sealed("x");
  for (std::size_t at = 0; at < cipher.size(); ++at) {
    Pair other(alpha_.client("dr"), beta_.server());
    ASSERT_TRUE(other.shake());
    ASSERT_TRUE(other.client.engine->seal(bytes_of("x"), other.client.out));
    auto damaged = copy_of(other.client.out.view());
    damaged[at] ^= std::byte{0x01};
    damaged.resize(damaged.size() + 300);  // in case the length has grown
    other.feed(other.server, damaged);
    EXPECT_NE(other.server.error, "") << at;
    EXPECT_EQ(other.server.received, "") << at;
  }
}

TEST_F(Records, DamageIsNamedOnBothSides) {
  auto cipher = sealed("hello");
  cipher.back() ^= std::byte{0x80};
  pair_->feed(pair_->server, cipher);
  EXPECT_THAT(pair_->server.error, HasSubstr("fails its integrity check"));
  EXPECT_FALSE(pair_->server.engine->seal(bytes_of("x"), pair_->server.out));
  pair_->shuttle();
  EXPECT_THAT(pair_->client.error, HasSubstr("the peer could not verify what we sent"));
}

TEST_F(Records, RepeatedRecordIsAnError) {
  const auto cipher = sealed("hello");
  pair_->feed(pair_->server, cipher);
  EXPECT_EQ(pair_->server.error, "");
  pair_->feed(pair_->server, cipher);
  EXPECT_THAT(pair_->server.error, HasSubstr("fails its integrity check"));
}

TEST_F(Records, CloseNotifyIsClosedByPeerAfterTheData) {
  const auto cipher = sealed("last words");
  pair_->client.out.append(cipher);
  pair_->client.engine->finish(pair_->client.out);
  pair_->shuttle();
  EXPECT_EQ(pair_->server.received, "last words");
  EXPECT_EQ(pair_->server.code, ErrorCode::peer_closed);
}

TEST_F(Records, FinishBeforeTheHandshakeIsHarmless) {
  Pair other(alpha_.client("dr"), beta_.server());
  other.client.engine->finish(other.client.out);
  EXPECT_EQ(other.client.out.size(), 0U);
}

class KeyUpdates : public Records {
 protected:
  KeyUpdates() : Records(64 * kKiB) {}
};

TEST_F(KeyUpdates, HappenByBytesInBothDirections) {
  constexpr std::size_t kRecordOverhead = 22;
  constexpr std::size_t kKeyUpdateRecord = kRecordOverhead + 5;
  const auto cipher = sealed(std::string(256 * kKiB, 'x'));
  EXPECT_EQ(cipher.size(), 256 * kKiB + 16 * kRecordOverhead + 3 * kKeyUpdateRecord);
  pair_->feed(pair_->server, cipher);
  EXPECT_EQ(pair_->server.error, "");
  EXPECT_EQ(pair_->server.out.size(), 0U);
}

TEST_F(KeyUpdates, DataFlowsThroughThemBothWaysAtOnce) {
  const auto before = *pair_->client.engine->binding({});
  for (std::size_t round = 0; round < 64; ++round) {
    const std::string text = random_text(50'000 + round);
    ASSERT_TRUE(pair_->server.engine->seal(bytes_of(text), pair_->server.out));
    ASSERT_TRUE(pair_->passes(pair_->client, text)) << pair_->server.error;
    ASSERT_EQ(pair_->client.received, text) << pair_->client.error;
    pair_->client.received.clear();
  }
  EXPECT_EQ(before, *pair_->client.engine->binding({}));
}

class TinyKeyUpdates : public Records {
 protected:
  TinyKeyUpdates() : Records(100) {}
};

TEST_F(TinyKeyUpdates, FloodOfThemIsRefused) {
  pair_->feed(pair_->server, sealed(std::string(6'000, 'x')));
  EXPECT_EQ(pair_->server.error, "");
  pair_->feed(pair_->server, sealed(std::string(6'000, 'x')));
  EXPECT_THAT(pair_->server.error, HasSubstr("floods this lane with key updates"));
}

}  // namespace
}  // namespace longthrow
