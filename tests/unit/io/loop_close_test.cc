// SPDX-License-Identifier: Apache-2.0
// How a socket is closed while operations are pending on it.
#include <poll.h>

#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

using LoopClose = LoopTest;
LT_FOR_BOTH_BACKENDS(LoopClose);

TEST_P(LoopClose, CloseCancelsWhatIsPendingAndThenTellsThePeer) {
  for (const CloseMode mode : {CloseMode::graceful, CloseMode::reset}) {
    Socket socket;
    RawSocket peer = raw_peer(socket);
    Awaited receiving;
    std::string room(100, '\0');
    loop().receive(receiving.op, socket, room_in(room));
    run_for(std::chrono::milliseconds(5));
    close(socket, mode);
    EXPECT_TRUE(receiving.op.in_flight());
    finish(receiving);
    EXPECT_EQ(receiving.result(), -ECANCELED);
    // Were the receive still pending in the kernel, the peer would hear nothing, and this would
    // hang.
    int error = 0;
    EXPECT_EQ(peer.read_all(error), "");
    EXPECT_EQ(error, mode == CloseMode::reset ? ECONNRESET : 0);
  }
}

// The bytes that the peer's kernel hears acknowledged before the reset are counted just before the
// close. So nothing may be accepted between the two.
TEST_P(LoopClose, AResetDoesNotWaitForWhatIsPending) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  Awaited receiving;
  std::string room(100, '\0');
  loop().receive(receiving.op, socket, room_in(room));
  run_for(std::chrono::milliseconds(5));
  close(socket, CloseMode::reset);
  pollfd reset{.fd = peer.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&reset, 1, 5000), 1);  // and the loop does not run meanwhile
  EXPECT_NE(reset.revents & POLLERR, 0);
  finish(receiving);
  EXPECT_EQ(receiving.result(), -ECANCELED);
}

TEST_P(LoopClose, AClosedSocketsNumberAndMemoryAreNotTouchedAgain) {
  const Pair pair = connected_pair();
  Awaited receiving;
  std::string room(16, '.');
  loop().receive(receiving.op, pair.server, room_in(room));
  close(pair.server, CloseMode::reset);
  finish(receiving);
  const Pair next = connected_pair();  // takes over the descriptor's number
  send(next.client, "for the new one");
  std::string got;
  EXPECT_EQ(receive(next.server, got), 15);
  EXPECT_EQ(room, std::string(16, '.'));
}

TEST_P(LoopClose, CloseCancelsASend) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  const std::string all = pattern(16 * kMiB);
  Awaited sending;
  const ByteView piece = bytes_of(all);
  loop().send(sending.op, socket, std::span(&piece, 1));
  run_for(std::chrono::milliseconds(20));
  close(socket, CloseMode::reset);
  finish(sending);
  EXPECT_LT(sending.result(), static_cast<int>(all.size()));
  int error = 0;
  (void)peer.read_all(error);
  EXPECT_EQ(error, ECONNRESET);
}

TEST_P(LoopClose, AResetDestroysWhatIsQueuedAndIsNeverAnEnd) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  send(socket, pattern(kMiB));
  loop().shutdown_send(socket);
  close(socket, CloseMode::reset);
  int error = 0;
  EXPECT_LT(peer.read_all(error).size(), kMiB);
  EXPECT_EQ(error, ECONNRESET);
}

}  // namespace
}  // namespace longthrow
