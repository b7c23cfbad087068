// SPDX-License-Identifier: Apache-2.0
// Cuts, black holes, clogs.
#include "tests/sim/network_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

using SimFaultTest = NetworkFixture;

TEST_F(SimFaultTest, CutHoldsBytesAndTheHealDeliversThemOnce) {
  establish();
  network.cut(alpha, beta, world.now() + seconds(5));
  const std::string text = "across the cut";
  write(client, text);
  run(seconds(4));
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, text.size());
  EXPECT_EQ(read_all(server), "");
  EXPECT_EQ(last, -EAGAIN);
  run(seconds(8));
  EXPECT_EQ(read_all(server), text);
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 0U);
}

TEST_F(SimFaultTest, ATurnedBitIsOneOfTheNextBytesThatArrive) {
  establish();
  network.turn_bit(network.connections_between(alpha, beta).front(), 0, 11);
  for (const char* expected : {"aja", "aba"}) {  // the third bit of the second byte
    write(client, "aba");
    run(seconds(1));
    EXPECT_EQ(read_all(server), expected);
  }
}

TEST_F(SimFaultTest, ManyCutsUnderLoadKeepTheOrder) {
  establish();
  std::string sent;
  std::string got;
  RandomStream random = world.stream("test");
  for (int i = 0; i < 4000; ++i) {
    const std::string text = std::to_string(i) + std::string(random.below(400), 'x') + ";";
    const int taken = write(client, text);
    if (taken > 0) sent.append(text, 0, static_cast<std::size_t>(taken));
    if (random.chance(0.01)) {
      const TimePoint until = world.now() + milliseconds(random.below(300));
      if (random.chance(0.5)) network.cut_one_way(alpha, beta, until);
      if (random.chance(0.5)) network.cut_one_way(beta, alpha, until);
    }
    run(milliseconds(random.below(10)));
    if (random.chance(0.3)) got += read_all(server);
  }
  network.shutdown_send(client);
  for (int i = 0; i < 100; ++i, run(seconds(1))) got += read_all(server);
  EXPECT_EQ(last, 0);
  EXPECT_EQ(got, sent);
  EXPECT_GT(network.counters().segments_dropped, 50U);
}

TEST_F(SimFaultTest, ConnectDuringACutSucceedsWhenItHealsSoonAndElseTimesOut) {
  listener = listen();
  network.cut(alpha, beta, world.now() + seconds(2));
  client = dial();
  run(seconds(5));
  EXPECT_FALSE(network.connecting(client));
  EXPECT_EQ(network.take_error(client), 0);
  network.cut(alpha, beta, world.now() + seconds(1000));
  const NetId other = dial();
  run(seconds(120));
  EXPECT_TRUE(network.connecting(other));
  run(seconds(20));
  EXPECT_EQ(network.take_error(other), -ETIMEDOUT);
}

TEST_F(SimFaultTest, BlackHoleIsHalfOpenUntilTheSenderGivesUp) {
  network.options().give_up_after = seconds(30);
  establish();
  network.blackhole(network.connections_between(alpha, beta).at(0), kNever);
  write(client, "lost");
  run(seconds(25));
  read_all(client);
  EXPECT_EQ(last, -EAGAIN);
  run(seconds(60));
  read_all(client);
  EXPECT_EQ(last, -ETIMEDOUT);
  read_all(server);
  EXPECT_EQ(last, -EAGAIN);  // wrote nothing, noticed nothing
}

TEST_F(SimFaultTest, KeepAliveEndsAnIdleLaneButNotALeg) {
  establish(SocketUse::lane);
  network.blackhole(network.connections_between(alpha, beta).at(0), kNever);
  run(seconds(90));
  read_all(client);
  EXPECT_EQ(last, -ETIMEDOUT);
}

TEST_F(SimFaultTest, IdleLaneLivesForEverOnAGoodPath) {
  establish(SocketUse::lane);
  run(seconds(1000));
  read_all(client);
  EXPECT_EQ(last, -EAGAIN);
}

TEST_F(SimFaultTest, CloggedConnectionIsOvertakenByAnother) {
  establish();
  const NetId client2 = dial();
  run(milliseconds(50));
  const NetId server2 = network.accept(listener);
  network.clog(network.connections_between(alpha, beta).at(0), 0, world.now() + seconds(3));
  write(client, "first");
  write(client2, "second");
  run(seconds(1));
  EXPECT_EQ(read_all(server), "");
  EXPECT_EQ(read_all(server2), "second");
  run(seconds(3));
  EXPECT_EQ(read_all(server), "first");
}

TEST_F(SimFaultTest, WindowUpdateLostInACutIsHealedByProbes) {
  establish();
  for (int i = 0; i < 50; ++i, run(milliseconds(10))) stuff(client);
  network.cut_one_way(beta, alpha, world.now() + seconds(2));
  EXPECT_EQ(read_all(server).size(), 64 * kKiB);
  run(seconds(30));
  EXPECT_EQ(read_all(server).size(), 64 * kKiB);
}

TEST_F(SimFaultTest, HealEndsCutsAndRefusals) {
  listener = listen();
  network.refuse_connects(beta, 1.0);
  network.cut(alpha, beta, world.now() + seconds(1000));
  network.heal();
  EXPECT_FALSE(network.is_cut(alpha, beta));
  client = dial();
  run(milliseconds(50));
  EXPECT_EQ(network.take_error(client), 0);
  EXPECT_GT(network.accept(listener), 0);
}

}  // namespace
}  // namespace longthrow::sim
