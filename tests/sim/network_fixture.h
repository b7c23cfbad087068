// SPDX-License-Identifier: Apache-2.0
// Two hosts, one connection, and verbs to use it: for the tests of the simulated network itself.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/sim/network.h"

namespace longthrow::sim {

class NetworkFixture : public ::testing::Test {
 protected:
  static constexpr Duration kLatency = std::chrono::milliseconds(10);

  void SetUp() override {
    alpha = network.add_host("alpha", "10.0.0.1");
    beta = network.add_host("beta", "10.0.0.2");
    network.set_path(alpha, beta, {.latency_min = kLatency, .latency_mean = kLatency});
  }
  static NetworkOptions exact_sizes() {
    NetworkOptions options;
    options.send_buffer_bytes_min = options.send_buffer_bytes_max = 64 * kKiB;
    options.receive_buffer_bytes_min = options.receive_buffer_bytes_max = 64 * kKiB;
    options.segment_bytes_max = 16 * kKiB;
    return options;
  }

  NetId listen(int backlog = 8, SocketUse use = SocketUse::leg) {
    auto socket =
        network.listen(beta, network.endpoint(beta, 7000), {.use = use, .backlog = backlog});
    EXPECT_TRUE(socket.has_value());
    return *socket;
  }
  NetId dial(SocketUse use = SocketUse::leg) {
    auto socket = network.connect(alpha, network.endpoint(beta, 7000), {.use = use});
    EXPECT_TRUE(socket.has_value());
    return *socket;
  }
  // Leaves `client` and `server` connected.
  void establish(SocketUse use = SocketUse::leg) {
    listener = listen(8, use);
    client = dial(use);
    const auto accepted = [this] { return (server = network.accept(listener)) > 0; };
    ASSERT_TRUE(world.run_until(accepted, world.now() + std::chrono::seconds(10)));
    ASSERT_FALSE(network.connecting(client));
  }
  void run(Duration time) { world.run_for(time); }

  int write(NetId socket, const std::string& text) {
    return network.write(socket, std::as_bytes(std::span(text)));
  }
  // Writes until the socket takes no more.
  std::size_t stuff(NetId socket) {
    const std::vector<std::byte> block(10'000, std::byte{0x5a});
    std::size_t total = 0;
    for (int n = 0; (n = network.write(socket, block)) > 0;) total += static_cast<std::size_t>(n);
    return total;
  }
  int read_into(NetId socket, std::string& text, std::size_t most = 100'000) {
    std::string buffer(most, '\0');
    const int result = network.read(socket, std::as_writable_bytes(std::span(buffer)));
    if (result > 0) text.append(buffer, 0, static_cast<std::size_t>(result));
    return result;
  }
  // Reads all that is there; `last` is what ended it.
  std::string read_all(NetId socket) {
    std::string text;
    do last = read_into(socket, text);
    while (last > 0);
    return text;
  }

  SimWorld world{42};
  SimNetwork network{world, exact_sizes()};
  HostId alpha = -1;
  HostId beta = -1;
  NetId listener = 0;
  NetId client = 0;
  NetId server = 0;
  int last = 0;
};

}  // namespace longthrow::sim
