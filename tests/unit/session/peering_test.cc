// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/peering.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

class CountingRandom final : public RandomSource {
 public:
  void fill(ByteSpan bytes) override {
    for (std::byte& byte : bytes) byte = std::byte(++next_);
  }

 private:
  int next_ = 0;
};

Incarnation incarnation(int value) {
  Incarnation made{};
  made[0] = std::byte(value);
  return made;
}

class PeeringTest : public ::testing::Test {
 protected:
  using Verdict = Peering::Verdict;
  using OwnHello = Peering::OwnHello;
  static wire::Hello dial(Peering& from) {
    from.begin_dial();
    return from.make_hello(wire::HelloRole::dialler, 0, 0, 2);
  }
  static wire::Hello answer(Peering& from) {
    return from.make_hello(wire::HelloRole::acceptor, 0, 0, 2);
  }
  // `from` dials, `to` accepts.
  static void connect(Peering& from, Peering& to) {
    const wire::Hello hello = dial(from);
    ASSERT_EQ(to.judge_dial(hello, OwnHello::not_sent).verdict, Verdict::accept);
    to.adopt(hello);
    const wire::Hello back = answer(to);
    ASSERT_EQ(from.judge_answer(back).verdict, Verdict::accept);
    from.adopt(back);
  }
  CountingRandom random_;
  Peering alpha_{"alpha", incarnation(1), random_};
  Peering beta_{"beta", incarnation(2), random_};
};

TEST_F(PeeringTest, ASessionIsResumedByTheSamePair) {
  connect(alpha_, beta_);
  EXPECT_TRUE(alpha_.session_established());
  connect(beta_, alpha_);
  connect(alpha_, beta_);
  EXPECT_EQ(alpha_.peer_node(), "beta");
}

TEST_F(PeeringTest, OnesOwnHelloIsRefused) {
  const auto judgement = alpha_.judge_dial(dial(alpha_), OwnHello::not_sent);
  EXPECT_EQ(judgement.verdict, Verdict::refuse);
  EXPECT_NE(judgement.text.find("own name"), std::string::npos);
}

TEST_F(PeeringTest, ARestartedPeerEndsTheSession) {
  connect(alpha_, beta_);
  Peering reborn{"alpha", incarnation(3), random_};
  const auto judgement = beta_.judge_dial(dial(reborn), OwnHello::not_sent);
  EXPECT_TRUE(judgement.end_session);
  EXPECT_EQ(judgement.verdict, Verdict::accept);
}

TEST_F(PeeringTest, APeerThatResumesWhatEndedHereIsToldSo) {
  connect(alpha_, beta_);
  beta_.begin_session();
  const auto judgement = beta_.judge_dial(dial(alpha_), OwnHello::not_sent);
  EXPECT_EQ(judgement.verdict, Verdict::refuse);
  EXPECT_EQ(judgement.reason, wire::ByeReason::stale_session);
  EXPECT_FALSE(judgement.end_session);
}

TEST_F(PeeringTest, AnAnswerThatWasLostDoesNotEndTheSession) {
  const wire::Hello hello = dial(alpha_);
  beta_.adopt(hello);  // its answer never arrives
  const auto judgement = beta_.judge_dial(dial(alpha_), OwnHello::not_sent);
  EXPECT_EQ(judgement.verdict, Verdict::accept);
  EXPECT_FALSE(judgement.end_session);
}

TEST_F(PeeringTest, OfTwoDialsTheLowerNamesStays) {
  const wire::Hello from_alpha = dial(alpha_);
  const wire::Hello from_beta = dial(beta_);
  EXPECT_EQ(alpha_.judge_dial(from_beta, OwnHello::sent).verdict, Verdict::defer);
  EXPECT_EQ(beta_.judge_dial(from_alpha, OwnHello::sent).verdict, Verdict::accept);
  beta_.adopt(from_alpha);
  alpha_.adopt(answer(beta_));
  const auto late = alpha_.judge_dial(from_beta, OwnHello::not_sent);
  EXPECT_EQ(late.verdict, Verdict::refuse) << "it was begun before the lane that is up";
  EXPECT_EQ(late.reason, wire::ByeReason::replaced);
}

TEST_F(PeeringTest, ADialAfterTheLaneCameUpReplacesIt) {
  connect(alpha_, beta_);
  EXPECT_EQ(alpha_.judge_dial(dial(beta_), OwnHello::not_sent).verdict, Verdict::accept);
}

TEST_F(PeeringTest, ABulkLaneBelongsToItsExpressLane) {
  connect(alpha_, beta_);
  const wire::Hello bulk = alpha_.make_hello(wire::HelloRole::dialler, 1, 7, 2);
  EXPECT_EQ(beta_.judge_bulk(bulk, 7).verdict, Verdict::accept);
  EXPECT_EQ(beta_.judge_bulk(bulk, 8).verdict, Verdict::refuse);
  EXPECT_EQ(beta_.judge_bulk(bulk, 0).verdict, Verdict::refuse);
}

TEST_F(PeeringTest, AnAnswerToAHelloOfAnEndedSessionIsStale) {
  const wire::Hello hello = dial(alpha_);
  beta_.adopt(hello);
  alpha_.begin_session();
  const auto judgement = alpha_.judge_answer(answer(beta_));
  EXPECT_EQ(judgement.verdict, Verdict::refuse);
  EXPECT_EQ(judgement.reason, wire::ByeReason::stale_session);
}

TEST_F(PeeringTest, ForeignProtocolVersionsAreRefused) {
  wire::Hello hello = dial(alpha_);
  hello.protocol_min = hello.protocol_max = wire::kProtocolMax + 1;
  EXPECT_EQ(beta_.judge_dial(hello, OwnHello::not_sent).verdict, Verdict::refuse);
}

// What one side may be upgraded to while the other still runs.
TEST_F(PeeringTest, ANewerPeerThatStillSpeaksOurVersionIsAccepted) {
  wire::Hello hello = dial(alpha_);
  hello.protocol_max = wire::kProtocolMax + 5;
  EXPECT_EQ(beta_.judge_dial(hello, OwnHello::not_sent).verdict, Verdict::accept);
  hello.protocol_min = 0;
  EXPECT_EQ(beta_.judge_dial(hello, OwnHello::not_sent).verdict, Verdict::accept);
}

TEST_F(PeeringTest, AVersionInVainIsRefusedWithBothRangesAndWhatToDo) {
  wire::Hello newer = dial(alpha_);
  newer.protocol_min = wire::kProtocolMax + 1;
  newer.protocol_max = wire::kProtocolMax + 2;
  wire::Hello older = dial(alpha_);
  older.protocol_min = older.protocol_max = wire::kProtocolMin - 1;
  for (const wire::Hello& hello : {newer, older}) {
    const auto judgement = beta_.judge_dial(hello, OwnHello::not_sent);
    EXPECT_EQ(judgement.verdict, Verdict::refuse);
    EXPECT_FALSE(judgement.end_session) << "whoever it is, the session of the peer goes on";
    const std::string peer =
        std::to_string(hello.protocol_min) + " to " + std::to_string(hello.protocol_max);
    EXPECT_NE(judgement.text.find("the peer speaks " + peer), std::string::npos) << judgement.text;
    EXPECT_NE(judgement.text.find("this node " + std::to_string(wire::kProtocolMin) + " to " +
                                  std::to_string(wire::kProtocolMax)),
              std::string::npos)
        << judgement.text;
    EXPECT_NE(judgement.text.find("upgrade the older one"), std::string::npos);
  }
}

// A peer on whose lanes we wait may itself have been upgraded meanwhile.
TEST_F(PeeringTest, AnAnswerOfAForeignVersionIsRefused) {
  (void)dial(alpha_);
  wire::Hello hello = answer(beta_);
  hello.protocol_min = hello.protocol_max = wire::kProtocolMax + 1;
  EXPECT_EQ(alpha_.judge_answer(hello).verdict, Verdict::refuse);
}

// Only who asks the present peer can tell whether it is the same node, started again, or another.
TEST_F(PeeringTest, AnotherIncarnationOfThePeersNameIsAChallenge) {
  connect(alpha_, beta_);
  EXPECT_FALSE(beta_.judge_dial(dial(alpha_), OwnHello::not_sent).challenges);
  Peering other{"alpha", incarnation(9), random_};
  const auto judgement = beta_.judge_dial(dial(other), OwnHello::not_sent);
  EXPECT_TRUE(judgement.challenges);
  EXPECT_EQ(judgement.verdict, Verdict::accept) << "if the present one is silent";
  EXPECT_TRUE(judgement.end_session);
}

TEST_F(PeeringTest, TheLastDelayIsThatOfTheLinksState) {
  Backoff backoff;
  for (int i = 0; i < 12; ++i) {
    EXPECT_LE(backoff.next(random_, Backoff::kLastOfKnown), Backoff::kLastOfKnown);
  }
  Duration last{0};
  for (int i = 0; i < 12; ++i) last = backoff.next(random_, Backoff::kLastOfRefused);
  EXPECT_GE(last, Backoff::kLastOfRefused / 2);
  EXPECT_LE(backoff.next(random_, Backoff::kLastOfKnown), Backoff::kLastOfKnown);
}

TEST_F(PeeringTest, BackoffGrowsAndKeepsOutOfStep) {
  Backoff backoff;
  Duration last{0};
  for (int i = 0; i < 12; ++i) last = backoff.next(random_);
  EXPECT_GE(last, std::chrono::milliseconds(2500));
  EXPECT_LE(last, std::chrono::seconds(5));
  backoff.reset();
  EXPECT_LE(backoff.next(random_), std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace longthrow
