// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/judge.h"

#include <gtest/gtest.h>

#include "tools/longthrow/read_status.h"

namespace longthrow::check {
namespace {

class Judge : public ::testing::Test {
 protected:
  json::object status_ =
      json::parse(R"({"links":{"dr":{"state":"up","reason":"","paused_since":null,
      "fenced":false,"buffer":{"used_bytes":10,"limit_bytes":100,"full":false},
      "lag":{"bytes":5,"seconds":0.5}}},
      "groups":{"vm1":{"link":"dr","consistent":true,"reason":"","inbound":{"age_s":2.0}}},
      "routes":{"r0":{"group":"vm1","link":"dr","state":"open","reason":""}}})")
          .as_object();

  json::object& link() { return status_["links"].as_object()["dr"].as_object(); }
  json::object& group() { return status_["groups"].as_object()["vm1"].as_object(); }
  static json::array notices(const char* what, const char* where) {
    return {{{"what", what},
             {"where", where},
             {"since", "2026-01-31T12:00:00.000Z"},
             {"by", "`longthrow pause dr`"}}};
  }
  std::vector<std::string> unexpected_;
  void expect(Level level, const std::string& words, const Wishes& wishes = {}) {
    const Verdict verdict = judge(cli::read_status(status_), wishes, unexpected_);
    EXPECT_EQ(verdict.level, level) << verdict.line;
    EXPECT_NE(verdict.line.find(words), std::string::npos) << verdict.line;
  }
};

TEST_F(Judge, AHealthyNodeIsOkWithPerformanceData) {
  expect(Level::ok, "LONGTHROW OK - 1 link up, 1 group consistent | 'dr lag'=0.500s;60;600;0 ");
  expect(Level::ok, " 'dr buffer'=10B;;;0;100");
  expect(Level::ok, " 'vm1 age'=2.000s;60;600;0");
}

TEST_F(Judge, LossesAreMeasuredAndThatTheyAreNotKeptIsAWarning) {
  status_["losses"] = {
      {"since", "2026-01-21T12:53:20.000Z"}, {"losses", 3}, {"bytes", 5000}, {"not_kept", ""}};
  expect(Level::ok, " 'losses'=3;;;0; 'lost bytes'=5000B;;;0;");
  status_["losses"].as_object()["not_kept"] = "no space left";
  expect(Level::warning, "losses are not kept on the disk: no space left");
}

TEST_F(Judge, ACertificateThatExpiresIsAWarningAndOneThatHasIsCritical) {
  link()["warnings"] = {{{"name", "certificate_ends"}, {"text", "it expires in 13 d"}}};
  expect(Level::warning, "link dr: it expires in 13 d");
  link()["warnings"] = {{{"name", "certificate_ended"}, {"text", "it has expired"}}};
  expect(Level::critical, "link dr: it has expired");
  link()["warnings"] = {{{"name", "nothing_passes"}, {"text", "other things"}}};
  expect(Level::ok, "LONGTHROW OK");
}

TEST_F(Judge, AReloadThatFailedIsAWarning) {
  status_["configuration"] = {
      {"read_at", "2026-01-31T12:00:00.000Z"}, {"refused_at", nullptr}, {"refused", ""}};
  expect(Level::ok, "LONGTHROW OK");
  status_["configuration"] = {{"read_at", "2026-01-31T12:00:00.000Z"},
                              {"refused_at", "2026-01-31T12:00:01.000Z"},
                              {"refused", "1 error"}};
  expect(Level::warning, "the last reload failed: 1 error");
}

TEST_F(Judge, ADownLinkIsCriticalAndAPausedOneIsNot) {
  link()["state"] = "down";
  link()["reason"] = "no sign of life";
  expect(Level::critical, "link dr is down: no sign of life");
  link()["notices"] = notices("paused", "here");
  expect(Level::warning,
         "link dr is paused here since 2026-01-31T12:00:00.000Z: `longthrow pause dr`");
  link()["notices"] = notices("fenced", "here");
  expect(Level::warning, "link dr is fenced here");
}

TEST_F(Judge, APlannedPauseNamesItselfAtTheOtherSiteAndPagesNobody) {
  link()["state"] = "down";
  link()["notices"] = notices("paused", "peer");
  link()["lag"].as_object()["seconds"] = 5000.0;
  group()["inbound"].as_object()["age_s"] = 5000.0;
  expect(Level::warning, "link dr is paused at the peer since 2026-01-31T12:00:00.000Z");
  expect(Level::warning, "our copy is as of 1 h 23 min");
}

TEST_F(Judge, HeldInputIsAWarningAtBothEnds) {
  group()["notices"] = notices("held", "here");
  expect(Level::warning, "group vm1 is held here since 2026-01-31T12:00:00.000Z");
  group()["notices"] = notices("held", "peer");
  expect(Level::warning, "group vm1 is held at the peer since");
}

TEST_F(Judge, AnOldPrimaryThatThePeerHasFencedIsCritical) {
  link()["state"] = "down";
  link()["notices"] = notices("fenced", "peer");
  expect(Level::critical, "link dr is fenced at the peer since");
}

TEST_F(Judge, SilenceIsNotHealth) {
  group()["consistent"] = false;
  group()["reason"] = "nothing is being replicated";
  group()["inbound"].as_object()["age_s"] = 700.0;
  expect(Level::critical, "group vm1 is not consistent: nothing is being replicated");
  expect(Level::critical, "our copy is as of 11 min");
}

TEST_F(Judge, WhatIsNotKnownIsAWarning) {
  group()["consistent"] = nullptr;
  group()["reason"] = "route r0: DRBD has not said it";
  expect(Level::warning, "it is not known whether group vm1 is consistent: route r0: DRBD");
}

TEST_F(Judge, LagAndAgeHaveLimits) {
  link()["lag"].as_object()["seconds"] = 100.0;
  expect(Level::warning, "the peer is behind by 1 min 40 s");
  expect(Level::critical, "behind", {.lag = {.warning = 10, .critical = 50}});
  expect(Level::ok, "", {.lag = {.warning = 200, .critical = 500}});
  group()["inbound"].as_object()["age_s"] = nullptr;
  expect(Level::ok, "",
         {.lag = {.warning = 200, .critical = 500}, .age = {.warning = 0, .critical = 0}});
}

TEST_F(Judge, LagHasLimitsInBytes) {
  link()["lag"].as_object()["bytes"] = 2048;
  expect(Level::ok, " 'dr lag bytes'=2048B;;;0;");
  const auto beyond = [](double warning, double critical) {
    return Wishes{.lag_bytes = {.warning = warning, .critical = critical}};
  };
  expect(Level::warning, "link dr: the peer is behind by 2.0 KiB", beyond(2047, 4096));
  expect(Level::critical, "'dr lag bytes'=2048B;1024;2047;0;", beyond(1024, 2047));
  expect(Level::ok, "", beyond(2048, 2048));
  expect(Level::critical, "behind by 2.0 KiB",
         {.lag_bytes = {.warning = kNoLimits.warning, .critical = 1}});
  link()["notices"] = notices("paused", "here");
  expect(Level::warning, "behind by 2.0 KiB", beyond(1, 1));
}

TEST_F(Judge, WhatIsNotExpectedIsUnknownUnlessItIsWorse) {
  unexpected_ = {"links.dr.lag.seconds"};
  expect(Level::unknown, "UNKNOWN - the status lacks links.dr.lag.seconds");
  link()["buffer"].as_object()["full"] = true;
  expect(Level::unknown, "in another form; the buffer of link dr is full |");
  group()["consistent"] = false;
  expect(Level::critical, "CRITICAL - group vm1 is not consistent: ; the status lacks");
}

TEST_F(Judge, ANodeThatStopsIsAWarning) {
  status_["stopping"] = true;
  expect(Level::warning, "the node is stopping");
}

TEST_F(Judge, TheWorstCountsAndIsSaidFirst) {
  link()["buffer"].as_object()["full"] = true;
  group()["consistent"] = false;
  expect(Level::critical,
         "CRITICAL - group vm1 is not consistent: ; the buffer of link dr is full |");
}

TEST_F(Judge, ARouteThatDiffersIsAWarning) {
  status_["routes"].as_object()["r0"].as_object()["state"] = "mismatched";
  expect(Level::warning, "route r0: ");
  status_["routes"].as_object()["r0"] = {{"state", "open"}, {"drbd", {{"ahead", "here"}}}};
  expect(Level::warning, "route r0: DRBD is ahead");
}

TEST_F(Judge, OneLinkOrGroupAlone) {
  link()["state"] = "down";
  expect(Level::ok, "0 links up, 1 group consistent", {.group = "vm1"});
  expect(Level::critical, "link dr", {.link = "dr"});
  expect(Level::unknown, "no link \"nobody\"", {.link = "nobody"});
  expect(Level::unknown, "no group \"nobody\"", {.group = "nobody"});
  status_.clear();
  expect(Level::unknown, "no link");
}

}  // namespace
}  // namespace longthrow::check
