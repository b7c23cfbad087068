// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/closing_list.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/sim/sim_loop.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;

// Has a name looked up, and is closed when it is given away.
class LookUp final : public Closable {
 public:
  explicit LookUp(std::vector<std::string>& log, std::string name)
      : log_(log), name_(std::move(name)) {
    resolution_.operation.bind<&LookUp::on_done>(this);
  }
  ~LookUp() override {
    log_.push_back("~" + name_);
    if (at_the_end) at_the_end();
  }
  void start(SimLoop& loop) { loop.resolve(resolution_, {.host = "target", .port = 1}); }
  [[nodiscard]] bool idle() const override { return !resolution_.operation.in_flight() && !held_; }
  void hold() { held_ = true; }
  void let_go() {
    held_ = false;
    tell_if_idle();
  }
  std::function<void()> in_handler;
  std::function<void()> at_the_end;

 private:
  void on_done(int) {
    log_.push_back(name_);
    if (in_handler) in_handler();
  }
  std::vector<std::string>& log_;
  const std::string name_;
  bool held_ = false;
  Resolution resolution_;
};

class ClosingListTest : public ::testing::Test {
 protected:
  using Log = std::vector<std::string>;
  std::unique_ptr<LookUp> make(const std::string& name) {
    return std::make_unique<LookUp>(log_, name);
  }
  std::unique_ptr<LookUp> started(const std::string& name) {
    auto made = make(name);
    made->start(loop_);
    return made;
  }
  void run() { world_.run_for(milliseconds(100)); }

  SimWorld world_{1};
  SimNetwork network_{world_, {}};
  NameTable names_{.names = {{"target", {*parse_endpoint("10.0.0.1:1")}}}};
  SimLoop loop_{network_, network_.add_host("alpha", "10.0.0.1"), "alpha", {.names = &names_}};
  Log log_;
  ClosingList list_{loop_, [this] { log_.emplace_back("empty"); }};
};

TEST_F(ClosingListTest, WhatIsInFlightIsWaitedForWithoutATimer) {
  list_.retire(started("a"));
  EXPECT_EQ(loop_.timers_armed(), 0U);
  run();
  EXPECT_EQ(log_, (Log{"a", "~a", "empty"}));
}

TEST_F(ClosingListTest, WhatIsIdleIsDestroyedAfterTheCallAndNotInIt) {
  list_.retire(make("a"));
  EXPECT_EQ(log_, Log{});
  run();
  EXPECT_EQ(log_, (Log{"~a", "empty"}));
}

TEST_F(ClosingListTest, OneThatIsRetiredByItsOwnHandlerOutlivesIt) {
  auto made = started("a");
  LookUp& a = *made;
  a.in_handler = [&] {
    list_.retire(std::move(made));
    log_.emplace_back("retired");
  };
  run();
  EXPECT_EQ(log_, (Log{"a", "retired", "~a", "empty"}));
}

TEST_F(ClosingListTest, OneThatBecomesIdleByACallSaysSo) {
  auto made = make("a");
  LookUp& a = *made;
  a.hold();
  list_.retire(std::move(made));
  run();
  EXPECT_EQ(log_, Log{});
  a.let_go();
  EXPECT_EQ(log_, Log{});
  run();
  EXPECT_EQ(log_, (Log{"~a", "empty"}));
}

TEST_F(ClosingListTest, WhatIsDestroyedMayRetireOthers) {
  auto made = make("a");
  made->at_the_end = [&] { list_.retire(started("b")); };
  list_.retire(std::move(made));
  run();
  EXPECT_EQ(log_, (Log{"~a", "b", "~b", "empty"}));
}

TEST_F(ClosingListTest, OneThatIsTakenOutBelongsToTheOtherList) {
  ClosingList other(loop_, [this] { log_.emplace_back("other is empty"); });
  list_.retire(started("a"));
  other.retire(list_.take_oldest());
  run();
  EXPECT_EQ(log_, (Log{"a", "~a", "other is empty"}));
}

}  // namespace
}  // namespace longthrow::sim
