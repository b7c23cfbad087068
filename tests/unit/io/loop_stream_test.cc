// SPDX-License-Identifier: Apache-2.0
// Bytes through a loop: nothing lost, nothing out of order, whatever the sizes and the reader's
// pace.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <thread>

#include "proxy/io/socket.h"
#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

using LoopStream = LoopTest;
LT_FOR_BOTH_BACKENDS(LoopStream);

TEST_P(LoopStream, NamesItself) {
  EXPECT_EQ(loop().name(), GetParam() == IoChoice::epoll ? "epoll" : "io_uring");
}

TEST_P(LoopStream, EchoesBothWays) {
  const Pair pair = connected_pair();
  std::string got;
  EXPECT_EQ(send(pair.client, "ping"), 4);
  EXPECT_EQ(receive(pair.server, got), 4);
  EXPECT_EQ(send(pair.server, "pong!"), 5);
  EXPECT_EQ(receive(pair.client, got), 5);
  EXPECT_EQ(got, "pingpong!");
}

TEST_P(LoopStream, KnowsBothEndpoints) {
  const Pair pair = connected_pair();
  EXPECT_EQ(loop().local_endpoint(pair.client).value(),
            loop().remote_endpoint(pair.server).value());
  EXPECT_EQ(loop().remote_endpoint(pair.client).value(),
            loop().local_endpoint(pair.server).value());
}

TEST_P(LoopStream, SendsPiecesInOrder) {
  const Pair pair = connected_pair();
  const std::string all = pattern(Loop::kSendPiecesMax * 1000);
  std::vector<ByteView> pieces;
  for (std::size_t i = 0; i < Loop::kSendPiecesMax; ++i) {
    pieces.push_back(bytes_of(all).subspan(i * 1000, 1000));
  }
  Awaited sending;
  loop().send(sending.op, pair.client, pieces);
  finish(sending);
  std::string got;
  while (got.size() < all.size()) ASSERT_GT(receive(pair.server, got), 0);
  EXPECT_TRUE(got == all);
}

class SlowReader : public LoopTest {
 protected:
  // 8 MiB to a raw peer that reads 64 KiB a millisecond.
  void run(SocketUse use) {
    Socket socket;
    RawSocket peer = raw_peer(socket, use);
    const std::string all = pattern(8 * kMiB);
    std::string got;
    int error = 0;
    std::thread reader([&] { got = peer.read_all(error, 1000); });
    EXPECT_EQ(send(socket, all), static_cast<int>(all.size()));
    close(socket);
    run_for(std::chrono::milliseconds(50));
    reader.join();
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(got == all);
  }
};
LT_FOR_BOTH_BACKENDS(SlowReader);

TEST_P(SlowReader, GetsAllOfABigSendFromALeg) { run(SocketUse::leg); }
TEST_P(SlowReader, GetsAllOfABigSendFromALane) { run(SocketUse::lane); }

TEST_P(LoopStream, ACancelledSendSaysHowMuchItHadDone) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  const std::string all = pattern(16 * kMiB);
  Awaited sending;
  const ByteView piece = bytes_of(all);
  loop().send(sending.op, socket, std::span(&piece, 1));
  run_for(std::chrono::milliseconds(50));
  ASSERT_FALSE(sending.done());
  loop().cancel(sending.op);
  finish(sending);
  close(socket);
  run_for(std::chrono::milliseconds(10));
  int error = 0;
  std::string got;
  std::thread reader([&] { got = peer.read_all(error); });
  run_for(std::chrono::milliseconds(500));
  reader.join();
  EXPECT_EQ(got.size(), static_cast<std::size_t>(sending.result()));
  EXPECT_TRUE(all.starts_with(got));
}

TEST_P(LoopStream, ASendOfNothingCompletes) {
  const Pair pair = connected_pair();
  EXPECT_EQ(send(pair.client, ""), 0);
}

TEST_P(LoopStream, WaitReadableTakesNothing) {
  const Pair pair = connected_pair();
  Awaited waiting;
  loop().wait_readable(waiting.op, pair.server);
  run_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(waiting.done());
  send(pair.client, "abc");
  finish(waiting);
  EXPECT_EQ(waiting.result(), 0);
  std::string got;
  EXPECT_EQ(receive(pair.server, got), 3);
}

TEST_P(LoopStream, WaitReadableSeesTheEnd) {
  const Pair pair = connected_pair();
  Awaited waiting;
  loop().wait_readable(waiting.op, pair.server);
  loop().shutdown_send(pair.client);
  finish(waiting);
  EXPECT_EQ(waiting.result(), 0);
}

TEST_P(LoopStream, CompletesOnlyFromRun) {
  const Pair pair = connected_pair();
  Awaited sending;
  const std::string text = "x";
  const ByteView piece = bytes_of(text);
  loop().send(sending.op, pair.client, std::span(&piece, 1));
  EXPECT_TRUE(sending.op.in_flight());
  finish(sending);
}

TEST_P(LoopStream, StatsCountWhatNobodyReads) {
  const Pair pair = connected_pair();
  const std::string text(100'000, 'x');
  ASSERT_EQ(send(pair.client, text), 100'000);
  run_for(std::chrono::milliseconds(50));
  const SocketStats client = loop().stats(pair.client);
  const SocketStats server = loop().stats(pair.server);
  EXPECT_EQ(server.unread_bytes + client.unacknowledged_bytes, 100'000U);
  EXPECT_GT(client.rtt, Duration(0));
}

TEST_P(LoopStream, StatsCountWhatIsQueued) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  const std::string all = pattern(16 * kMiB);
  Awaited sending;
  const ByteView piece = bytes_of(all);
  loop().send(sending.op, socket, std::span(&piece, 1));
  run_for(std::chrono::milliseconds(50));
  const SocketStats stats = loop().stats(socket);
  EXPECT_GT(stats.unacknowledged_bytes, 0U);
  EXPECT_GT(stats.unsent_bytes, 0U);
  EXPECT_GE(stats.unacknowledged_bytes, stats.unsent_bytes);
  close(socket, CloseMode::reset);
  finish(sending);
}

TEST_P(LoopStream, ABusySocketDoesNotStarveTheOthers) {
  const Pair busy = connected_pair();
  const Pair quiet = connected_pair();
  std::string blob = pattern(kMiB);
  std::string room(kMiB, '\0');
  const ByteView piece = bytes_of(blob);
  Awaited out;
  Awaited in;
  out.then = [&](int) { loop().send(out.op, busy.client, std::span(&piece, 1)); };
  in.then = [&](int) { loop().receive(in.op, busy.server, room_in(room)); };
  out.then(0);
  in.then(0);
  std::string got;
  for (int i = 0; i < 100; ++i) {
    send(quiet.client, "x");
    receive(quiet.server, got);
  }
  EXPECT_EQ(got.size(), 100U);
  EXPECT_GT(in.results.size(), 10U);
  out.then = in.then = nullptr;
  close(busy.client, CloseMode::reset);
  close(busy.server, CloseMode::reset);
  finish(out);
  finish(in);
}

int option(Socket socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(socket.id, level, name, &value, &length), 0);
  return value;
}

TEST_P(LoopStream, LanesHaveTheirOptionsAtBothEnds) {
  const Pair pair = connected_pair(SocketUse::lane);
  for (const Socket socket : {pair.client, pair.server}) {
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 256 * 1024);
  }
}

TEST_P(LoopStream, LegsWillResetFromTheirFirstMoment) {
  const Pair pair = connected_pair(SocketUse::leg);
  for (const Socket socket : {pair.client, pair.server}) {
    linger value{};
    socklen_t length = sizeof value;
    ASSERT_EQ(::getsockopt(socket.id, SOL_SOCKET, SO_LINGER, &value, &length), 0);
    EXPECT_EQ(value.l_onoff, 1);
    EXPECT_EQ(value.l_linger, 0);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  }
}

TEST_P(LoopStream, CongestionControlIsBestEffort) {
  const Socket listener = listen_anywhere({.use = SocketUse::lane, .congestion = "reno"});
  char name[16] = {};
  socklen_t length = sizeof name;
  ASSERT_EQ(::getsockopt(listener.id, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
  EXPECT_STREQ(name, "reno");
  EXPECT_TRUE(listen_anywhere({.use = SocketUse::lane, .congestion = "no-such"}).valid());
}

}  // namespace
}  // namespace longthrow
