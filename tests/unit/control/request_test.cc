// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/request.h"

#include <gtest/gtest.h>

#include "proxy/base/log.h"

namespace longthrow::control {
namespace {

template <typename T>
T command(std::string_view line) {
  const Result<Request> request = parse_request_line(line);
  EXPECT_TRUE(request) << request.error().message;
  return std::get<T>(std::get<NodeRequest>(*request).command);
}
std::string mistake(std::string_view line) {
  const Result<Request> request = parse_request_line(line);
  return request ? "accepted" : request.error().message;
}

TEST(ParseRequest, ReadsEachSetting) {
  EXPECT_EQ(
      command<SetMemlimit>(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB"})")
          .bytes,
      2 * kGiB);
  EXPECT_EQ(command<SetBandwidth>(
                R"({"command":"set","link":"dr","setting":"bandwidth","value":"100mbit"})")
                .bytes_s,
            12'500'000U);
  EXPECT_EQ(
      to_string(command<SetCompression>(
                    R"({"command":"set","link":"dr","setting":"compression","value":"zstd:5"})")
                    .setting),
      "zstd:5");
}

TEST(ParseRequest, ReadsDrain) {
  const auto drain =
      command<Drain>(R"({"command":"drain","group":"g","timeout":"30s","hold":true})");
  EXPECT_EQ(drain.group, "g");
  EXPECT_EQ(drain.timeout, std::chrono::seconds(30));
  EXPECT_TRUE(drain.hold);
}

TEST(ParseRequest, ReadsCommandsByName) {
  EXPECT_TRUE(command<Pause>(R"({"command":"pause","link":"dr","drain":true})").drain);
  EXPECT_EQ(command<Resume>(R"({"command":"resume","name":"vm1"})").name, "vm1");
  EXPECT_TRUE(command<Takeover>(R"({"command":"takeover","name":"dr","force":true})").force);
  EXPECT_EQ(command<Release>(R"({"command":"release","name":"dr"})").name, "dr");
  EXPECT_EQ(command<AcceptConsistent>(R"({"command":"accept-consistent","group":"vm1"})").group,
            "vm1");
  EXPECT_EQ(command<Ping>(R"({"command":"ping","link":"dr"})").link, "dr");
  command<RestartCheck>(R"({"command":"restart-check"})");
}

TEST(ParseRequest, LossesAreAskedByNameAndTime) {
  const auto all = command<Losses>(R"({"command":"losses"})");
  EXPECT_EQ(all.name, "");
  EXPECT_FALSE(all.since || all.within || all.minor);
  const auto some =
      command<Losses>(R"({"command":"losses","name":"vm1","since":"24h","minor":true})");
  EXPECT_EQ(some.name, "vm1");
  EXPECT_EQ(some.within, std::chrono::hours(24));
  EXPECT_TRUE(some.minor);
  const WallTime noon(std::chrono::seconds(1769860800));
  for (const char* time : {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00"}) {
    const auto since =
        command<Losses>(format(R"({{"command":"losses","since":"{}"}})", time)).since;
    EXPECT_EQ(since, noon) << time;
  }
  EXPECT_EQ(command<Losses>(R"({"command":"losses","since":"2026-01-31"})").since,
            noon - std::chrono::hours(12));
  for (const char* wrong : {"yesterday", "2026-02-30", "2026-01-31T12:00", "2026-01-31T24:00:00Z"})
    EXPECT_NE(mistake(format(R"({{"command":"losses","since":"{}"}})", wrong)), "accepted")
        << wrong;
}

TEST(ParseRequest, EventsAreAskedByPlaceTimeAndNumber) {
  const auto events = [](const char* line) {
    return std::get<EventsRequest>(*parse_request_line(line));
  };
  const EventsRequest all = events(R"({"command":"events"})");
  EXPECT_TRUE(all.link.empty() && all.group.empty() && all.after == 0);
  EXPECT_FALSE(all.since || all.within || all.limit);
  const EventsRequest some =
      events(R"({"command":"events","link":"dr","group":"vm1","since":"24h","after":7,"limit":3})");
  EXPECT_EQ(some.link, "dr");
  EXPECT_EQ(some.group, "vm1");
  EXPECT_EQ(some.within, std::chrono::hours(24));
  EXPECT_EQ(some.after, 7U);
  EXPECT_EQ(some.limit, 3U);
  for (const char* wrong :
       {R"("limit":-1)", R"("after":"7")", R"("since":"yesterday")", R"("x":1)"})
    EXPECT_NE(mistake(format(R"({{"command":"events",{}}})", wrong)), "accepted") << wrong;
}

TEST(ParseRequest, NamesWhatIsMissing) {
  EXPECT_EQ(mistake(R"({"command":"ping"})"), R"(ping: "link" is missing)");
  EXPECT_NE(mistake("{}").find(R"("command" is missing)"), std::string::npos);
}

TEST(ParseRequest, RefusesUnknownCommandsAndKeys) {
  EXPECT_NE(mistake(R"({"command":"explode"})").find("there is no command"), std::string::npos);
  EXPECT_EQ(mistake(R"({"command":"status","verbose":true})"),
            R"(status: "verbose" is not a key of this command)");
}

TEST(ParseRequest, RefusesWrongTypesAndValues) {
  EXPECT_NE(mistake(R"({"command":"ping","link":5})"), "accepted");
  EXPECT_NE(mistake(R"({"command":"drain","group":"g","hold":"yes"})"), "accepted");
  EXPECT_NE(mistake(R"({"command":"drain","group":"g","timeout":"30"})"), "accepted");
  EXPECT_NE(mistake(R"({"command":"set","link":"dr","setting":"memlimit","value":"1MiB"})"),
            "accepted");
  for (const char* value : {"100Mbps", "1bit", "0mbit"}) {
    const std::string line = mistake(
        format(R"({{"command":"set","link":"dr","setting":"bandwidth","value":"{}"}})", value));
    EXPECT_NE(line.find("allowed: \"unlimited\", or a rate"), std::string::npos) << line;
  }
  EXPECT_NE(mistake(R"({"command":"set","link":"dr","setting":"colour","value":"red"})"),
            "accepted");
}

TEST(ParseRequest, RefusesWhatIsNotAnObject) {
  EXPECT_NE(mistake("hello"), "accepted");
  EXPECT_NE(mistake("[1]"), "accepted");
  EXPECT_NE(mistake(""), "accepted");
  EXPECT_NE(mistake(std::string(1000, '[')), "accepted");
}

TEST(ParseRequest, LongCommandsAreThoseWithProgress) {
  EXPECT_TRUE(is_long(Drain{}));
  EXPECT_TRUE(is_long(Takeover{}));
  EXPECT_TRUE(is_long(Pause{.drain = true}));
  EXPECT_FALSE(is_long(Pause{}));
  EXPECT_FALSE(is_long(Ping{}));
}

}  // namespace
}  // namespace longthrow::control
