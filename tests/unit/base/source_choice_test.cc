// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/source_choice.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

Endpoint at(const char* text) { return parse_endpoint(text).value(); }
std::string chosen(const char* usual, const char* to) {
  const auto source = choose_source(std::nullopt, at(usual), at(to));
  return source ? to_string(*source) : "any";
}

TEST(SourceChoice, IsTheAddressListenedOn) {
  EXPECT_EQ(chosen("192.0.2.1:7700", "198.51.100.7:7700"), "192.0.2.1:0");
  EXPECT_EQ(chosen("[2001:db8::1]:7700", "[2001:db8::2]:7700"), "[2001:db8::1]:0");
  EXPECT_EQ(chosen("127.0.0.2:7700", "127.0.0.3:7700"), "127.0.0.2:0");
}
TEST(SourceChoice, IsTheKernelsWhereThatCannotReach) {
  EXPECT_EQ(chosen("192.0.2.1:7700", "[2001:db8::2]:7700"), "any") << "the other family";
  EXPECT_EQ(chosen("[2001:db8::1]:7700", "198.51.100.7:7700"), "any");
  EXPECT_EQ(chosen("0.0.0.0:7700", "198.51.100.7:7700"), "any");
  EXPECT_EQ(chosen("[::]:7700", "[2001:db8::2]:7700"), "any");
  EXPECT_EQ(chosen("127.0.0.1:7700", "198.51.100.7:7700"), "any");
  EXPECT_EQ(chosen("[fe80::1%lo]:7700", "[2001:db8::2]:7700"), "any");
  EXPECT_EQ(chosen("[2001:db8::1]:7700", "[fe80::2%lo]:7700"), "any");
}
TEST(SourceChoice, OfAnInterfaceStaysOnIt) {
  EXPECT_EQ(chosen("[fe80::1%lo]:7700", "[fe80::2%lo]:7700"), "[fe80::1%lo]:0");
  Endpoint other = at("[fe80::2%lo]:7700");
  other.zone = "eth1";
  EXPECT_FALSE(choose_source(std::nullopt, at("[fe80::1%lo]:7700"), other));
}
TEST(SourceChoice, ThatIsNamedIsTaken) {
  const auto source = choose_source(at("192.0.2.9:5"), at("192.0.2.1:7700"), at("[::1]:7700"));
  EXPECT_EQ(to_string(source.value()), "192.0.2.9:0");
}

}  // namespace
}  // namespace longthrow
