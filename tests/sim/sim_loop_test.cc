// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/sim/sim_random.h"
#include "tests/sim/sim_worker_pool.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

// An operation that remembers what came of it.
struct Recorded {
  Recorded() { op.bind<&Recorded::on_done>(this); }
  void on_done(int result) { results.push_back(result); }
  [[nodiscard]] int last() const { return results.empty() ? INT_MIN : results.back(); }
  Operation op;
  std::vector<int> results;
};
struct Alarm {
  Alarm() { timer.bind<&Alarm::on_fire>(this); }
  void on_fire() {
    ++fired;
    if (then) then();
  }
  Timer timer;
  int fired = 0;
  std::function<void()> then;
};

// Reads a socket until its end.
struct Drain {
  Drain(SimLoop& loop_, Socket socket_) : loop(loop_), socket(socket_) {
    op.bind<&Drain::on_done>(this);
  }
  void start() { loop.receive(op, socket, buffer); }
  void on_done(int result) {
    if (result <= 0) return;
    total += static_cast<std::size_t>(result);
    start();
  }
  SimLoop& loop;
  Socket socket;
  Operation op;
  std::size_t total = 0;
  std::vector<std::byte> buffer{64 * kKiB};
};

class SimLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    network.set_path(alpha, beta,
                     {.latency_min = milliseconds(5), .latency_mean = milliseconds(6)});
  }
  void run(Duration time = milliseconds(100)) { world.run_for(time); }
  // Leaves `near` (of the first loop) and `far` (of the second) connected.
  void establish(SocketUse use = SocketUse::leg) {
    listener = *loop2->listen(network.endpoint(beta, 0), {.use = use});
    loop2->accept(accepting.op, listener);
    near = *loop1->connect(connecting.op, *loop2->local_endpoint(listener), {.use = use});
    run();
    ASSERT_EQ(connecting.last(), 0);
    ASSERT_GE(accepting.last(), 0);
    far = Socket{accepting.last()};
  }
  void send(SimLoop& loop, Recorded& done, Socket socket, const std::string& text) {
    const ByteView piece = std::as_bytes(std::span(text));
    loop.send(done.op, socket, std::span(&piece, 1));
  }
  std::string received(int bytes) {
    return std::string(reinterpret_cast<const char*>(buffer.data()),
                       static_cast<std::size_t>(bytes));
  }

  SimWorld world{5};
  SimNetwork network{world, {}};
  HostId alpha = network.add_host("alpha", "10.0.0.1");
  HostId beta = network.add_host("beta", "10.0.0.2");
  Recorded accepting, connecting, sending, receiving;
  std::optional<SimLoop> loop1{std::in_place, network, alpha, "one"};
  std::optional<SimLoop> loop2{std::in_place, network, beta, "two"};
  Socket listener, near, far;
  std::vector<std::byte> buffer{1000};
};

TEST_F(SimLoopTest, SendsAndReceivesAndCompletesOnlyFromTheWorld) {
  establish();
  const std::string text = "hello";
  loop2->receive(receiving.op, far, buffer);
  send(*loop1, sending, near, text);
  EXPECT_TRUE(sending.results.empty());
  run();
  EXPECT_EQ(sending.last(), 5);
  ASSERT_EQ(receiving.last(), 5);
  EXPECT_EQ(received(5), "hello");
}

TEST_F(SimLoopTest, SendWaitsForRoomAndSendsAllPieces) {
  establish();
  const std::vector<std::byte> big(3 * kMiB, std::byte{7});
  const std::vector<ByteView> pieces{ByteView(big).first(1), ByteView(big).first(0), big};
  loop1->send(sending.op, near, pieces);
  run(seconds(1));
  EXPECT_TRUE(sending.results.empty());
  Drain drain{*loop2, far};
  drain.start();
  run(seconds(5));
  EXPECT_EQ(sending.last(), static_cast<int>(big.size()) + 1);
  EXPECT_EQ(drain.total, big.size() + 1);
  loop2->kill(Death::process);
}

TEST_F(SimLoopTest, CloseCancelsWhatIsInFlightAndOnlyThenCloses) {
  establish();
  loop1->receive(receiving.op, near, buffer);
  loop1->close(near, CloseMode::graceful);
  EXPECT_TRUE(receiving.op.in_flight());
  EXPECT_EQ(loop1->sockets_open(), 1U);
  run();
  EXPECT_EQ(receiving.last(), -ECANCELED);
  EXPECT_EQ(loop1->sockets_open(), 0U);
  loop2->receive(connecting.op, far, buffer);
  run();
  EXPECT_EQ(connecting.last(), 0);
}

TEST_F(SimLoopTest, WaitReadableCompletesForDataAndForTheEnd) {
  establish();
  loop2->wait_readable(receiving.op, far);
  run();
  EXPECT_TRUE(receiving.op.in_flight());
  loop1->shutdown_send(near);
  run();
  EXPECT_EQ(receiving.last(), 0);
  loop2->receive(receiving.op, far, buffer);
  run();
  EXPECT_EQ(receiving.last(), 0);
}

TEST_F(SimLoopTest, CancelComesTooLateForAReceiveThatIsDone) {
  int data = 0;
  int cancelled = 0;
  for (int i = 0; i < 40; ++i) {
    establish();
    const std::string text = "x";
    send(*loop1, sending, near, text);
    run();
    loop2->receive(receiving.op, far, buffer);
    loop2->cancel(receiving.op);
    loop2->cancel(receiving.op);
    run();
    ASSERT_EQ(receiving.results.size(), 1U);
    (receiving.last() == 1 ? data : cancelled) += 1;
    receiving.results.clear();
    loop1->close(near, CloseMode::reset);
    loop2->close(far, CloseMode::reset);
    loop2->close(listener, CloseMode::reset);
    run();
  }
  EXPECT_GT(data, 5);
  EXPECT_GT(cancelled, 5);
}

TEST_F(SimLoopTest, ResetOfALegIsSaidToTheReceiveAlsoWhenTheSendHadTakenIt) {
  establish();
  const std::vector<std::byte> big(5 * kMiB);
  const ByteView piece = big;
  loop1->receive(receiving.op, near, buffer);
  loop1->send(sending.op, near, std::span(&piece, 1));
  run(seconds(1));
  loop2->close(far, CloseMode::reset);
  run();
  EXPECT_GT(sending.last(), 0);
  EXPECT_LT(sending.last(), static_cast<int>(big.size()));
  EXPECT_EQ(receiving.last(), -ECONNRESET);
}

TEST_F(SimLoopTest, GracefulCloseLosesNothingToWhatThePeerStillSays) {
  establish();
  const std::vector<std::byte> big(2 * kMiB);
  const ByteView piece = big;
  loop1->send(sending.op, near, std::span(&piece, 1));
  Drain drain{*loop2, far};
  drain.start();
  world.run_until([&] { return !sending.op.in_flight(); }, world.now() + seconds(10));
  const std::string late = "unread";
  send(*loop2, receiving, far, late);
  loop1->close(near, CloseMode::graceful);
  EXPECT_EQ(loop1->sockets_open(), 0U);
  EXPECT_EQ(loop1->sockets_lingering(), 1U);
  run(seconds(1));
  EXPECT_EQ(drain.total, big.size());
  EXPECT_FALSE(drain.op.in_flight());
  EXPECT_EQ(loop1->sockets_lingering(), 0U);
}

TEST_F(SimLoopTest, KilledWhileLingeringStillEndsCleanly) {
  establish();
  network.cut(alpha, beta, world.now() + seconds(1));
  loop1->close(near, CloseMode::graceful);
  loop1->kill(Death::process);
  loop2->receive(receiving.op, far, buffer);
  run(seconds(10));
  EXPECT_EQ(receiving.last(), 0);
}

TEST_F(SimLoopTest, ConnectFailsWithTheKernelsError) {
  near = *loop1->connect(connecting.op, network.endpoint(beta, 1), {});
  run();
  EXPECT_EQ(connecting.last(), -ECONNREFUSED);
  loop1->close(near, CloseMode::reset);
  EXPECT_EQ(loop1->sockets_open(), 0U);
}

TEST_F(SimLoopTest, TasksRunInTheOrderOfPosting) {
  std::string order;
  for (char c = 'a'; c < 'k'; ++c) loop1->post([&order, c] { order += c; });
  EXPECT_EQ(order, "");
  run();
  EXPECT_EQ(order, "abcdefghij");
}

TEST_F(SimLoopTest, TimersFireOnceNotEarlyAndNotAfterDisarm) {
  Alarm first, second;
  loop1->arm(first.timer, loop1->now() + milliseconds(10));
  loop1->arm(second.timer, loop1->now() + milliseconds(10));
  loop1->arm(first.timer, loop1->now() + milliseconds(20));
  first.then =
      second.then = [&] { EXPECT_GE(loop1->now(), first.timer.deadline() - milliseconds(10)); };
  run(milliseconds(15));
  EXPECT_EQ(first.fired, 0);
  EXPECT_EQ(second.fired, 1);
  loop1->disarm(first.timer);
  run();
  EXPECT_EQ(first.fired, 0);
  loop1->arm(first.timer, loop1->now() - seconds(1));
  loop1->arm(second.timer, kNever);
  run();
  EXPECT_EQ(first.fired, 1);
  loop1->disarm(second.timer);
  EXPECT_EQ(loop1->timers_armed(), 0U);
}

TEST_F(SimLoopTest, TimerDisarmedByAnotherOfTheSameTurnDoesNotFire) {
  for (int i = 0; i < 20; ++i) {
    Alarm first, second;
    first.then = [&] { loop1->disarm(second.timer); };
    second.then = [&] { loop1->disarm(first.timer); };
    loop1->arm(first.timer, loop1->now());
    loop1->arm(second.timer, loop1->now());
    run();
    EXPECT_EQ(first.fired + second.fired, 1);
  }
}

TEST_F(SimLoopTest, StalledProcessDoesNothingUntilItWakes) {
  Alarm alarm;
  loop1->arm(alarm.timer, loop1->now() + milliseconds(1));
  loop1->stall(world.now() + seconds(2));
  run(seconds(1));
  EXPECT_EQ(alarm.fired, 0);
  run(seconds(2));
  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(SimLoopTest, ResolvesNumbersAndNamesAndSaysWhyNot) {
  NameTable names;
  names.names["beta.example"] = {network.endpoint(beta, 0)};
  SimLoop loop(network, alpha, "names", {.names = &names});
  Resolution numeric, known, unknown;
  Recorded result[3];
  int index = 0;
  for (Resolution* resolution : {&numeric, &known, &unknown}) {
    resolution->operation.bind<&Recorded::on_done>(&result[index++]);
  }
  loop.resolve(numeric, {"10.0.0.2", 80});
  loop.resolve(known, {"beta.example", 81});
  loop.resolve(unknown, {"gamma.example", 82});
  run();
  EXPECT_EQ(numeric.endpoints.at(0), network.endpoint(beta, 80));
  EXPECT_EQ(known.endpoints.at(0), network.endpoint(beta, 81));
  EXPECT_LT(result[2].last(), 0);
  EXPECT_FALSE(unknown.error.empty());
}

TEST_F(SimLoopTest, KillTakesEverythingOutOfFlightSilently) {
  establish();
  Alarm alarm;
  Resolution resolution;
  Recorded resolving;
  resolution.operation.bind<&Recorded::on_done>(&resolving);
  auto guard = std::make_unique<int>(1);
  loop1->receive(receiving.op, near, buffer);
  loop1->arm(alarm.timer, loop1->now());
  loop1->resolve(resolution, {"10.0.0.2", 80});
  loop1->post([held = std::move(guard)] { FAIL() << "ran after death"; });
  loop1->kill(Death::process);
  loop1->close(near, CloseMode::graceful);
  EXPECT_FALSE(receiving.op.in_flight() || alarm.timer.armed() || resolution.operation.in_flight());
  loop2->receive(sending.op, far, buffer);
  run();
  EXPECT_TRUE(receiving.results.empty() && resolving.results.empty());
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(sending.last(), -ECONNRESET);  // a leg
}

TEST_F(SimLoopTest, KillFromInsideAHandlerStopsTheTurn) {
  Alarm alarm, other;
  alarm.then = other.then = [&] { loop1->kill(Death::process); };
  loop1->arm(alarm.timer, loop1->now());
  loop1->arm(other.timer, loop1->now());
  run();
  EXPECT_EQ(alarm.fired + other.fired, 1);
}

TEST_F(SimLoopTest, DeadProcessFinishesItsLanesAndARestartCanListenAgain) {
  establish(SocketUse::lane);
  const Endpoint local = *loop2->local_endpoint(listener);
  loop1->receive(receiving.op, near, buffer);
  loop2->kill(Death::process);
  loop2.emplace(network, beta, "two again");
  EXPECT_TRUE(loop2->listen(local, {}).has_value());
  run();
  EXPECT_EQ(receiving.last(), 0);
}

TEST_F(SimLoopTest, DeadMachineIsSilent) {
  establish(SocketUse::lane);
  loop1->receive(receiving.op, near, buffer);
  loop2->kill(Death::machine);
  run(seconds(5));
  EXPECT_TRUE(receiving.op.in_flight());
}

TEST(SimRandom, FillsAnyLengthFromItsSeed) {
  SimRandom a(RandomStream(1)), b(RandomStream(1)), c(RandomStream(2));
  std::vector<std::byte> x(13), y(13), z(13);
  a.fill(x);
  b.fill(y);
  c.fill(z);
  EXPECT_EQ(x, y);
  EXPECT_NE(x, z);
}

struct CountedJob : Job {
  void run() noexcept override { ++runs; }
  void finish() noexcept override {
    EXPECT_EQ(runs, 1);
    order->push_back(number);
  }
  int runs = 0;
  int number = 0;
  std::vector<int>* order = nullptr;
};

TEST_F(SimLoopTest, WorkersRunEachJobOnceAndFinishOutOfOrder) {
  SimWorkerPool pool(*loop1, world, "pool", {.threads = 3});
  std::vector<int> order;
  std::vector<CountedJob> jobs(30);
  for (int i = 0; i < 30; ++i) {
    jobs[static_cast<std::size_t>(i)].number = i;
    jobs[static_cast<std::size_t>(i)].order = &order;
    pool.submit(jobs[static_cast<std::size_t>(i)]);
  }
  EXPECT_TRUE(order.empty());
  run();
  EXPECT_EQ(pool.jobs_under_way(), 0U);
  EXPECT_FALSE(std::ranges::is_sorted(order));
  std::ranges::sort(order);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(order.at(static_cast<std::size_t>(i)), i);
}

TEST_F(SimLoopTest, ClearedWorkersFinishNothing) {
  SimWorkerPool pool(*loop1, world, "pool");
  std::vector<int> order;
  {
    CountedJob job;
    job.order = &order;
    pool.submit(job);
    loop1->kill(Death::process);
    pool.clear();
  }
  run();
  EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace longthrow::sim
