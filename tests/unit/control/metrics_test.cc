// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/metrics.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/support/temp_dir.h"
#include "tests/unit/control/fake_node.h"

namespace longthrow::control {
namespace {

// Two of everything, with optional values present.
Status rich_status() {
  Status status = test::sample_status();
  status.links["two"] = status.links["dr"];
  status.links["two"].drain_eta_s = 5.0;
  status.links["two"].full_eta_s = 6.0;
  status.links["two"].bandwidth.bytes_s = 1000;
  status.links["two"].certificate_ends.here = WallTime(std::chrono::seconds(1'800'000'000));
  status.groups["vm1"].checkpoints.last_done_at = WallTime(std::chrono::seconds(1'800'000'000));
  status.groups["g2"] = status.groups["vm1"];
  status.routes["r2"] = status.routes["r0"];
  return status;
}

TEST(Metrics, NamesFollowTheRules) {
  std::set<std::string> names;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_TRUE(metric.name.starts_with("longthrow_")) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == prometheus::MetricType::Counter)
        << metric.name;
    EXPECT_FALSE(metric.help.empty()) << metric.name;
  }
}

TEST(Metrics, ContractNamesAreThere) {
  const std::string text = metrics_text(test::sample_status());
  for (const char* line :
       {"longthrow_buffer_used_bytes{link=\"dr\"} 3145728", "longthrow_link_up{link=\"dr\"} 1",
        "longthrow_lag_seconds{group=\"vm1\",link=\"dr\"} 1.5",
        "longthrow_group_consistent{group=\"vm1\"} 1",
        "longthrow_drbd_lag_seconds{group=\"vm1\",route=\"r0\"} 0.5",
        "longthrow_drbd_writes_total{direction=\"sent\",group=\"vm1\",route=\"r0\",volume=\"1\"} "
        "40"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST(Metrics, EverySampleHasTheLabelsOfTheTable) {
  for (const Metric& metric : metrics()) {
    int samples = 0;
    metric.collect(rich_status(), [&](const prometheus::Labels& labels, double) {
      ++samples;
      std::set<std::string> wanted;
      std::istringstream in(metric.labels);
      for (std::string label; std::getline(in, label, ',');) wanted.insert(label);
      std::set<std::string> found;
      for (const auto& [name, value] : labels) found.insert(name);
      EXPECT_EQ(found, wanted) << metric.name;
    });
    EXPECT_GT(samples, 0) << metric.name;
  }
}

TEST(Metrics, UnknownValuesAreAbsentRatherThanZero) {
  Status status = test::sample_status();
  status.links["dr"].state = LinkState::down;
  const std::string text = metrics_text(status);
  EXPECT_EQ(text.find("longthrow_link_rtt_seconds{"), std::string::npos);
  EXPECT_EQ(text.find("longthrow_link_drain_eta_seconds{"), std::string::npos);
  EXPECT_NE(text.find("longthrow_link_up{link=\"dr\"} 0"), std::string::npos);
}

TEST(Metrics, PromtoolHasNothingToSay) {
  const char* given = std::getenv("LONGTHROW_PROMTOOL");
  const std::string promtool = given != nullptr ? given : "promtool";
  if (std::system((promtool + " --version >/dev/null 2>&1").c_str()) != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus; or LONGTHROW_PROMTOOL)";
  }
  const TempDir directory;
  directory.write("metrics", metrics_text(rich_status()));
  const std::filesystem::path file = directory / "metrics";
  const std::string command = promtool + " check metrics < " + file.string() + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) said.push_back(static_cast<char>(c));
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(said, "");
}

TEST(Metrics, EachReasonOfALossIsThereBeforeTheFirstOne) {
  const std::string text = metrics_text(test::sample_status());
  for (const char* line :
       {"longthrow_losses_total{group=\"vm1\",link=\"dr\",reason=\"session_timeout\"} 1",
        "longthrow_losses_total{group=\"vm1\",link=\"dr\",reason=\"corrupt\"} 0",
        "longthrow_lost_bytes_total{group=\"vm1\",link=\"dr\",reason=\"partial_epoch\"} 0",
        "longthrow_losses_total{group=\"\",link=\"\",reason=\"node_killed\"} 0"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST(Metrics, OnlyCertificatesThatAreThereExpire) {
  Status status = test::sample_status();
  EXPECT_EQ(metrics_text(status).find("certificate_expiry_timestamp_seconds{"), std::string::npos);
  status.links["dr"].certificate_ends.peer = WallTime(std::chrono::seconds(1'800'000'000));
  const std::string text = metrics_text(status);
  EXPECT_NE(
      text.find("certificate_expiry_timestamp_seconds{link=\"dr\",where=\"peer\"} 1800000000"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("where=\"here\"} 1800000000"), std::string::npos);
}

TEST(Metrics, AReloadThatFailedIsToldUntilOneSucceeds) {
  Status status = test::sample_status();
  EXPECT_NE(metrics_text(status).find("longthrow_config_last_reload_successful 1"),
            std::string::npos);
  status.configuration.refused_at = WallTime(std::chrono::seconds(1'800'000'000));
  EXPECT_NE(metrics_text(status).find("longthrow_config_last_reload_successful 0"),
            std::string::npos);
}

}  // namespace
}  // namespace longthrow::control
