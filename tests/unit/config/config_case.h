// SPDX-License-Identifier: Apache-2.0
// A configuration in verbs: start from a good one, write or remove lines, and expect what it says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "proxy/config/load.h"

namespace longthrow {

// The smallest good file; the line numbers of the tests count in it.
inline constexpr const char* kSmallest =
    "[link.dr]\n"                                       // 1
    "listen = \"192.0.2.1:7700\"\n"                     // 2
    "tls = { psk_file = \"/etc/longthrow/dr.psk\" }\n"  // 3
    "[route.r0]\n"                                      // 4
    "link = \"dr\"\n"                                   // 5
    "listen = \"127.0.0.1:7788\"\n";                    // 6

class ConfigCase : public ::testing::Test {
 protected:
  // Names the next file; the first is main.toml.
  void file(const std::string& name, const std::string& text) { sources_.push_back({name, text}); }
  void text(const std::string& text) { file("/etc/main.toml", text); }
  // The smallest file with `lines` added at its end (line 7 and on).
  void smallest_and(const std::string& lines) { text(kSmallest + lines); }
  // A link with these lines (line 2 and on) instead of the smallest file's, and a route.
  void link(const std::string& lines) {
    text("[link.dr]\n" + lines + "[route.r0]\nlink = \"dr\"\nlisten = \"127.0.0.1:7788\"\n");
  }
  // The smallest link with these lines below its own: line 4 and on.
  void link_with(const std::string& lines) {
    link("listen = \"192.0.2.1:7700\"\ntls = { psk_file = \"/etc/longthrow/dr.psk\" }\n" + lines);
  }

  LoadResult parse() { return parse_config(sources_, host_name_); }
  Loaded good() {
    auto result = parse();
    if (result) return std::move(*result);
    for (const ConfigError& error : result.error()) ADD_FAILURE() << to_string(error);
    return {};
  }
  LinkConfig good_link() { return good().config.links["dr"]; }

  static std::string joined(const std::vector<ConfigError>& errors) {
    std::string lines;
    for (const ConfigError& error : errors) lines += to_string(error) + "\n";
    return lines;
  }
  std::string errors() {
    const auto result = parse();
    return result ? "" : joined(result.error());
  }
  std::string warnings() { return joined(good().warnings); }

  // There is exactly one error, and it has this beginning ("FILE:LINE: KEY: ") and this in it.
  void expect_error(const std::string& beginning, const std::string& part = "") {
    const auto result = parse();
    ASSERT_FALSE(result.has_value());
    ASSERT_EQ(result.error().size(), 1U) << joined(result.error());
    const std::string line = to_string(result.error().front());
    EXPECT_TRUE(line.starts_with(beginning)) << line;
    EXPECT_NE(line.find(part), std::string::npos) << line;
  }

  std::vector<SourceText> sources_;
  std::string host_name_ = "alpha";
};

}  // namespace longthrow
