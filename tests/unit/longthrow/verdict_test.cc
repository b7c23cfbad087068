// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/verdict.h"

#include <gtest/gtest.h>

#include "proxy/control/status_json.h"
#include "tests/unit/control/fake_node.h"
#include "tools/longthrow/read_status.h"

namespace longthrow::cli {
namespace {

class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    status_ = test::sample_status();
    status_.groups["vm1"].notices.clear();
    status_.links["dr"].state_since = kSince;
  }
  NodeVerdict verdict() const { return verdict_of(read_status(control::status_to_json(status_))); }

  static constexpr WallTime kSince{std::chrono::seconds(1)};
  Status status_;
};

TEST_F(VerdictTest, AllIsWellSinceTheLastLinkCameUp) {
  EXPECT_EQ(verdict().fare, Fare::well);
  EXPECT_EQ(verdict().text, "the link is up since 1970-01-01T00:00:01.000Z, all groups consistent");
}

TEST_F(VerdictTest, ADownLinkIsSaidWithSinceWhenAndWhy) {
  status_.links["dr"].state = LinkState::down;
  status_.links["dr"].reason = "no sign of life";
  EXPECT_EQ(verdict().fare, Fare::trouble);
  EXPECT_EQ(verdict().text, "link dr is down since 1970-01-01T00:00:01.000Z: no sign of life");
}

TEST_F(VerdictTest, ACertificateIsTroubleOnceItHasExpired) {
  status_.links["dr"].warnings = {{.name = "certificate_ends", .text = "it expires in 13 d"}};
  EXPECT_EQ(verdict().fare, Fare::well);
  status_.links["dr"].warnings = {{.name = "certificate_ended", .text = "it has expired"}};
  EXPECT_EQ(verdict().fare, Fare::trouble);
  EXPECT_EQ(verdict().text, "link dr: it has expired");
}

TEST_F(VerdictTest, APlannedPauseIsNoTrouble) {
  status_.links["dr"].state = LinkState::down;
  status_.links["dr"].notices = {
      {.what = NoticeKind::paused, .where = Side::peer, .since = kSince, .by = "x"}};
  EXPECT_EQ(verdict().fare, Fare::stopped);
  EXPECT_EQ(verdict().text, "link dr is paused at the peer since 1970-01-01T00:00:01.000Z");
}

TEST_F(VerdictTest, TheWorstComesFirstAndTheOthersAreCounted) {
  status_.groups["vm1"].notices = {
      {.what = NoticeKind::held, .where = Side::here, .since = kSince, .by = "x"}};
  status_.groups["vm1"].consistent = Consistency::no;
  status_.groups["vm1"].reason = "aborted";
  status_.links["dr"].notices = {
      {.what = NoticeKind::fenced, .where = Side::here, .since = kSince, .by = "x"}};
  EXPECT_EQ(verdict().fare, Fare::trouble);
  EXPECT_EQ(verdict().text, "group vm1 is not consistent: aborted; and 2 more");
}

TEST_F(VerdictTest, WhatIsNotKnownIsNotCalledInconsistent) {
  status_.groups["vm1"].consistent = Consistency::unknown;
  status_.groups["vm1"].reason = "no connection has come";
  EXPECT_EQ(verdict().fare, Fare::trouble);
  EXPECT_EQ(verdict().text, "group vm1 is not known to be consistent: no connection has come");
}

TEST_F(VerdictTest, ForeignJsonIsSurvived) {
  for (const char* text : {"{}", R"({"links":5})", R"({"links":{"a":1},"groups":{"g":[]}})"}) {
    EXPECT_FALSE(verdict_of(read_status(json::parse(text).get_object())).text.empty()) << text;
  }
}

}  // namespace
}  // namespace longthrow::cli
