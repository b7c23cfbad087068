// SPDX-License-Identifier: Apache-2.0
// How streams end: cleanly only when they did, by reset when they were aborted, and never while the
// kernel still has an operation.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "proxy/io/socket.h"
#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

using LoopEnd = LoopTest;
LT_FOR_BOTH_BACKENDS(LoopEnd);

TEST_P(LoopEnd, AHalfCloseLeavesTheOtherDirectionOpen) {
  const Pair pair = connected_pair();
  send(pair.client, "question");
  loop().shutdown_send(pair.client);
  std::string got;
  EXPECT_EQ(receive_all(pair.server, got), 0);
  EXPECT_EQ(got, "question");
  EXPECT_EQ(send(pair.server, "answer"), 6);
  loop().shutdown_send(pair.server);
  EXPECT_EQ(receive_all(pair.client, got), 0);
  EXPECT_EQ(got, "questionanswer");
}

TEST_P(LoopEnd, AResetIsSeenAsOne) {
  const Pair pair = connected_pair();
  close(pair.client, CloseMode::reset);
  std::string got;
  EXPECT_EQ(receive(pair.server, got), -ECONNRESET);
  EXPECT_EQ(receive(pair.server, got), -ECONNRESET);  // and again: it never turns into an end
}

TEST_P(LoopEnd, AResetReachesAPendingReceive) {
  const Pair pair = connected_pair();
  Awaited receiving;
  std::string room(100, '\0');
  loop().receive(receiving.op, pair.server, room_in(room));
  run_for(std::chrono::milliseconds(5));
  close(pair.client, CloseMode::reset);
  finish(receiving);
  EXPECT_EQ(receiving.result(), -ECONNRESET);
}

// Linux tells the reset to one call only; the next receive returns 0. That is no clean end.
TEST_P(LoopEnd, AResetThatASendHeardOfIsNotACleanEndForTheReceiver) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  peer.reset();
  run_for(std::chrono::milliseconds(5));
  EXPECT_EQ(send(socket, "x"), -ECONNRESET);
  std::string got;
  EXPECT_EQ(receive(socket, got), -ECONNRESET);
  EXPECT_EQ(send(socket, "x"), -ECONNRESET);
}

// The same with a send that is partly done: its result says the part, and hides the error.
TEST_P(LoopEnd, AResetInTheMiddleOfASendIsNotACleanEndForTheReceiver) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  const std::string all = pattern(16 * kMiB);
  Awaited sending;
  const ByteView piece = bytes_of(all);
  loop().send(sending.op, socket, std::span(&piece, 1));
  run_for(std::chrono::milliseconds(50));
  peer.reset();
  finish(sending);
  EXPECT_LT(sending.result(), static_cast<int>(all.size()));
  std::string got;
  EXPECT_EQ(receive(socket, got), -ECONNRESET);
}

// The source sent everything and went away; our writing back to it fails, its stream is still
// whole.
TEST_P(LoopEnd, AFailedSendDoesNotSpoilTheStreamOfASourceThatHasGone) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  peer.write("the whole stream");
  peer.close();
  run_for(std::chrono::milliseconds(5));
  send(socket, "x");
  run_for(std::chrono::milliseconds(5));
  EXPECT_LT(send(socket, "x"), 0);
  std::string got;
  EXPECT_EQ(receive_all(socket, got), 0);
  EXPECT_EQ(got, "the whole stream");
}

TEST_P(LoopEnd, CancelledOperationsComplete) {
  const Pair pair = connected_pair();
  Awaited receiving;
  std::string room(100, '\0');
  loop().receive(receiving.op, pair.server, room_in(room));
  run_for(std::chrono::milliseconds(5));
  loop().cancel(receiving.op);
  EXPECT_TRUE(receiving.op.in_flight());
  finish(receiving);
  EXPECT_EQ(receiving.results, std::vector{-ECANCELED});
  loop().cancel(receiving.op);  // no effect any more
}

TEST_P(LoopEnd, ACancelledReceiveLosesNothing) {
  const Pair pair = connected_pair();
  Awaited receiving;
  std::string room(100, '\0');
  loop().receive(receiving.op, pair.server, room_in(room));
  loop().cancel(receiving.op);
  finish(receiving);
  std::string got;
  send(pair.client, "later");
  EXPECT_EQ(receive(pair.server, got), 5);
}

TEST_P(LoopEnd, ACancelledWaitLeavesTheSocketUsable) {
  const Pair pair = connected_pair();
  Awaited waiting;
  loop().wait_readable(waiting.op, pair.server);
  run_for(std::chrono::milliseconds(5));
  loop().cancel(waiting.op);
  finish(waiting);
  EXPECT_EQ(waiting.result(), -ECANCELED);
  std::string got;
  send(pair.client, "later");
  EXPECT_EQ(receive(pair.server, got), 5);
}

// 4 MiB queued, and the peer has sent what we never read: a bare close(2) would reset and lose it.
TEST_P(LoopEnd, AGracefulCloseDeliversWhatIsQueuedThoughBytesAreUnread) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  peer.write(pattern(100'000));
  const std::string all = pattern(kMiB);
  ASSERT_EQ(send(socket, all), static_cast<int>(all.size()));
  close(socket);
  peer.write("and more after the close");
  std::string got;
  int error = 0;
  std::thread reader([&] { got = peer.read_all(error, 2000); });
  run_for(std::chrono::milliseconds(300));
  reader.join();
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(got == all);
}

TEST_P(LoopEnd, AGracefulCloseAfterAHalfCloseIsClean) {
  Socket socket;
  RawSocket peer = raw_peer(socket);
  send(socket, "bye");
  loop().shutdown_send(socket);
  close(socket);
  int error = 0;
  EXPECT_EQ(peer.read_all(error), "bye");
  EXPECT_EQ(error, 0);
}

// Who counts on an end in the queue takes its byte for one that was acknowledged.
TEST_P(LoopEnd, AHalfCloseSaysWhetherAnEndIsInTheQueue) {
  for (const bool dead : {false, true}) {
    Socket socket;
    RawSocket peer = raw_peer(socket);
    send(socket, pattern(1000));
    if (dead) {
      peer.reset();
      run_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(loop().shutdown_send(socket), !dead);
    close(socket, CloseMode::reset);
  }
}

TEST_P(LoopEnd, AnOwnerMayBeDestroyedInItsOwnHandler) {
  const Pair pair = connected_pair();
  struct Owner {
    Awaited receiving;
    std::string room = std::string(100, '\0');
  };
  auto owner = std::make_unique<Owner>();
  bool gone = false;
  owner->receiving.then = [&](int) {
    close(pair.server);
    const auto keep = std::move(owner->receiving.then);  // this very function
    owner.reset();
    gone = true;
  };
  loop().receive(owner->receiving.op, pair.server, room_in(owner->room));
  send(pair.client, "x");
  run_until([&] { return gone; });
}

TEST_P(LoopEnd, AHandlerMayEndItsNeighbour) {
  const Pair one = connected_pair();
  const Pair two = connected_pair();
  std::string room_one(10, '\0');
  std::string room_two(10, '\0');
  Awaited first;
  Awaited second;
  first.then = [&](int result) {
    if (result > 0) close(two.server, CloseMode::reset);
  };
  second.then = [&](int result) {
    if (result > 0) close(one.server, CloseMode::reset);
  };
  loop().receive(first.op, one.server, room_in(room_one));
  loop().receive(second.op, two.server, room_in(room_two));
  send(one.client, "x");
  send(two.client, "x");
  finish(first);
  finish(second);
}

TEST_P(LoopEnd, DestroyingTheLoopCompletesWhatIsInFlight) {
  const Pair pair = connected_pair();
  const Socket listener = listen_anywhere();
  std::string room(10, '\0');
  Awaited receiving;
  Awaited accepting;
  loop().receive(receiving.op, pair.server, room_in(room));
  loop().accept(accepting.op, listener);
  run_for(std::chrono::milliseconds(5));
  destroy_loop();
  EXPECT_EQ(receiving.results, std::vector{-ECANCELED});
  EXPECT_EQ(accepting.results, std::vector{-ECANCELED});
}

// A daemon in a child process, with an accepted leg, one in the backlog and one it connected, is
// killed: nobody may take that for an end of the stream.
TEST_P(LoopEnd, AKilledOwnerResetsItsLegs) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const RawSocket target(fd);
  Address here = to_sockaddr(parse_endpoint("127.0.0.1:0").value());
  ASSERT_EQ(::bind(fd, here.get(), here.length), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  int ports[2];
  ASSERT_EQ(::pipe2(ports, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto made = make_loop(GetParam());
    Loop& own = *made->loop;
    Awaited accepting;
    Awaited connecting;
    const Socket listener = own.listen(parse_endpoint("127.0.0.1:0").value(), {}).value();
    const Endpoint address = own.local_endpoint(listener).value();
    accepting.then = [&](int socket) {
      if (socket < 0) return;  // the cancel below
      own.shutdown_send(Socket{socket});
      own.cancel(accepting.op);
    };
    own.accept(accepting.op, listener);
    (void)own.connect(connecting.op, local_address(fd).value(), {}).value();
    if (::write(ports[1], &address.port, sizeof address.port) < 0) ::_exit(1);
    own.run();
    ::_exit(1);
  }
  Endpoint address = parse_endpoint("127.0.0.1:0").value();
  ASSERT_EQ(::read(ports[0], &address.port, sizeof address.port),
            static_cast<ssize_t>(sizeof address.port));
  ::close(ports[0]);
  ::close(ports[1]);
  RawSocket accepted = raw_connect(address);
  char byte = 0;
  ASSERT_EQ(::recv(accepted.fd(), &byte, 1, 0), 0);  // the half-close worked
  RawSocket queued = raw_connect(address);
  RawSocket dialled(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  int error = 0;
  (void)queued.read_all(error);
  EXPECT_EQ(error, ECONNRESET);
  (void)dialled.read_all(error);
  EXPECT_EQ(error, ECONNRESET);
  ::usleep(10'000);
  EXPECT_LT(::send(accepted.fd(), &byte, 1, MSG_NOSIGNAL), 0);  // the rest of it was reset, too
}

}  // namespace
}  // namespace longthrow
