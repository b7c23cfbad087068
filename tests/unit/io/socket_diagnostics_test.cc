// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/socket_diagnostics.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <thread>

#include "proxy/io/socket.h"
#include "tests/unit/io/loop_fixture.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kChannel = 17;

// A program's connection, and the leg at which it ends.
struct Connection {
  RawSocket program;
  RawSocket leg;
  SourceSocket socket;
};

class SocketDiagnosticsTest : public ::testing::Test {
 protected:
  RawSocket listen(const std::string& address = "127.0.0.1:0") {
    const auto fd = open_listener(parse_endpoint(address).value(), {}, Blocking::yes);
    EXPECT_TRUE(fd.has_value()) << fd.error().message;
    return RawSocket(fd.value());
  }
  Connection connect(const std::string& address = "127.0.0.1:0") {
    const RawSocket listener = listen(address);
    RawSocket program = raw_connect(local_address(listener.fd()).value());
    RawSocket leg(::accept(listener.fd(), nullptr, nullptr));
    SourceSocket socket{.channel = kChannel,
                        .leg = local_address(leg.fd()).value(),
                        .source = remote_address(leg.fd()).value()};
    return {std::move(program), std::move(leg), std::move(socket)};
  }
  // `times` readings in a row; the last of them.
  SourceReading read(SourceSocket& socket, std::size_t times = 2) {
    std::vector<SourceReading> readings;
    diagnostics_.read({&socket, 1}, std::vector<std::uint32_t>(times, 0), readings);
    EXPECT_EQ(readings.size(), times);
    EXPECT_EQ(readings.back().channel, kChannel);
    return readings.back();
  }
  // Nothing moves in these tests any more when they ask.
  static std::uint64_t position(const SourceReading& reading) {
    EXPECT_TRUE(has_position(reading.state)) << kSourceStates[static_cast<int>(reading.state)];
    return reading.acknowledged + static_cast<std::uint64_t>(reading.queued);
  }
  static int unread(const RawSocket& socket) {
    int bytes = -1;
    ::ioctl(socket.fd(), FIONREAD, &bytes);
    return bytes;
  }
  static void set(const RawSocket& socket, int level, int name, int value) {
    ASSERT_EQ(::setsockopt(socket.fd(), level, name, &value, sizeof value), 0);
  }
  template <typename Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return condition();
  }

  SocketDiagnostics diagnostics_;
};

TEST_F(SocketDiagnosticsTest, PositionIsWhatTheProgramHasWritten) {
  Connection connection = connect();
  EXPECT_EQ(position(read(connection.socket)), 0U);
  EXPECT_NE(connection.socket.cookie, 0U);
  connection.program.write(std::string(1000, 'x'));
  EXPECT_EQ(position(read(connection.socket)), 1000U);
  ASSERT_TRUE(soon([&] { return read(connection.socket).acknowledged == 1000; }));
}

TEST_F(SocketDiagnosticsTest, TheSynIsCountedOnlyAtTheEndThatConnected) {
  Connection connection = connect();
  connection.leg.write("0123456789");
  SourceSocket target{.channel = kChannel,
                      .leg = connection.socket.source,
                      .source = connection.socket.leg,
                      .connector = Connector::node};
  ASSERT_TRUE(soon([&] { return read(target).acknowledged == 10; }));
  EXPECT_EQ(position(read(target)), 10U);
}

TEST_F(SocketDiagnosticsTest, CorkedBytesCount) {
  Connection connection = connect();
  set(connection.program, IPPROTO_TCP, TCP_CORK, 1);
  connection.program.write(std::string(100, 'x'));
  const SourceReading reading = read(connection.socket);
  EXPECT_EQ(position(reading), 100U);
  // TCP gives a cork up after 200 ms.
  if (unread(connection.leg) == 0) {
    EXPECT_EQ(reading.queued, 100);
  }
}

TEST_F(SocketDiagnosticsTest, BytesThatWaitForAWindowCount) {
  Connection connection = connect();
  const std::string piece(64 * 1024, 'x');
  std::uint64_t written = 0;
  for (;;) {
    const ssize_t sent = ::send(connection.program.fd(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (sent > 0) written += static_cast<std::uint64_t>(sent);
    if (sent < 0) break;
  }
  EXPECT_EQ(position(read(connection.socket)), written);
  EXPECT_GT(written, static_cast<std::uint64_t>(unread(connection.leg)));
  EXPECT_GT(read(connection.socket).queued, 0);
}

TEST_F(SocketDiagnosticsTest, AFinIsOneByteMoreAndSaidByTheState) {
  Connection connection = connect();
  connection.program.write("0123456789");
  connection.program.shut_down();
  const SourceReading reading = read(connection.socket);
  EXPECT_EQ(reading.state, SourceState::closing);
  EXPECT_EQ(position(reading), 11U);
}

TEST_F(SocketDiagnosticsTest, AProgramThatReadsOnAfterOurFinIsOpen) {
  Connection connection = connect();
  connection.leg.shut_down();
  connection.program.write("0123456789");
  EXPECT_EQ(position(read(connection.socket)), 10U);
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
}

TEST_F(SocketDiagnosticsTest, ASocketThatHasGoneIsGone) {
  Connection connection = connect();
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
  connection.program.reset();
  EXPECT_EQ(read(connection.socket).state, SourceState::gone);
}

TEST_F(SocketDiagnosticsTest, TheSmallRestOfAClosedConnectionIsGone) {
  Connection connection = connect();
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
  connection.program.close();
  EXPECT_TRUE(soon([&] { return read(connection.socket).state == SourceState::gone; }));
}

TEST_F(SocketDiagnosticsTest, AListenerOnItsPortDoesNotAnswerForIt) {
  Connection connection = connect();
  SourceSocket unasked = connection.socket;
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
  connection.program.reset();
  const RawSocket listener = listen(to_string(connection.socket.source));
  EXPECT_EQ(read(connection.socket).state, SourceState::gone);
  EXPECT_EQ(read(unasked).state, SourceState::elsewhere);
  EXPECT_EQ(unasked.cookie, 0U);
}

TEST_F(SocketDiagnosticsTest, AnotherConnectionWithTheSameAddressesIsNotIt) {
  Connection connection = connect();
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
  connection.socket.cookie ^= 1;
  EXPECT_EQ(read(connection.socket).state, SourceState::gone);
}

TEST_F(SocketDiagnosticsTest, ASourceThatThisKernelDoesNotHaveIsElsewhere) {
  Connection connection = connect();
  EXPECT_EQ(read(connection.socket).state, SourceState::open);
  SourceSocket other = connection.socket;
  other.cookie = 0;
  other.source = parse_endpoint("192.0.2.1:9").value();
  EXPECT_EQ(read(other).state, SourceState::elsewhere);
}

TEST_F(SocketDiagnosticsTest, AKernelThatDoesNotKnowEvenTheLegHasNoDiagnostics) {
  SourceSocket nobody{.channel = kChannel,
                      .leg = parse_endpoint("192.0.2.2:9").value(),
                      .source = parse_endpoint("192.0.2.1:9").value()};
  EXPECT_EQ(read(nobody).state, SourceState::unsupported);
  Connection connection = connect();
  EXPECT_EQ(read(connection.socket).state, SourceState::open);  // and is asked again
  EXPECT_EQ(read(nobody).state, SourceState::elsewhere);
}

TEST_F(SocketDiagnosticsTest, ALayerAboveTcpHidesThePosition) {
  Connection connection = connect();
  if (::setsockopt(connection.program.fd(), IPPROTO_TCP, TCP_ULP, "tls", 3) != 0) {
    GTEST_SKIP() << "this kernel has no kTLS";
  }
  EXPECT_EQ(read(connection.socket).state, SourceState::layered);
}

TEST_F(SocketDiagnosticsTest, ManyAreAskedForInOrder) {
  std::vector<Connection> connections;
  std::vector<SourceSocket> sockets;
  for (std::uint64_t i = 0; i < 60; ++i) {
    connections.push_back(connect());
    connections.back().program.write(std::string(i, 'x'));
    sockets.push_back(connections.back().socket);
    sockets.back().channel = 1000 + i;
  }
  const std::vector<std::uint32_t> order = sweep_order(sockets.size());
  EXPECT_GT(order.size(), 2 * SocketDiagnostics::kBatch);
  std::vector<SourceReading> readings;
  diagnostics_.read(sockets, order, readings);
  ASSERT_EQ(readings.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(readings[i].channel, 1000U + order[i]);
    EXPECT_EQ(position(readings[i]), order[i]);
  }
}

TEST(SweepOrder, EachIsAskedTwiceInARowAndOnceLater) {
  EXPECT_EQ(sweep_order(3), (std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2, 0, 1, 2}));
}

TEST(DiagMessage, HalfOfAnAnswerIsNone) {
  std::vector<std::byte> bytes(64, std::byte{0});
  bytes[0] = std::byte{80};  // says that it is longer than what is there
  ByteView view(bytes);
  EXPECT_FALSE(read_diag_answer(view).has_value());
  EXPECT_TRUE(view.empty());
  view = ByteView(bytes).first(3);
  EXPECT_FALSE(read_diag_answer(view).has_value());
  EXPECT_TRUE(view.empty());
}

}  // namespace
}  // namespace longthrow
