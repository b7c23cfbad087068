// SPDX-License-Identifier: Apache-2.0
// The ledger on a real disk. Its loop has a clock that the test moves, and no sockets.
#include "proxy/losses/loss_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "proxy/base/log.h"
#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {
using std::chrono::seconds;

class ClockLoop final : public Loop {
 public:
  std::string_view name() const override { return "clock"; }
  TimePoint now() const override { return now_; }
  WallTime wall_now() const override {
    return WallTime(seconds(1'769'860'867) + (now_ - TimePoint{}));
  }
  Result<Socket> listen(const Endpoint&, const ListenOptions&) override { return fail("no"); }
  Result<Endpoint> local_endpoint(Socket) const override { return fail("no"); }
  Result<Endpoint> remote_endpoint(Socket) const override { return fail("no"); }
  void accept(Operation&, Socket) override {}
  Result<Socket> connect(Operation&, const Endpoint&, const ConnectOptions&) override {
    return fail("no");
  }
  void wait_readable(Operation&, Socket) override {}
  void receive(Operation&, Socket, ByteSpan) override {}
  void send(Operation&, Socket, std::span<const ByteView>) override {}
  void cancel(Operation&) override {}
  bool shutdown_send(Socket) override { return false; }
  void close(Socket, CloseMode) override {}
  SocketStats stats(Socket) const override { return {}; }
  void set_pacing_rate(Socket, std::uint64_t) override {}
  void arm(Timer& timer, TimePoint at) override {
    timer.mark_armed(at);
    timer_ = &timer;
  }
  void disarm(Timer& timer) override {
    timer.mark_disarmed();
    timer_ = nullptr;
  }
  void resolve(Resolution&, const HostPort&) override {}
  void post(Task) override {}
  void run() override {}
  void stop() override {}

  void pass(Duration time) {
    const TimePoint until = now_ + time;
    while (timer_ != nullptr && timer_->deadline() <= until) {
      now_ = std::max(now_, timer_->deadline());
      std::exchange(timer_, nullptr)->fire();
    }
    now_ = until;
  }

 private:
  TimePoint now_{};
  Timer* timer_ = nullptr;
};

// Does nothing until it is told to.
class HeldPool final : public WorkerPool {
 public:
  explicit HeldPool(int threads) : threads_(threads) {}
  int threads() const override { return threads_; }
  void submit(Job& job) override { jobs_.push_back(&job); }
  bool work() {
    if (jobs_.empty()) return false;
    Job* job = jobs_.front();
    jobs_.erase(jobs_.begin());
    job->run();
    job->finish();
    return true;
  }

 private:
  int threads_;
  std::vector<Job*> jobs_;
};

class LossLedgerTest : public ::testing::Test {
 protected:
  LossLedgerTest() {
    set_log_hook([this](LogLevel, const std::string& line) { log_ += line + "\n"; });
  }
  ~LossLedgerTest() override { set_log_hook(nullptr); }
  static Loss loss(std::uint64_t bytes, const std::string& route = "r0") {
    return {.link = "dr",
            .group = "vm1",
            .route = route,
            .reason = LossReason::takeover,
            .channels = 1,
            .bytes = bytes,
            .text = "why"};
  }
  LossReport kept_now() const {
    LossBook book;
    book.restore(parse_loss_file(read_text(file_)).kept);
    return book.report({.minor = true});
  }

  TempDir temp_;
  const std::string folder_ = temp_.path();
  const std::string file_ = loss_file_of(folder_);
  ClockLoop loop_;
  HeldPool none_{0};
  std::string log_;
};

TEST_F(LossLedgerTest, OutlivesTheProcessAndGoesOnCounting) {
  for (int run = 1; run <= 3; ++run) {
    LossLedger ledger(loop_, none_);
    ledger.open(folder_);
    ledger.note(loss(100));
    loop_.pass(seconds(1));
    ledger.close([] {});
    EXPECT_EQ(ledger.summary().losses, static_cast<std::uint64_t>(run));
    EXPECT_EQ(kept_now().losses.size(), static_cast<std::size_t>(run));
    EXPECT_EQ(kept_now().losses.back().number, static_cast<std::uint64_t>(run));
    EXPECT_EQ(ledger.summary().counts.at(0).bytes, 100U) << "of this process";
  }
  EXPECT_EQ(kept_now().since, WallTime(seconds(1'769'860'867)));
}

TEST_F(LossLedgerTest, TheDiskIsWaitedForByAWorker) {
  HeldPool pool(1);
  LossLedger ledger(loop_, pool);
  ledger.open(folder_);
  EXPECT_FALSE(std::filesystem::exists(file_));
  ASSERT_TRUE(pool.work());
  ledger.note(loss(5));
  loop_.pass(seconds(1));
  ledger.note(loss(6));
  loop_.pass(seconds(1));
  int closed = 0;
  ledger.close([&] { ++closed; });
  EXPECT_EQ(closed, 0);
  while (pool.work()) continue;
  EXPECT_EQ(closed, 1) << "told once, when all is on the disk";
  EXPECT_EQ(kept_now().losses.size(), 2U);
}

TEST_F(LossLedgerTest, AProcessThatWasKilledIsALossOfUnknownSize) {
  {
    LossLedger ledger(loop_, none_);
    ledger.open(folder_);
    ledger.note_carried();
  }
  for (int run = 0; run < 2; ++run) {
    LossLedger ledger(loop_, none_);
    ledger.open(folder_);
    const LossReport report = ledger.report({});
    ASSERT_EQ(report.losses.size(), 1U) << "said once";
    EXPECT_EQ(report.losses.front().reason, LossReason::node_killed);
    EXPECT_FALSE(report.losses.front().bytes.has_value());
  }
}

TEST_F(LossLedgerTest, OneThatCarriedNothingOrWasStoppedIsNone) {
  for (const bool carried : {false, true}) {
    LossLedger ledger(loop_, none_);
    ledger.open(folder_);
    if (!carried) continue;  // killed
    ledger.note_carried();
    ledger.close([] {});
  }
  LossLedger ledger(loop_, none_);
  ledger.open(folder_);
  EXPECT_TRUE(ledger.report({}).losses.empty());
}

TEST_F(LossLedgerTest, DamagedLinesAreSetAsideAndSaid) {
  {
    LossLedger ledger(loop_, none_);
    ledger.open(folder_);
    for (const char* route : {"a", "b", "c"}) ledger.note(loss(7, route));
    ledger.close([] {});
  }
  std::string text = read_text(file_);
  text[text.find(" b ") + 1] = 'x';
  temp_.write("losses", text);
  LossLedger ledger(loop_, none_);
  ledger.open(folder_);
  EXPECT_EQ(ledger.report({}).losses.size(), 2U);
  EXPECT_EQ(kept_now().losses.size(), 2U);
  EXPECT_EQ(read_text(file_ + ".damaged"), text);
  EXPECT_NE(log_.find("1 lines of " + file_), std::string::npos) << log_;
}

TEST_F(LossLedgerTest, ADiskThatIsGoneIsSaidOnceAndWrittenWhenItIsBack) {
  LossLedger ledger(loop_, none_);
  ledger.open(folder_);
  std::filesystem::rename(folder_, folder_ + ".gone");
  for (int i = 0; i < 5; ++i) {
    ledger.note(loss(1));
    loop_.pass(seconds(40));
  }
  EXPECT_NE(ledger.summary().not_kept, "");
  EXPECT_NE(ledger.report({}).not_kept, "");
  EXPECT_EQ(ledger.summary().bytes, 5U);
  EXPECT_NE(log_.find("not kept on the disk"), std::string::npos);
  EXPECT_EQ(log_.find("not kept on the disk"), log_.rfind("not kept on the disk"));
  std::filesystem::rename(folder_ + ".gone", folder_);
  loop_.pass(seconds(40));
  EXPECT_EQ(ledger.summary().not_kept, "");
  ledger.close([] {});
  std::uint64_t bytes = 0;
  for (const Loss& each : kept_now().losses) bytes += *each.bytes;
  EXPECT_EQ(bytes, 5U);
}

TEST_F(LossLedgerTest, TheFileStaysSmall) {
  LossLedger ledger(loop_, none_);
  ledger.open(folder_);
  for (int i = 0; i < 2500; ++i) {
    ledger.note(loss(1, "r" + std::to_string(i)));
    if (i % 25 == 24) loop_.pass(seconds(1));  // each is a sync of the disk
  }
  EXPECT_LE(kept_now().losses.size(), LossBook::kLossesMax);
  EXPECT_LT(std::filesystem::file_size(file_), 1024U * 1024U);
  EXPECT_EQ(kept_now().losses.size() + kept_now().forgotten, 2500U);
}

}  // namespace
}  // namespace longthrow
