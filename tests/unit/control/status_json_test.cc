// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_json.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/control/fake_node.h"

namespace longthrow::control {
namespace {

// Every key path of an example, "links.*.buffer.used_bytes", must be in the real thing.
void expect_keys(const json::value& example, const json::value& real, const std::string& path) {
  if (!example.is_object()) return;
  ASSERT_TRUE(real.is_object()) << path;
  for (const auto& entry : example.get_object()) {
    const std::string here = path + "." + std::string(entry.key());
    const json::value* found = real.get_object().if_contains(entry.key());
    ASSERT_NE(found, nullptr) << here;
    expect_keys(entry.value(), *found, here);
  }
}

constexpr const char* kContract = R"({
 "node":"alpha","version":"x","uptime_s":1,"io":"io_uring",
 "links":{"dr":{"state":"up","peer":"beta","rtt_ms":80.1,"lanes":2,
   "buffer":{"used_bytes":0,"raw_bytes":0,"limit_bytes":1073741824,"full":false},
   "lag":{"bytes":0,"seconds":0.0},"limited_by":"source","drain_eta_s":null,"full_eta_s":null,
   "rate":{"in_bytes_s":0,"out_bytes_s":0},"compression":{"codec":"zstd:3","ratio":1.0},
   "reconnects":0,"retransmitted_bytes":0,"totals":{"checksum_failures":0,"protocol_errors":0}}},
 "groups":{"vm1":{"link":"dr","consistent":true,"reason":"","lag":{"bytes":0,"seconds":0.0},
   "epoch":0,"cuts":{"source":0,"freeze":0,"observed":0,"unproven":0},
   "inbound":{"epoch":0,"proof":"source","as_of":"2026-01-31T12:01:07.3Z","age_s":0.2}}},
 "routes":{"r0":{"group":"vm1","state":"open","channels":2,"reason":""}}})";

TEST(StatusJson, HasEveryKeyOfTheContract) {
  expect_keys(json::parse(kContract), status_to_json(test::sample_status()), "");
}

TEST(StatusJson, CountsLanesAndChannelsAsNumbers) {
  const json::value status = status_to_json(test::sample_status());
  EXPECT_EQ(status.at("links").at("dr").at("lanes").to_number<int>(), 2);
  EXPECT_EQ(status.at("routes").at("r0").at("channels").to_number<int>(), 1);
}

TEST(StatusJson, UnknownIsNull) {
  Status status = test::sample_status();
  status.groups["vm1"].inbound.as_of.reset();
  status.groups["vm1"].inbound.age_s.reset();
  const json::value out = status_to_json(status);
  EXPECT_TRUE(out.at("groups").at("vm1").at("inbound").at("as_of").is_null());
  EXPECT_TRUE(out.at("groups").at("vm1").at("inbound").at("age_s").is_null());
  EXPECT_TRUE(out.at("links").at("dr").at("drain_eta_s").is_null());
}

TEST(StatusJson, StaysJsonWithInfiniteNumbers) {
  Status status = test::sample_status();
  status.links["dr"].lag.seconds = std::numeric_limits<double>::infinity();
  status.links["dr"].compression.ratio = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NO_THROW((void)json::parse(json::serialize(status_to_json(status))));
}

TEST(StatusJson, WarningsOfARouteHaveANameAndAText) {
  Status status = test::sample_status();
  status.routes["r0"].warnings.push_back({.name = "inner_tls", .text = "encrypted inside"});
  const json::object out = status_to_json(status);
  EXPECT_EQ(json::serialize(out.at("routes").at("r0").at("warnings")),
            R"([{"name":"inner_tls","text":"encrypted inside"}])");
}

TEST(StatusJson, TimesAreUtc) {
  EXPECT_EQ(utc_text(WallTime(std::chrono::milliseconds(1769860867300))),
            "2026-01-31T12:01:07.300Z");
  EXPECT_EQ(utc_text(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace longthrow::control
