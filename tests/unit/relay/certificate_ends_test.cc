// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/certificate_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr WallTime kNow{seconds(1'769'882'400)};  // 2026-01-31T18:00:00Z

std::vector<Warning> warnings(std::optional<WallTime> here, std::optional<WallTime> peer) {
  LinkStatus link;
  link.certificate_ends = {.here = here, .peer = peer};
  warn_of_certificates(kNow, link);
  return link.warnings;
}

TEST(CertificateEnds, NothingIsSaidWithoutCertificatesOrLongBefore) {
  EXPECT_TRUE(warnings({}, {}).empty());
  EXPECT_TRUE(warnings(kNow + days(14), kNow + days(365)).empty());
}

TEST(CertificateEnds, TheOneThatEndsSoonIsNamed) {
  const auto ours = warnings(kNow + days(14) - seconds(1), kNow + days(15));
  ASSERT_EQ(ours.size(), 1U);
  EXPECT_EQ(ours[0].name, "certificate_ends");
  EXPECT_THAT(ours[0].text, AllOf(HasSubstr("this node's certificate expires in 13 d 23 h"),
                                  HasSubstr("at 2026-02-14T17:59:59")));
  const auto theirs = warnings({}, kNow + seconds(90));
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_THAT(theirs[0].text, HasSubstr("the certificate of the peer expires in 1 min 30 s"));
}

TEST(CertificateEnds, WhatHasEndedIsSaidUnderAnotherName) {
  const auto both = warnings(kNow, kNow - days(1));
  ASSERT_EQ(both.size(), 2U);
  for (const Warning& warning : both) EXPECT_EQ(warning.name, "certificate_ended");
  EXPECT_THAT(both[0].text, HasSubstr("this node's certificate has expired at 2026-01-31T18:00"));
  EXPECT_THAT(both[1].text, HasSubstr("the certificate of the peer has expired at 2026-01-30"));
}

}  // namespace
}  // namespace longthrow
