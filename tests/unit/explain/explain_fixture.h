// SPDX-License-Identifier: Apache-2.0
// A node at two moments, two seconds apart: link dr with group vm1 (route r0), on which 1 MiB/s
// comes in and goes out, and nothing stands in the way. A test changes what it is about.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "longthrow/bytes.h"
#include "proxy/explain/explain.h"

namespace longthrow::explain::test {

class ExplainTest : public ::testing::Test {
 protected:
  static constexpr double kSeconds = 2.0;
  static constexpr WallTime kSince{std::chrono::seconds(1)};

  ExplainTest() {
    begin(before);
    begin(now);
    now.uptime_s += kSeconds;
    move(2 * kMiB);
  }

  LinkStatus& link() { return now.links["dr"]; }
  LinkStatus& link_before() { return before.links["dr"]; }
  GroupStatus& group(const std::string& name = "vm1") { return now.groups[name]; }
  GroupStatus& group_before() { return before.groups["vm1"]; }
  LaneStatus& lane() { return link().lanes.at(1); }
  ChannelStatus& channel() { return now.routes["r0"].channels.at(0); }

  // So much is given and sent between the looks.
  void move(std::uint64_t bytes) {
    link().raw_in_bytes = link_before().raw_in_bytes + bytes;
    link().wire_out_bytes = link_before().wire_out_bytes + bytes;
    lane().tcp.sent_bytes = bytes;
    channel().in_bytes = bytes;
  }
  void lags(std::uint64_t then_bytes, std::uint64_t now_bytes, double seconds = 5.0) {
    link_before().lag = group_before().lag = {.bytes = then_bytes, .seconds = seconds};
    link().lag = group().lag = {.bytes = now_bytes, .seconds = seconds};
  }
  // In both looks, with a lag that grows by 1 MiB/s.
  void limited_by(Limit limit) {
    link_before().limited_by = link().limited_by = limit;
    lags(8 * kMiB, 10 * kMiB);
  }
  static void stop(std::vector<Notice>& notices, NoticeKind kind, Side where = Side::here) {
    notices.push_back({.what = kind, .where = where, .since = kSince, .by = "`the command`"});
  }
  void add_group(const std::string& name) {
    for (Status* status : {&before, &now}) {
      status->groups[name].link = "dr";
      status->routes["of " + name] = {.group = name, .link = "dr", .state = RouteState::open};
    }
  }

  [[nodiscard]] Verdict of_link() const { return explain(&before, now).links.at("dr"); }
  [[nodiscard]] Verdict of_group(const std::string& name = "vm1") const {
    return explain(&before, now).groups.at(name);
  }
  [[nodiscard]] Verdict of_one_look() const { return explain(nullptr, now).links.at("dr"); }

  Status before;
  Status now;

 private:
  static void begin(Status& status) {
    status.uptime_s = 100;
    LinkStatus& link = status.links["dr"];
    link.state = LinkState::up;
    link.rtt_ms = 80.0;
    link.limited_by = Limit::source;
    link.buffer.send_limit_bytes = 100 * kMiB;
    link.compression = {.setting = "auto", .codec = "zstd:3", .ratio = 1.0};
    link.raw_in_bytes = link.wire_out_bytes = kGiB;
    link.lanes.push_back({.name = "express", .local = "a:1", .remote = "b:1"});
    link.lanes.push_back({.name = "bulk1", .local = "a:2", .remote = "b:1"});
    for (LaneStatus& lane : link.lanes) lane.tcp.min_rtt_ms = lane.tcp.rtt_ms = 80.0;
    status.groups["vm1"].link = "dr";
    RouteStatus& route = status.routes["r0"];
    route = {.group = "vm1", .link = "dr", .state = RouteState::open};
    route.channels_open = 1;
    route.channels.push_back({.id = 7});
  }
};

inline ::testing::AssertionResult says(const Verdict& verdict, std::string_view part) {
  if (verdict.sentence.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in: " << verdict.sentence;
}

}  // namespace longthrow::explain::test
