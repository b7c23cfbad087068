// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/show.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tools/longthrow/read_status.h"

namespace longthrow::proxy_ctl {
namespace {

class Shows : public ::testing::Test {
 protected:
  json::object connections_ = json::parse(R"({"r0-b-a":{"inside":"[::1]:7001",
      "peer_outside":"10.0.0.2:7001","outside":"10.0.0.1:7001","drbd":"127.0.0.1:7001",
      "memlimit":134217728,"plugins":["zstd level 4","lzma contexts 4"],
      "place":"own","link":"r0-b-a","route":"r0-b-a"}})")
                                  .as_object();
  json::object status_ = json::parse(R"({"links":{"r0-b-a":{"state":"up","reason":"","peer":"b",
      "buffer":{"used_bytes":2097152,"raw_bytes":4194304,"limit_bytes":134217728},
      "lag":{"bytes":4194304,"seconds":1.5},"compression":{"codec":"zstd:4","ratio":2.0},
      "totals":{"raw_in_bytes":9,"wire_out_bytes":8,"wire_in_bytes":7,"delivered_bytes":6},
      "reconnects":3}},
      "routes":{"r0-b-a":{"reason":"","drbd":{"paired":true,"lag_s":2.5},"channel_list":[
      {"id":17,"opened_here":true,"local":"127.0.0.2:7001","remote":"127.0.0.1:50122","state":"open",
       "in_bytes":10,"out_bytes":20,"lag_bytes":5}]}}})")
                             .as_object();

  std::string listing(Listing what, bool human = false) {
    return show_listing({what, human}, connections_, cli::read_status(status_));
  }
};

TEST_F(Shows, PathsAreCommands) {
  EXPECT_EQ(listing(Listing::paths),
            "add connection r0-b-a ::1:7001 10.0.0.2:7001 10.0.0.1:7001 127.0.0.1:7001 "
            "--memlimit=134217728\n");
  EXPECT_TRUE(parse_command(listing(Listing::paths)).has_value()) << "and can be given again";
}

TEST_F(Shows, StatesAreThoseOfDrbdProxy4) {
  EXPECT_NE(listing(Listing::connections).find(" Connected "), std::string::npos);
  status_["routes"].as_object()["r0-b-a"].as_object()["drbd"].as_object()["paired"] = false;
  EXPECT_NE(listing(Listing::connections).find(" ProxyConnected "), std::string::npos);
  status_["links"].as_object()["r0-b-a"].as_object()["state"] = "down";
  status_["links"].as_object()["r0-b-a"].as_object()["reason"] = "timed out";
  EXPECT_NE(listing(Listing::connections).find(" Connecting "), std::string::npos);
  EXPECT_NE(listing(Listing::connections).find("timed out"), std::string::npos);
}

TEST_F(Shows, HumansGetUnits) {
  EXPECT_NE(listing(Listing::connections, true).find("2.0 MiB"), std::string::npos);
  EXPECT_NE(listing(Listing::connections, false).find("2097152"), std::string::npos);
}

TEST_F(Shows, StreamsHaveThirteenColumns) {
  const std::string text = listing(Listing::subconnections);
  const std::string line = text.substr(text.find('\n') + 1);
  EXPECT_EQ(std::ranges::count(line, '\t'), 12);
  EXPECT_TRUE(line.starts_with("r0-b-a\t17\tConnected\topen\tin\t"));
}

TEST_F(Shows, StatisticsAreForScripts) {
  const std::string text = listing(Listing::statistics);
  EXPECT_NE(text.find("name=r0-b-a state=Connected "), std::string::npos);
  EXPECT_NE(text.find(" used_bytes=2097152 "), std::string::npos);
  EXPECT_NE(text.find(" drbd_lag_seconds=2.500 "), std::string::npos);
}

// Read by drbdadm's parser of drbd.conf; any other word in it makes drbdadm give up.
TEST_F(Shows, ProxySettingsHaveMemlimitAndPluginsAlone) {
  EXPECT_EQ(show_proxy_settings(connections_, "r0-b-a"),
            "proxy {\n    memlimit 134217728;\n    plugin {\n        zstd level 4;\n"
            "        lzma contexts 4;\n    }\n}\n");
  EXPECT_EQ(show_proxy_settings(connections_, "nobody"), "");
  connections_["r0-b-a"].as_object().erase("memlimit");
  connections_["r0-b-a"].as_object().erase("plugins");
  EXPECT_EQ(show_proxy_settings(connections_, "r0-b-a"), "proxy {\n}\n");
}

TEST_F(Shows, AnswersWithoutNumbersAreShownAllTheSame) {
  status_.clear();
  for (const auto what : {Listing::paths, Listing::connections, Listing::subconnections,
                          Listing::memusage, Listing::plugins, Listing::statistics}) {
    EXPECT_FALSE(listing(what).empty());
  }
}

}  // namespace
}  // namespace longthrow::proxy_ctl
