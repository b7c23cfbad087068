// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/resolver.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace longthrow {
namespace {

// A name server that does not answer for hosts called "silent..." until let_go().
class Server {
 public:
  LookUp operator()(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++asked_[host];
    if (host.starts_with("silent")) changed_.wait(lock, [this] { return gone_; });
    LookUp found;
    found.endpoints = {*parse_endpoint("192.0.2.9:0")};
    return found;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }
  int asked(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return asked_[host];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool gone_ = false;
  std::map<std::string, int> asked_;
};

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    EXPECT_TRUE(mailbox_.open().has_value());
    resolver_.emplace(
        mailbox_, [this](LookUp found) { answers_[found.id] = std::move(found); },
        [server = server_](const std::string& host) { return (*server)(host); });
  }
  ~ResolverTest() override {
    server_->let_go();
    resolver_.reset();
  }
  void ask(std::uint64_t id, const std::string& host) {
    resolver_->ask(id, {.host = host, .port = static_cast<std::uint16_t>(id)});
  }
  bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) {
      std::vector<Loop::Task> tasks;
      mailbox_.take(tasks);
      for (Loop::Task& task : tasks) task();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return done();
  }
  bool answered(std::uint64_t id) {
    return wait_for([&] { return answers_.contains(id); });
  }

  Mailbox mailbox_;
  std::map<std::uint64_t, LookUp> answers_;
  std::shared_ptr<Server> server_ = std::make_shared<Server>();  // outlives its threads
  std::optional<Resolver> resolver_;
};

TEST_F(ResolverTest, SilentNamesDoNotStarveTheOthers) {
  constexpr int kSilent = Resolver::kThreadsMax - 1;
  std::uint64_t id = 1;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < kSilent; ++i) ask(id++, "silent" + std::to_string(i));
  }
  ask(1000, "known");
  ASSERT_TRUE(answered(1000));
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_EQ(to_string(answers_[1000].endpoints.at(0)), "192.0.2.9:1000");
}

TEST_F(ResolverTest, WhoAsksForANameUnderWayGetsThatAnswer) {
  ask(1, "silent");
  ASSERT_TRUE(wait_for([&] { return server_->asked("silent") == 1; }));
  ask(2, "silent");
  ask(3, "silent");
  server_->let_go();
  for (const std::uint64_t id : {1, 2, 3}) {
    ASSERT_TRUE(answered(id));
    EXPECT_EQ(answers_[id].endpoints.at(0).port, id);
  }
  EXPECT_EQ(server_->asked("silent"), 1);
}

TEST_F(ResolverTest, NumericAddressesNeverQueue) {
  for (int i = 0; i <= Resolver::kThreadsMax; ++i) {
    ask(static_cast<std::uint64_t>(i + 1), "silent" + std::to_string(i));
  }
  ask(1000, "192.0.2.7");
  ask(1001, "2001:db8::7");
  ASSERT_TRUE(answered(1000) && answered(1001));
  EXPECT_EQ(to_string(answers_[1000].endpoints.at(0)), "192.0.2.7:1000");
  EXPECT_EQ(to_string(answers_[1001].endpoints.at(0)), "[2001:db8::7]:1001");
}

// Who asked has given up by then, and asks again.
TEST_F(ResolverTest, AnAnswerThatWasSlowIsKeptForTheNextWhoAsks) {
  ask(1, "silent");
  std::this_thread::sleep_for(Resolver::kSlow + std::chrono::milliseconds(50));
  server_->let_go();
  ASSERT_TRUE(answered(1));
  ask(2, "silent");
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(server_->asked("silent"), 1);
  ask(3, "quick");
  ASSERT_TRUE(answered(3));
  ask(4, "quick");
  ASSERT_TRUE(answered(4));
  EXPECT_EQ(server_->asked("quick"), 2);
}

}  // namespace
}  // namespace longthrow
