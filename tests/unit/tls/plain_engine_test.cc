// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/plain_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::HasSubstr;

Pair plain_pair() { return {make_plain_engine("a"), make_plain_engine("b")}; }

TEST(PlainEngine, IsEstablishedAtOnceAndPassesBytes) {
  Pair pair = plain_pair();
  ASSERT_TRUE(pair.client.engine->start(pair.client.out));
  EXPECT_TRUE(pair.client.engine->established());
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
  EXPECT_TRUE(pair.passes(pair.server, "welcome"));
  EXPECT_EQ(pair.client.engine->link(), "a");
}

TEST(PlainEngine, WorksByteByByte) {
  Pair pair = plain_pair();
  pair.piece_bytes = 1;
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
}

TEST(PlainEngine, DataRightBehindThePrefaceArrives) {
  Pair pair = plain_pair();
  ASSERT_TRUE(pair.client.engine->start(pair.client.out));
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
}

TEST(PlainEngine, StopsWhenThePlaintextIsFull) {
  Pair pair = plain_pair();
  std::array<std::byte, 3> room{};
  const auto progress = pair.server.engine->open(bytes_of("LTPLAIN1hello"), room, pair.server.out);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->consumed_bytes, 11U);
  EXPECT_EQ(progress->produced_bytes, 3U);
}

TEST(PlainEngine, BindingIsEqualForEqualContextsOnly) {
  const Pair pair = plain_pair();
  const auto mine = pair.client.engine->binding(bytes_of("context"));
  EXPECT_EQ(*mine, *pair.server.engine->binding(bytes_of("context")));
  EXPECT_NE(*mine, *pair.server.engine->binding(bytes_of("contexT")));
}

TEST(PlainEngine, JunkIsRefused) {
  for (const std::string_view junk : {"GET / HTTP", "LTPLAIN2", "\x16\x04", "\x15\x15"}) {
    Pair pair = plain_pair();
    pair.feed(pair.server, bytes_of(junk));
    EXPECT_THAT(pair.server.error, HasSubstr("is not a Longthrow node")) << junk;
    EXPECT_FALSE(pair.server.engine->seal(bytes_of("x"), pair.server.out));
  }
}

class Mismatch : public ::testing::Test {
 protected:
  Mismatch() {
    const PskTls tls{.psk_file = files_.write("a.psk", key_line("k", 1))};
    EXPECT_TRUE(encrypted_.link("e", tls));
  }
  ScratchDir files_;
  TestNode encrypted_;
};

TEST_F(Mismatch, PlainServerNamesATlsClient) {
  Pair pair(encrypted_.client("e"), make_plain_engine("p"));
  pair.piece_bytes = 1;
  EXPECT_FALSE(pair.shake());
  EXPECT_THAT(pair.server.error, HasSubstr("the peer speaks TLS, this link is configured with"));
  EXPECT_THAT(pair.client.error, HasSubstr("the peer is configured with tls = \"none\""));
}

TEST_F(Mismatch, TlsServerNamesAPlainClientAndTellsIt) {
  Pair pair(make_plain_engine("p"), encrypted_.server());
  pair.piece_bytes = 1;
  EXPECT_FALSE(pair.shake());
  EXPECT_THAT(pair.server.error, HasSubstr("the peer is configured with tls = \"none\""));
  EXPECT_THAT(pair.client.error, HasSubstr("the peer speaks TLS"));
}

}  // namespace
}  // namespace longthrow
