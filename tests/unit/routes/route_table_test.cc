// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/route_table.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

class Routes : public testing::Test {
 protected:
  void set(const std::map<std::string, std::string>& group_by_route) {
    std::map<std::string, RouteConfig> wanted;
    for (const auto& [route, group] : group_by_route) wanted[route].group = group;
    table_.set(wanted);
  }
  void fence(Group& group) { group.here.put(NoticeKind::fenced, {.by = "`longthrow takeover`"}); }

  RouteTable table_;
};

TEST_F(Routes, ThoseOfTheConfigurationComeByName) {
  set({{"r1", "b"}, {"r0", "a"}});
  ASSERT_EQ(table_.configured().size(), 2U);
  EXPECT_EQ(table_.configured()[0]->name, "r0");
  EXPECT_EQ(table_.configured()[0]->group, table_.configured_group("a"));
  EXPECT_EQ(table_.count_groups(), 2U);
}

TEST_F(Routes, GroupCountsItsRoutes) {
  set({{"r0", "a"}, {"r1", "a"}});
  EXPECT_EQ(table_.configured_group("a")->routes, 2U);
  set({{"r0", "a"}});
  EXPECT_EQ(table_.configured_group("a")->routes, 1U);
}

TEST_F(Routes, WhatLeavesAndIsNotUsedIsForgotten) {
  set({{"r0", "a"}});
  set({});
  EXPECT_TRUE(table_.all().empty());
  EXPECT_TRUE(table_.groups().all().empty());
}

TEST_F(Routes, RouteStaysUntilItsLastChannelIsForgotten) {
  set({{"r0", "a"}});
  table_.find("r0")->channels.emplace(1, nullptr);
  set({});
  EXPECT_EQ(table_.find("r0"), nullptr);
  ASSERT_TRUE(table_.all().contains("r0"));
  table_.get("r0").channels.clear();
  table_.prune();
  EXPECT_FALSE(table_.all().contains("r0"));
}

TEST_F(Routes, RouteThatComesBackBeginsAnew) {
  set({{"r0", "a"}});
  Route& route = *table_.find("r0");
  route.channels.emplace(1, nullptr);
  route.health.on_carried();
  route.channels_total = 7;
  set({});
  set({{"r0", "a"}});
  EXPECT_EQ(table_.find("r0"), &route);
  EXPECT_FALSE(route.health.carried());
  EXPECT_EQ(route.channels_total, 0U);
}

TEST_F(Routes, RouteMovesToAnotherGroup) {
  set({{"r0", "a"}});
  set({{"r0", "b"}});
  EXPECT_EQ(table_.find("r0")->group->name, "b");
  EXPECT_EQ(table_.configured_group("a"), nullptr);
}

TEST_F(Routes, FenceStaysThoughItsGroupLeavesTheConfiguration) {
  set({{"r0", "a"}});
  fence(*table_.configured_group("a"));
  set({});
  ASSERT_NE(table_.groups().find("a"), nullptr);
  EXPECT_TRUE(table_.groups().find("a")->fenced());
  set({{"r0", "a"}});
  EXPECT_TRUE(table_.configured_group("a")->fenced());
}

TEST_F(Routes, WhatIsKnownOfACopyGoesWithItsConfiguration) {
  set({{"r0", "a"}});
  Group& group = *table_.configured_group("a");
  fence(group);
  group.shortfall.bytes = 5;
  group.copy.streams = 2;
  set({});
  EXPECT_EQ(group.shortfall.bytes, 0U);
  EXPECT_EQ(group.copy.streams, 0U);
}

}  // namespace
}  // namespace longthrow
