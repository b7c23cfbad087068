// SPDX-License-Identifier: Apache-2.0
// Listening and connecting.
#include <sys/resource.h>
#include <unistd.h>

#include <deque>

#include "proxy/io/socket.h"
#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

using LoopAccept = LoopTest;
LT_FOR_BOTH_BACKENDS(LoopAccept);

TEST_P(LoopAccept, TwoHundredConnectionsEchoAtOnce) {
  constexpr int kCount = 200;
  const Socket listener = listen_anywhere({.backlog = 2 * kCount});
  struct Echo {
    Socket socket;
    std::string room = std::string(100, '\0');
    Awaited op;
  };
  std::deque<Echo> servers;
  std::deque<Echo> clients;
  Awaited accepting;
  accepting.then = [&](int id) {
    if (id < 0) return;
    Echo& echo = servers.emplace_back();
    echo.socket = Socket{id};
    echo.op.then = [&](int got) {
      const ByteView piece = bytes_of(echo.room).first(static_cast<std::size_t>(got));
      echo.op.then = nullptr;
      loop().send(echo.op.op, echo.socket, std::span(&piece, 1));
    };
    loop().receive(echo.op.op, echo.socket, room_in(echo.room));
  };
  loop().accept(accepting.op, listener);
  for (int i = 0; i < kCount; ++i) {
    Echo& client = clients.emplace_back();
    client.room = pattern(50);
    client.op.then = [&](int) {
      client.op.then = [&](int) {
        client.op.then = nullptr;
        client.room.assign(100, '\0');
        loop().receive(client.op.op, client.socket, room_in(client.room));
      };
      const ByteView piece = bytes_of(client.room);
      loop().send(client.op.op, client.socket, std::span(&piece, 1));
    };
    client.socket = loop().connect(client.op.op, address(listener), {}).value();
  }
  for (Echo& client : clients) {
    finish(client.op);
    EXPECT_EQ(client.op.result(), 50);
    EXPECT_TRUE(client.room.starts_with(pattern(50)));
  }
  loop().cancel(accepting.op);
  finish(accepting);
  EXPECT_EQ(servers.size(), static_cast<std::size_t>(kCount));
}

TEST_P(LoopAccept, ACancelledAcceptCompletesOnceMore) {
  const Socket listener = listen_anywhere();
  Awaited accepting;
  loop().accept(accepting.op, listener);
  run_for(std::chrono::milliseconds(5));
  loop().cancel(accepting.op);
  finish(accepting);
  EXPECT_EQ(accepting.results, std::vector{-ECANCELED});
}

TEST_P(LoopAccept, AClosedListenerDeliversNoConnectionAnyMore) {
  const Socket listener = listen_anywhere();
  const Endpoint to = address(listener);
  Awaited accepting;
  accepting.then = [&](int id) {
    if (id >= 0) close(listener, CloseMode::reset);
  };
  loop().accept(accepting.op, listener);
  RawSocket one = raw_connect(to);
  RawSocket two = raw_connect(to);
  finish(accepting);
  ASSERT_EQ(accepting.results.size(), 2U);
  EXPECT_EQ(accepting.result(), -ECANCELED);
  int error = 0;
  (void)two.read_all(error);
  EXPECT_EQ(error, ECONNRESET);
}

TEST_P(LoopAccept, AConnectToNobodyIsRefused) {
  const Socket listener = listen_anywhere();
  const Endpoint nobody = address(listener);
  close(listener);
  Awaited connecting;
  const Socket socket = loop().connect(connecting.op, nobody, {}).value();
  finish(connecting);
  EXPECT_EQ(connecting.result(), -ECONNREFUSED);
  close(socket);
}

TEST_P(LoopAccept, AConnectCanBeCancelled) {
  // A full backlog answers nobody, so that the connect stays under way.
  const Socket listener = listen_anywhere({.backlog = 1});
  std::vector<RawSocket> fillers;
  for (int i = 0; i < 2; ++i) fillers.push_back(raw_connect(address(listener)));
  Awaited connecting;
  const Socket socket = loop().connect(connecting.op, address(listener), {}).value();
  run_for(std::chrono::milliseconds(50));
  ASSERT_FALSE(connecting.done());
  close(socket, CloseMode::reset);
  finish(connecting);
  EXPECT_EQ(connecting.result(), -ECANCELED);
}

TEST_P(LoopAccept, ConnectsFromTheSource) {
  const Socket listener = listen_anywhere();
  Awaited connecting;
  const Socket socket = loop()
                            .connect(connecting.op, address(listener),
                                     {.source = parse_endpoint("127.0.0.77:0").value()})
                            .value();
  finish(connecting);
  Endpoint local = loop().local_endpoint(socket).value();
  local.port = 0;
  EXPECT_EQ(to_string(local), "127.0.0.77:0");
}

TEST_P(LoopAccept, ASourceThatIsNotOursIsAnError) {
  const Socket listener = listen_anywhere();
  Awaited connecting;
  const auto socket = loop().connect(connecting.op, address(listener),
                                     {.source = parse_endpoint("192.0.2.1:0").value()});
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().os_errno, EADDRNOTAVAIL);
  EXPECT_TRUE(connecting.done());
}

TEST_P(LoopAccept, ListensOnAnAddressThatDoesNotExistYet) {
  EXPECT_TRUE(loop().listen(parse_endpoint("192.0.2.1:0").value(), {}).has_value());
  EXPECT_TRUE(loop().listen(parse_endpoint("[2001:db8::1]:0").value(), {}).has_value());
}

TEST_P(LoopAccept, BothFamiliesMayShareAPort) {
  const auto six = loop().listen(parse_endpoint("[::]:0").value(), {});
  ASSERT_TRUE(six.has_value());
  Endpoint four = parse_endpoint("0.0.0.0:0").value();
  four.port = address(*six).port;
  EXPECT_TRUE(loop().listen(four, {}).has_value());
}

TEST_P(LoopAccept, ATakenPortIsAnErrorThatNamesIt) {
  const Socket listener = listen_anywhere();
  const auto second = loop().listen(address(listener), {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().os_errno, EADDRINUSE);
  EXPECT_NE(second.error().message.find(to_string(address(listener))), std::string::npos);
}

TEST_P(LoopAccept, NeverConnectsToItself) {
  Awaited connecting;
  const Socket listener = listen_anywhere();
  const Endpoint self = address(listener);
  close(listener);
  const Socket socket = loop().connect(connecting.op, self, {.source = self}).value();
  finish(connecting);
  EXPECT_EQ(connecting.result(), -ECONNREFUSED);
  close(socket, CloseMode::reset);
}

// UBSan probes memory through a pipe, and takes any object for a broken one when it gets none.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitizerNeedsDescriptors = true;
#else
constexpr bool kSanitizerNeedsDescriptors = false;
#endif

// Out of descriptors: the accept survives, does not spin, and goes on when there are some again.
TEST_P(LoopAccept, RunningOutOfDescriptorsOnlyPausesAccepts) {
  if (kSanitizerNeedsDescriptors) GTEST_SKIP() << "UBSan needs descriptors itself";
  const Socket listener = listen_anywhere();
  const RawSocket peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(peer.fd()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Address to = to_sockaddr(address(listener));
  EXPECT_EQ(::connect(peer.fd(), to.get(), to.length), 0);
  Awaited accepting;
  loop().accept(accepting.op, listener);
  timespec used_before{};
  timespec used_after{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used_before);
  Timer wake;
  struct Stopper {
    Loop& loop;
    void stop() { loop.stop(); }
  } stopper{loop()};
  wake.bind<&Stopper::stop>(&stopper);
  loop().arm(wake, loop().now() + std::chrono::milliseconds(300));
  loop().run();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used_after);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(accepting.results.empty());
  const auto nanos = (used_after.tv_sec - used_before.tv_sec) * 1'000'000'000 +
                     (used_after.tv_nsec - used_before.tv_nsec);
  EXPECT_LT(nanos, 100'000'000);
  run_until([&] { return accepting.results.size() == 1; });
  EXPECT_GE(accepting.result(), 0);
  loop().cancel(accepting.op);
  finish(accepting);
}

// The lowest free number is given: one near the limit means that hardly any are left.
TEST_P(LoopAccept, TheLastDescriptorsAreNotForConnections) {
  if (kSanitizerNeedsDescriptors) GTEST_SKIP() << "UBSan needs descriptors itself";
  const Socket listener = listen_anywhere();
  const Endpoint to = address(listener);
  Awaited accepting;
  loop().accept(accepting.op, listener);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  RawSocket peer = raw_connect(to);
  const rlimit few{static_cast<rlim_t>(peer.fd()) + 6, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  run_for(std::chrono::milliseconds(20));
  Awaited connecting;
  const auto socket = loop().connect(connecting.op, to, {});
  const int file = ::dup(peer.fd());
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(accepting.results.empty());
  int error = 0;
  (void)peer.read_all(error);
  EXPECT_EQ(error, ECONNRESET) << "it does not hang unanswered";
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().os_errno, EMFILE);
  EXPECT_GE(file, 0) << "others find one";
  ::close(file);
  const RawSocket next = raw_connect(to);
  run_until([&] { return accepting.results.size() == 1; });
  loop().cancel(accepting.op);
  finish(accepting);
}

TEST_P(LoopAccept, APausedAcceptCanBeCancelled) {
  if (kSanitizerNeedsDescriptors) GTEST_SKIP() << "UBSan needs descriptors itself";
  const Socket listener = listen_anywhere();
  const RawSocket peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(peer.fd()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Address to = to_sockaddr(address(listener));
  EXPECT_EQ(::connect(peer.fd(), to.get(), to.length), 0);
  Awaited accepting;
  loop().accept(accepting.op, listener);
  run_for(std::chrono::milliseconds(20));
  close(listener, CloseMode::reset);
  finish(accepting);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(accepting.results, std::vector{-ECANCELED});
}

}  // namespace
}  // namespace longthrow
