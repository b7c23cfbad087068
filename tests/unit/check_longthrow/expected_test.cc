// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/expected.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/control/status_json.h"
#include "tests/unit/control/fake_node.h"
#include "tests/unit/control/full_status.h"

namespace longthrow::check {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Expected : public ::testing::Test {
 protected:
  json::object status_ = control::status_to_json(test::sample_status());

  json::object& at(const std::string& map, const std::string& name) {
    return status_[map].as_object()[name].as_object();
  }
};

TEST_F(Expected, AStatusOfThisVersionHasAllOfIt) {
  EXPECT_THAT(unexpected(status_), IsEmpty());
  Status full = test::full_status();
  for (const char* group : {"vm1", "unknown"}) full.groups[group].link = "dr";
  EXPECT_THAT(unexpected(control::status_to_json(full)), IsEmpty());
}

TEST_F(Expected, WhatIsNewIsIgnored) {
  status_["new"] = 1;
  at("links", "dr")["new"] = "x";
  EXPECT_THAT(unexpected(status_), IsEmpty());
}

TEST_F(Expected, WhatIsMissingIsNamed) {
  at("links", "dr").erase("lag");
  at("groups", "vm1").erase("consistent");
  at("routes", "r0").erase("state");
  status_["losses"].as_object().erase("not_kept");
  EXPECT_THAT(unexpected(status_),
              ElementsAre("losses.not_kept", "links.dr.lag.bytes", "links.dr.lag.seconds",
                          "groups.vm1.consistent", "routes.r0.state"));
  EXPECT_THAT(unexpected({}), ::testing::Contains("links"));
}

TEST_F(Expected, AWordOrATypeThatIsNotKnownIsNamed) {
  at("links", "dr")["state"] = "sideways";
  EXPECT_THAT(unexpected(status_), ElementsAre("links.dr.state"));
  at("links", "dr")["state"] = "up";
  at("links", "dr")["lag"].as_object()["seconds"] = nullptr;  // not a number: JSON has no NaN
  EXPECT_THAT(unexpected(status_), ElementsAre("links.dr.lag.seconds"));
  at("links", "dr")["lag"].as_object()["seconds"] = 0;
  EXPECT_THAT(unexpected(status_), IsEmpty());
  at("groups", "vm1")["consistent"] = "maybe";
  EXPECT_THAT(unexpected(status_), ElementsAre("groups.vm1.consistent"));
  at("groups", "vm1")["consistent"] = true;
  at("links", "dr")["notices"] = json::array{
      {{"what", "melted"}, {"where", "here"}, {"since", "2026-01-31T12:00:00.000Z"}, {"by", "x"}}};
  EXPECT_THAT(unexpected(status_), ElementsAre("links.dr.notices"));
}

TEST_F(Expected, AGroupWithoutItsLinkIsNamed) {
  status_["links"] = json::object();
  EXPECT_THAT(unexpected(status_), ElementsAre("links, the one of group vm1"));
  status_["links"] = json::array();
  EXPECT_THAT(unexpected(status_), ElementsAre("links", "links, the one of group vm1"));
}

}  // namespace
}  // namespace longthrow::check
