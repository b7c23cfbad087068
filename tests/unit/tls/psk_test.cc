// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PskEngine : public ::testing::Test {
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

TEST_F(PskEngine, EqualKeysComeUpAndCarryDataBothWays) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
  EXPECT_TRUE(pair.passes(pair.server, "welcome"));
  EXPECT_EQ(pair.client.engine->link(), "dr");
  EXPECT_EQ(pair.server.engine->link(), "main");
  EXPECT_THAT(pair.server.engine->peer_description(), HasSubstr("key \"k1\" (fingerprint "));
}

TEST_F(PskEngine, ComesUpByteByByte) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  pair.piece_bytes = 1;
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
  EXPECT_TRUE(pair.passes(pair.server, std::string(40'000, 'x')));
}

TEST_F(PskEngine, DifferentKeysOfOneIdentityAreRefusedWithBothFingerprints) {
  configure(key_line("k1", 1), key_line("k1", 2));
  Pair pair = this->pair();
  EXPECT_FALSE(pair.shake());
  EXPECT_THAT(pair.server.error, HasSubstr("key of identity \"k1\" differs"));
  EXPECT_THAT(pair.server.error, HasSubstr("ours has fingerprint"));
  EXPECT_THAT(pair.client.error, AllOf(HasSubstr("the peer refused our key \"k1\" (fingerprint "),
                                       HasSubstr("its key of this identity differs")));
}

TEST_F(PskEngine, UnknownIdentityIsNamedOnBothSides) {
  configure(key_line("k1", 1), key_line("k2", 1));
  Pair pair = this->pair();
  EXPECT_FALSE(pair.shake());
  EXPECT_THAT(pair.server.error, HasSubstr("unknown key identity \"k1\""));
  EXPECT_THAT(pair.client.error, AllOf(HasSubstr("the peer refused our key \"k1\""),
                                       HasSubstr("does not know this identity")));
}

TEST_F(PskEngine, SendsNoTicketAfterTheHandshake) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.client.engine->start(pair.client.out));
  pair.feed(pair.server, copy_of(pair.client.out.view()));
  pair.client.out.clear();
  pair.feed(pair.client, copy_of(pair.server.out.view()));
  pair.server.out.clear();
  pair.feed(pair.server, copy_of(pair.client.out.view()));
  EXPECT_TRUE(pair.server.engine->established());
  EXPECT_EQ(pair.server.out.size(), 0U);
}

TEST_F(PskEngine, ServerStopsWhereTheHandshakeCompletes) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.client.engine->start(pair.client.out));
  pair.feed(pair.server, copy_of(pair.client.out.view()));
  pair.client.out.clear();
  pair.feed(pair.client, copy_of(pair.server.out.view()));
  ASSERT_TRUE(pair.client.engine->seal(bytes_of("early bird"), pair.client.out));
  std::array<std::byte, 64> plain{};
  const auto progress = pair.server.engine->open(pair.client.out.view(), plain, pair.server.out);
  ASSERT_TRUE(progress);
  EXPECT_TRUE(pair.server.engine->established());
  EXPECT_EQ(progress->produced_bytes, 0U);
  EXPECT_LT(progress->consumed_bytes, pair.client.out.size());
}

TEST_F(PskEngine, EveryTruncationOfTheHandshakeNeedsMore) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair first = pair();
  ASSERT_TRUE(first.client.engine->start(first.client.out));
  const auto hello = copy_of(first.client.out.view());
  for (std::size_t bytes = 0; bytes < hello.size(); ++bytes) {
    Pair cut = pair();
    cut.feed(cut.server, ByteView(hello).first(bytes));
    EXPECT_EQ(cut.server.error, "") << bytes;
    EXPECT_FALSE(cut.server.engine->established());
    EXPECT_EQ(cut.server.out.size(), 0U);
  }
}

TEST_F(PskEngine, EveryTruncationOfTheAnswerNeedsMore) {
  configure(key_line("k1", 1), key_line("k1", 1));
  std::size_t answer_bytes = 1;
  for (std::size_t bytes = 0; bytes < answer_bytes; ++bytes) {
    Pair cut = pair();
    ASSERT_TRUE(cut.client.engine->start(cut.client.out));
    cut.feed(cut.server, copy_of(cut.client.out.view()));
    answer_bytes = cut.server.out.size();
    cut.feed(cut.client, copy_of(cut.server.out.view().first(bytes)));
    EXPECT_EQ(cut.client.error, "") << bytes;
    EXPECT_FALSE(cut.client.engine->established()) << bytes;
  }
  EXPECT_GT(answer_bytes, 100U);
}

TEST_F(PskEngine, EveryFlippedByteOfTheHelloComesToNothing) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair first = pair();
  ASSERT_TRUE(first.client.engine->start(first.client.out));
  const auto hello = copy_of(first.client.out.view());
  for (std::size_t at = 0; at < hello.size(); ++at) {
    auto damaged = hello;
    damaged[at] ^= std::byte{0x41};
    Pair hit = pair();
    ASSERT_TRUE(hit.client.engine->start(hit.client.out));
    hit.client.out.clear();
    hit.feed(hit.server, damaged);
    hit.shuttle();
    EXPECT_FALSE(hit.client.engine->established() && hit.server.engine->established()) << at;
  }
}

TEST_F(PskEngine, OwnClientHelloReflectedIsRecognised) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.client.engine->start(pair.client.out));
  pair.feed(pair.client, copy_of(pair.client.out.view()));
  EXPECT_THAT(pair.client.error, HasSubstr("answered with a ClientHello"));
}

TEST_F(PskEngine, EveryKeyOfTheFileIsAccepted) {
  configure(key_line("new", 2) + key_line("old", 1), key_line("old", 1) + key_line("new", 2));
  Pair forth = pair();
  EXPECT_TRUE(forth.shake()) << forth.server.error;
  EXPECT_THAT(forth.server.engine->peer_description(), HasSubstr("\"new\""));
  Pair back(beta_.client("main"), alpha_.server());
  EXPECT_TRUE(back.shake()) << back.server.error;
  EXPECT_THAT(back.server.engine->peer_description(), HasSubstr("\"old\""));
}

TEST_F(PskEngine, IdentitySelectsTheLinkAtTheServer) {
  configure(key_line("k2", 2), key_line("k1", 1));
  ASSERT_TRUE(beta_.link("second", keys("second.psk", key_line("k2", 2))));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake());
  EXPECT_EQ(pair.server.engine->link(), "second");
}

TEST_F(PskEngine, JunkIsNamedAndEndsTheEngine) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  pair.feed(pair.server, bytes_of("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_THAT(pair.server.error, HasSubstr("does not speak TLS (it began with \"GET / HT\")"));
  EXPECT_EQ(pair.server.out.size(), 0U);
  EXPECT_FALSE(pair.server.engine->open({}, {}, pair.server.out));
}

TEST_F(PskEngine, LongHandshakesAreRefused) {
  configure(key_line("k1", 1), key_line("k1", 1));
  Pair pair = this->pair();
  // A ClientHello that announces 128,000 bytes, in records of 16 KiB.
  std::string hello("\x16\x03\x01\x40\x00\x01\x01\xf4\x00", 9);
  hello.append(16 * kKiB - 4, 'x');
  for (int i = 0; i < 7; ++i) {
    hello.append("\x16\x03\x01\x40\x00", 5);
    hello.append(16 * kKiB, 'x');
  }
  pair.feed(pair.server, bytes_of(hello));
  EXPECT_NE(pair.server.error, "");
}

}  // namespace
}  // namespace longthrow
