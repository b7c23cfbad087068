// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/toy_tls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace longthrow::sim {
namespace {

using Bytes = std::vector<std::byte>;

Bytes some_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(mix64(i));
  return bytes;
}

class ToyTls : public ::testing::Test {
 protected:
  struct End {
    std::unique_ptr<TlsEngine> engine;
    ByteQueue out;
    Bytes got;
    std::optional<Error> error;
  };
  // What comes at `to`, in parts of `part` bytes.
  static void feed(End& to, ByteView cipher, std::size_t part) {
    while (!cipher.empty() && !to.error) {
      ByteView now = cipher.first(std::min(part, cipher.size()));
      cipher = cipher.subspan(now.size());
      for (;;) {
        Bytes room(1000);
        const auto progress = to.engine->open(now, room, to.out);
        if (!progress) {
          to.error = progress.error();
          break;
        }
        now = now.subspan(progress->consumed_bytes);
        to.got.insert(to.got.end(), room.begin(),
                      room.begin() + static_cast<std::ptrdiff_t>(progress->produced_bytes));
        if (progress->consumed_bytes == 0 && progress->produced_bytes == 0) break;
      }
    }
  }
  static Bytes take(End& from) {
    const ByteView view = from.out.view();
    Bytes bytes(view.begin(), view.end());
    from.out.clear();
    return bytes;
  }
  static void exchange(End& a, End& b, std::size_t part) {
    while (!a.out.empty() || !b.out.empty()) {
      feed(b, take(a), part);
      feed(a, take(b), part);
    }
  }
  void connect(std::size_t part = SIZE_MAX) {
    client = {.engine = *provider.client("wan")};
    server = {.engine = *provider.server(links)};
    ASSERT_TRUE(client.engine->start(client.out));
    exchange(client, server, part);
    ASSERT_TRUE(client.engine->established() && server.engine->established());
  }
  Bytes sealed(const Bytes& plain) {
    EXPECT_TRUE(client.engine->seal(plain, client.out));
    return take(client);
  }

  const std::vector<std::string> links{"lan", "wan"};
  ToyTlsProvider provider{{.key_update_bytes = 40'000}, RandomStream(1)};
  End client;
  End server;
};

TEST_F(ToyTls, BytesArriveWholeHoweverTheyAreCutAndOverKeyUpdates) {
  const Bytes plain = some_bytes(150'000);
  for (const std::size_t part : {std::size_t{1}, std::size_t{7}, std::size_t{5000}, SIZE_MAX}) {
    connect(part);
    feed(server, sealed(plain), part);
    EXPECT_EQ(server.got, plain) << part;
    EXPECT_EQ(server.engine->link(), "wan");
  }
}

TEST_F(ToyTls, BothEndsHaveTheSameBindingAndNoOtherConnectionHasIt) {
  const Bytes context = some_bytes(10);
  connect();
  const auto first = *client.engine->binding(context);
  EXPECT_EQ(first, *server.engine->binding(context));
  connect();
  EXPECT_NE(first, *client.engine->binding(context));
}

TEST_F(ToyTls, EachTurnedBitIsNoticed) {
  const Bytes plain = some_bytes(20);
  connect();
  const std::size_t bits = sealed(plain).size() * 8;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    connect();
    Bytes cipher = sealed(plain);
    cipher[bit / 8] ^= std::byte{1} << (bit % 8);
    cipher.resize(cipher.size() + kToyRecordBytesMax * 5);  // a length that has grown is filled
    feed(server, cipher, SIZE_MAX);
    EXPECT_TRUE(server.error.has_value()) << bit;
    EXPECT_TRUE(server.got.empty()) << bit;
  }
}

TEST_F(ToyTls, ARecordThatIsRepeatedLeftOutOrOfAnotherConnectionIsNoticed) {
  const Bytes plain = some_bytes(20);
  connect();
  const Bytes foreign = sealed(plain);
  connect();
  feed(server, foreign, SIZE_MAX);
  EXPECT_TRUE(server.error.has_value());
  connect();
  const Bytes first = sealed(plain);
  feed(server, first, SIZE_MAX);
  feed(server, first, SIZE_MAX);
  EXPECT_TRUE(server.error.has_value());
  connect();
  (void)sealed(plain);
  feed(server, sealed(plain), SIZE_MAX);
  EXPECT_TRUE(server.error.has_value());
}

TEST_F(ToyTls, AnEndSaysGoodbyeAndADamagedRecordIsAnAlert) {
  connect();
  client.engine->finish(client.out);
  feed(server, take(client), SIZE_MAX);
  ASSERT_TRUE(server.error.has_value());
  EXPECT_EQ(server.error->code, ErrorCode::peer_closed);
  connect();
  Bytes cipher = sealed(some_bytes(20));
  cipher.back() ^= std::byte{1};
  feed(server, cipher, SIZE_MAX);
  feed(client, take(server), SIZE_MAX);
  ASSERT_TRUE(client.error.has_value());
  EXPECT_EQ(client.error->code, ErrorCode::other);
}

TEST_F(ToyTls, AnotherSecretIsRefused) {
  ToyTlsProvider other({.secret = 2}, RandomStream(2));
  client = {.engine = *other.client("wan")};
  server = {.engine = *provider.server(links)};
  ASSERT_TRUE(client.engine->start(client.out));
  exchange(client, server, SIZE_MAX);
  EXPECT_TRUE(client.error.has_value());
  EXPECT_FALSE(server.engine->established());
}

}  // namespace
}  // namespace longthrow::sim
