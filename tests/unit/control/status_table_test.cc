// SPDX-License-Identifier: Apache-2.0
// What is made of the table of the status. The files in golden/ are a contract with other programs:
// a key, a name or a type in them is never changed. When one of the tests of the documents fails
// after a change of the table, run `update_status_reference`.
#include "proxy/control/status_table.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "proxy/control/metrics.h"
#include "proxy/control/status_json.h"
#include "proxy/control/status_reference.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fake_node.h"
#include "tests/unit/control/full_status.h"

namespace longthrow::control {
namespace {

const std::filesystem::path kSource = SOURCE_DIR;
const std::filesystem::path kGolden = kSource / "tests/unit/control/golden";

TEST(StatusTable, JsonIsAsItWas) {
  EXPECT_EQ(json::serialize(status_to_json(test::full_status())) + "\n",
            read_text(kGolden / "status.json"));
}

TEST(StatusTable, MetricsAreAsTheyWere) {
  std::istringstream text(metrics_text(test::full_status()));
  std::set<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("# HELP")) lines.insert(line);
  }
  std::string sorted;
  for (const std::string& line : lines) sorted += line + "\n";
  EXPECT_EQ(sorted, read_text(kGolden / "metrics.txt"));
}

TEST(StatusTable, WhatIsReadBackIsWrittenTheSame) {
  for (const Status& status : {test::full_status(), test::sample_status(), Status()}) {
    const json::object written = status_to_json(status);
    EXPECT_EQ(json::serialize(status_to_json(status_from_json(written))), json::serialize(written));
  }
}

TEST(StatusTable, WhatIsMissingIsNotTakenForGood) {
  const Status status = status_from_json(
      json::parse(R"({"links":{"dr":{"new_key":1}},"groups":{"vm1":{}},"routes":{"r0":{}}})")
          .get_object());
  EXPECT_EQ(status.links.at("dr").state, LinkState::connecting);
  EXPECT_FALSE(status.links.at("dr").rtt_ms.has_value());
  EXPECT_EQ(status.groups.at("vm1").consistent, Consistency::unknown);
  EXPECT_EQ(status.routes.at("r0").state, RouteState::closed);
  EXPECT_FALSE(status.routes.at("r0").drbd.has_value());
}

TEST(StatusTable, ValuesOfAnotherTypeAreIgnored) {
  const Status status = status_from_json(
      json::parse(R"({"uptime_s":"x","io":5,"links":{"a":1,"b":{"state":7,"reconnects":-1,"lag":[],
        "buffer":null,"rtt_ms":"x","lane_list":{},"state_since":"yesterday"}},"groups":[]})")
          .get_object());
  EXPECT_EQ(status.uptime_s, 0.0);
  ASSERT_EQ(status.links.size(), 1U);
  EXPECT_EQ(status.links.at("b").reconnects, 0U);
  EXPECT_EQ(status.links.at("b").state_since, WallTime{});
}

template <HasWords Enum>
void expect_words(Enum last, std::string_view word) {
  EXPECT_EQ(static_cast<std::size_t>(last) + 1, kWords<Enum>.size()) << word;
  EXPECT_EQ(to_string(last), word);
  for (const std::string_view each : kWords<Enum>) {
    ASSERT_TRUE(parse_word<Enum>(each).has_value()) << each;
    EXPECT_EQ(to_string(*parse_word<Enum>(each)), each);
  }
  EXPECT_FALSE(parse_word<Enum>("").has_value());
}
TEST(StatusWords, EveryEnumeratorHasAWordOfItsOwn) {
  expect_words(LinkState::down, "down");
  expect_words(Limit::paused, "paused");
  expect_words(RouteState::fenced, "fenced");
  expect_words(ChannelState::aborting, "aborting");
  expect_words(Proof::none, "none");
}

TEST(StatusTable, EveryRowIsComplete) {
  std::set<std::string> keys;
  for (const KeyDoc& key : status_keys()) {
    EXPECT_TRUE(keys.insert(key.key).second) << key.key;
    EXPECT_FALSE(key.type.empty()) << key.key;
    EXPECT_FALSE(key.doc.empty()) << key.key;
  }
}

TEST(StatusReference, ControlDocumentIsMadeFromTheTable) {
  const std::string document = read_text(kSource / "docs/CONTROL.md");
  EXPECT_EQ(document, with_table(document, render_status_keys()).value());
}

TEST(StatusReference, MetricsDocumentIsMadeFromTheTable) {
  const std::string document = read_text(kSource / "docs/METRICS.md");
  EXPECT_EQ(document, with_table(document, render_metrics()).value());
}

// The example of the document has the keys of the table, and no others.
TEST(StatusReference, ExampleOfTheDocumentIsAStatus) {
  const std::string document = read_text(kSource / "docs/CONTROL.md");
  const auto begin = document.find("```json\n{\"node\"") + 8;
  const json::value example =
      json::parse(document.substr(begin, document.find("```", begin) - begin));
  const json::object again = status_to_json(status_from_json(example.get_object()));
  EXPECT_EQ(json::value(again), example);
}

}  // namespace
}  // namespace longthrow::control
