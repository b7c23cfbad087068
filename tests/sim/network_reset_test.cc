// SPDX-License-Identifier: Apache-2.0
// Resets, as Linux has them (see tcp_endpoint.h), and deaths.
#include "tests/sim/network_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

using SimResetTest = NetworkFixture;

TEST_F(SimResetTest, DestroysWhatTheSenderHasQueued) {
  establish();
  const std::size_t accepted = stuff(client);
  network.close(client, CloseMode::reset);
  run(seconds(1));
  const std::string got = read_all(server);
  EXPECT_LE(got.size(), accepted);
  EXPECT_EQ(last, -ECONNRESET);
}

TEST_F(SimResetTest, ResetOfAFullPipeLosesTheUnsentPart) {
  establish();
  std::size_t accepted = 0;
  for (int i = 0; i < 50; ++i, run(milliseconds(10))) accepted += stuff(client);
  network.close(client, CloseMode::reset);
  run(seconds(1));
  EXPECT_EQ(accepted, 128 * kKiB);
  EXPECT_EQ(read_all(server).size(), 64 * kKiB);
  EXPECT_EQ(last, -ECONNRESET);
}

TEST_F(SimResetTest, UnreadDataSurvivesThePeersResetThenTheErrorComesOnce) {
  establish();
  write(client, "data");
  run(milliseconds(50));
  network.close(client, CloseMode::reset);
  run(milliseconds(50));
  EXPECT_EQ(read_all(server), "data");
  EXPECT_EQ(last, -ECONNRESET);
  EXPECT_EQ(read_all(server), "");
  EXPECT_EQ(last, 0);
  EXPECT_EQ(write(server, "x"), -EPIPE);
}

TEST_F(SimResetTest, WriteThatTakesTheErrorLeavesTheReaderAnEnd) {
  establish();
  network.close(client, CloseMode::reset);
  run(milliseconds(50));
  EXPECT_EQ(write(server, "x"), -ECONNRESET);
  read_all(server);
  EXPECT_EQ(last, 0);
}

TEST_F(SimResetTest, AfterAFinTheReaderSeesTheEndAndTheWriterAPipeError) {
  establish();
  network.shutdown_send(client);
  run(milliseconds(50));
  network.reset_connection(network.connections_between(alpha, beta).at(0));
  EXPECT_EQ(write(server, "x"), -EPIPE);
  read_all(server);
  EXPECT_EQ(last, 0);
}

TEST_F(SimResetTest, CloseWithUnreadDataResets) {
  establish();
  write(server, "unread");
  run(milliseconds(50));
  write(client, "lost or not");
  EXPECT_FALSE(network.close(client, CloseMode::graceful));
  run(milliseconds(50));
  read_all(server);
  EXPECT_EQ(last, -ECONNRESET);
}

TEST_F(SimResetTest, DataForAClosedSocketIsAnsweredByReset) {
  establish();
  EXPECT_TRUE(network.close(client, CloseMode::graceful));
  run(milliseconds(50));
  EXPECT_EQ(write(server, "late"), 4);
  run(milliseconds(50));
  EXPECT_EQ(write(server, "later"), -EPIPE);
}

TEST_F(SimResetTest, UnacknowledgedKeepsItsLastValue) {
  establish();
  for (int i = 0; i < 50; ++i, run(milliseconds(10))) stuff(client);
  network.close(server, CloseMode::reset);
  run(milliseconds(50));
  EXPECT_EQ(network.stats(client).unacknowledged_bytes, 64 * kKiB);
}

TEST_F(SimResetTest, ProcessDeathResetsLegsAndFinishesLanes) {
  establish(SocketUse::leg);
  network.close_dead(client);
  run(milliseconds(50));
  read_all(server);
  EXPECT_EQ(last, -ECONNRESET);
  network.close(listener, CloseMode::graceful);
  establish(SocketUse::lane);
  network.close_dead(client);
  run(milliseconds(50));
  read_all(server);
  EXPECT_EQ(last, 0);
}

TEST_F(SimResetTest, MachineDeathTellsNobodyUntilItIsBack) {
  establish();
  network.power_off(alpha);
  EXPECT_EQ(network.sockets_on(alpha), 0U);
  EXPECT_EQ(write(server, "anyone?"), 7);
  run(seconds(5));
  read_all(server);
  EXPECT_EQ(last, -EAGAIN);
  network.power_on(alpha);
  run(seconds(20));
  read_all(server);
  EXPECT_EQ(last, -ECONNRESET);
}

TEST_F(SimResetTest, ClosedListenerResetsWhatNobodyAccepted) {
  listener = listen();
  client = dial();
  run(milliseconds(50));
  network.close(listener, CloseMode::graceful);
  run(milliseconds(50));
  read_all(client);
  EXPECT_EQ(last, -ECONNRESET);
  EXPECT_EQ(network.sockets_on(beta), 0U);
}

}  // namespace
}  // namespace longthrow::sim
