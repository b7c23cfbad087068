// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/network.h"

#include <numeric>

#include "tests/sim/network_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

using SimNetworkTest = NetworkFixture;

TEST_F(SimNetworkTest, BytesArriveAfterTheLatency) {
  establish();
  EXPECT_EQ(write(client, "hello"), 5);
  run(kLatency - milliseconds(1));
  EXPECT_EQ(read_all(server), "");
  EXPECT_EQ(last, -EAGAIN);
  run(milliseconds(2));
  EXPECT_EQ(read_all(server), "hello");
}

TEST_F(SimNetworkTest, EachDirectionIsFirstInFirstOutUnderJitterAndFragmentation) {
  network.set_path(alpha, beta,
                   {.latency_min = milliseconds(1),
                    .latency_mean = milliseconds(8),
                    .spike_ratio = 0.1,
                    .spike = milliseconds(50)});
  network.options().fragment_ratio = 0.7;
  establish();
  run(seconds(1));
  std::string sent;
  std::string got;
  int single_bytes = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string text = "<" + std::to_string(i) + ">";
    if (write(client, text) > 0) sent += text;
    run(milliseconds(1));
    single_bytes += read_into(server, got) == 1 ? 1 : 0;
  }
  run(seconds(2));
  got += read_all(server);
  EXPECT_EQ(got, sent);
  EXPECT_GT(single_bytes, 5);
}

TEST_F(SimNetworkTest, SlowReaderFillsBothBuffersThenBlocksTheWriter) {
  establish();
  std::size_t accepted = 0;
  for (int i = 0; i < 100; ++i) {
    accepted += stuff(client);
    run(milliseconds(10));
  }
  EXPECT_EQ(accepted, 128 * kKiB);  // send buffer and receive buffer
  EXPECT_EQ(network.stats(server).unread_bytes, 64 * kKiB);
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 64 * kKiB);
  EXPECT_EQ(network.stats(client).unsent_bytes, 64 * kKiB);
  std::size_t got = 0;
  for (int i = 0; i < 100; ++i) {
    got += read_all(server).size();
    run(milliseconds(10));
  }
  EXPECT_EQ(got, 128 * kKiB);
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 0U);
}

TEST_F(SimNetworkTest, BandwidthIsSharedByAllConnectionsOfAPath) {
  network.set_path(
      alpha, beta,
      {.latency_min = kLatency, .latency_mean = kLatency, .bandwidth_bytes_s = 1'000'000});
  establish();
  const NetId client2 = dial();
  run(milliseconds(50));
  const NetId server2 = network.accept(listener);
  std::size_t got = 0;
  for (int i = 0; i < 1000; ++i) {
    stuff(client);
    stuff(client2);
    run(milliseconds(1));
    got += read_all(server).size() + read_all(server2).size();
  }
  EXPECT_NEAR(static_cast<double>(got), 1e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(network.stats(client).delivery_rate_bytes_s), 0.5e6, 0.2e6);
  EXPECT_GT(network.stats(client).rtt, 2 * kLatency);
}

TEST_F(SimNetworkTest, HalfCloseArrivesAfterTheBytesAndTheOtherDirectionGoesOn) {
  establish();
  write(client, "bye");
  network.shutdown_send(client);
  EXPECT_EQ(write(client, "x"), -EPIPE);
  run(milliseconds(50));
  EXPECT_EQ(read_all(server), "bye");
  EXPECT_EQ(last, 0);
  write(server, "answer");
  EXPECT_TRUE(network.close(server, CloseMode::graceful));
  run(milliseconds(50));
  EXPECT_EQ(read_all(client), "answer");
  EXPECT_EQ(last, 0);
  network.close(client, CloseMode::graceful);
  network.close(listener, CloseMode::graceful);
  run(seconds(1));
  EXPECT_EQ(network.sockets_on(alpha) + network.sockets_on(beta), 0U);
}

TEST_F(SimNetworkTest, ConnectToNobodyIsRefused) {
  client = dial();
  run(milliseconds(30));
  EXPECT_FALSE(network.connecting(client));
  EXPECT_EQ(network.take_error(client), -ECONNREFUSED);
}

TEST_F(SimNetworkTest, RefusalCanBeInjected) {
  listen();
  network.refuse_connects(beta, 1.0);
  client = dial();
  run(milliseconds(30));
  EXPECT_EQ(network.take_error(client), -ECONNREFUSED);
}

TEST_F(SimNetworkTest, FullBacklogMakesDiallersWait) {
  listener = listen(1);
  std::vector<NetId> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(dial());
  run(milliseconds(500));
  const auto connecting = [&] {
    return std::ranges::count_if(clients, [&](NetId id) { return network.connecting(id); });
  };
  EXPECT_EQ(connecting(), 2);
  while (network.accept(listener) > 0) {
  }
  run(seconds(10));
  EXPECT_EQ(connecting(), 0);
}

TEST_F(SimNetworkTest, AddressIsInUseOnlyOnce) {
  listen();
  const auto second = network.listen(beta, network.endpoint(beta, 7000), {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().os_errno, EADDRINUSE);
  EXPECT_TRUE(network.listen(alpha, network.endpoint(alpha, 7000), {}).has_value());
}

TEST_F(SimNetworkTest, StatsCountAFinAsOneByte) {
  establish();
  network.shutdown_send(client);
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 1U);
  run(milliseconds(50));
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 0U);
}

TEST_F(SimNetworkTest, LaneHoldsBackUnsentBytes) {
  network.options().lane_notsent_lowat_bytes = 4096;
  establish(SocketUse::lane);
  std::size_t accepted = 0;
  for (int i = 0; i < 50; ++i, run(milliseconds(10))) accepted += stuff(client);
  EXPECT_EQ(network.stats(client).unsent_bytes, 4096U);
  EXPECT_EQ(accepted, 64 * kKiB + 4096);
}

}  // namespace
}  // namespace longthrow::sim
