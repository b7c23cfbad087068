// SPDX-License-Identifier: Apache-2.0
#include "longthrow/error_code.h"

#include <gtest/gtest.h>

#include <set>

#include "longthrow/error.h"

namespace longthrow {
namespace {

TEST(ErrorCodes, TheTableIsInTheOrderOfTheCodes) {
  std::set<std::string_view> names;
  for (const ErrorKind& kind : kErrorKinds) {
    EXPECT_EQ(&kind_of(kind.code), &kind) << kind.name;
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.about.empty()) << kind.name;
  }
}

TEST(ErrorCodes, AnErrorThatIsOnlyToldIsOther) {
  const Error told = fail("no room", 28).error();
  EXPECT_EQ(told.code, ErrorCode::other);
  EXPECT_EQ(told.os_errno, 28);
  EXPECT_EQ(told.message, "no room");
}

TEST(ErrorCodes, ABreachIsTheLanesError) {
  EXPECT_EQ(breach("a record out of place").error().code, ErrorCode::protocol);
  EXPECT_EQ(kind_of(ErrorCode::protocol).scope, ErrorScope::lane);
}

}  // namespace
}  // namespace longthrow
