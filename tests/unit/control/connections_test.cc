// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "proxy/base/log.h"
#include "proxy/control/connection_json.h"
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

class ConnectionCommands : public ControlTest {
 protected:
  ConnectionCommands() { store_.config.drbd_proxy.tls = PskTls{"/drbd.psk"}; }

  static std::string add(const std::string& name, int port) {
    return format(
        R"({{"command":"add-connection","name":"{0}","inside":"127.0.0.2:{1}",)"
        R"("peer_outside":"10.0.0.2:{1}","outside":"10.0.0.1:{1}","drbd":"127.0.0.1:{1}"}})",
        name, port);
  }
  void start_with_key() {
    start();
    ASSERT_TRUE(ask(R"({"command":"reload"})").at("ok").as_bool());
    loop_->call([this] { node_.commands.clear(); });
  }
  Config last_config() { return std::get<Reload>(commands().back()).config; }
};

TEST_F(ConnectionCommands, AddSetAndDeleteReachTheNodeAndTheDisk) {
  start_with_key();
  const json::object added = ask(add("r0-b-a", 7001));
  ASSERT_TRUE(added.at("ok").as_bool()) << added.at("message").as_string();
  EXPECT_TRUE(std::get<Reload>(commands().back()).keep_set_values);
  EXPECT_TRUE(last_config().links.contains("r0-b-a"));
  EXPECT_TRUE(last_config().links.contains("dr")) << "the files' links stay";
  EXPECT_TRUE(ask(R"({"command":"set-connection","name":"r0-b-a","memlimit":67108864})")
                  .at("ok")
                  .as_bool());
  EXPECT_EQ(last_config().links.at("r0-b-a").memlimit, 64 * kMiB);
  EXPECT_TRUE(ask(R"({"command":"set-plugin","name":"r0-b-a","index":0,"plugin":"lz4"})")
                  .at("ok")
                  .as_bool());
  EXPECT_EQ(to_string(last_config().links.at("r0-b-a").compression), "lz4");
  const json::object list = ask(R"({"command":"connections"})").at("connections").as_object();
  EXPECT_EQ(list.at("r0-b-a").as_object().at("place").as_string(), "own");
  ASSERT_EQ(store_.saved_connections.size(), 3U);
  EXPECT_TRUE(ask(R"({"command":"delete-connection","name":"r0-b-a"})").at("ok").as_bool());
  EXPECT_FALSE(last_config().links.contains("r0-b-a"));
  EXPECT_TRUE(store_.saved_connections.back().empty());
}

TEST_F(ConnectionCommands, WhatIsSaidTwiceIsAskedOfTheNodeOnce) {
  start_with_key();
  ask(add("r0-b-a", 7001));
  EXPECT_TRUE(ask(add("r0-b-a", 7001)).at("ok").as_bool());
  EXPECT_TRUE(ask(R"({"command":"delete-connection","name":"zzz"})").at("ok").as_bool());
  EXPECT_EQ(commands().size(), 1U);
}

TEST_F(ConnectionCommands, WhatTheNodeRefusesIsNotKept) {
  start_with_key();
  loop_->call([this] { node_.next_answer = {.ok = false, .message = "no"}; });
  EXPECT_EQ(ask(add("r0-b-a", 7001)).at("message").as_string(), "no");
  EXPECT_TRUE(store_.saved_connections.back().empty());
  EXPECT_TRUE(ask(R"({"command":"connections"})").at("connections").as_object().empty());
}

TEST_F(ConnectionCommands, WhatCannotBeKeptIsNotDone) {
  start_with_key();
  store_.save_error = "disk full";
  EXPECT_EQ(ask(add("r0-b-a", 7001)).at("message").as_string(), "nothing was changed: disk full");
  EXPECT_TRUE(commands().empty());
}

TEST_F(ConnectionCommands, AReloadKeepsThem) {
  start_with_key();
  ask(add("r0-b-a", 7001));
  EXPECT_TRUE(ask(R"({"command":"reload"})").at("ok").as_bool());
  EXPECT_TRUE(last_config().links.contains("r0-b-a"));
  store_.config.drbd_proxy.tls.reset();
  const json::object answer = ask(R"({"command":"reload"})");
  EXPECT_FALSE(answer.at("ok").as_bool()) << "they could not run without their key";
  EXPECT_NE(std::string(answer.at("message").as_string()).find("r0-b-a"), std::string::npos);
}

TEST_F(ConnectionCommands, ManyAtOnceAreDoneOneAfterTheOther) {
  start_with_key();
  std::vector<std::unique_ptr<ByteClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<ByteClient>(path()));
    clients.back()->send(add(format("c{}", i), 7001 + i) + "\n");
  }
  for (const auto& client : clients) EXPECT_TRUE(client->answer().at("ok").as_bool());
  EXPECT_EQ(last_config().routes.size(), 21U);
}

TEST_F(ConnectionCommands, ALinkOfTheirsIsNotSavedAmongTheFiles) {
  start_with_key();
  ask(add("r0-b-a", 7001));
  const json::object answer =
      ask(R"({"command":"set","link":"r0-b-a","setting":"memlimit","value":"1GiB","save":true})");
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_TRUE(store_.saved.empty());
}

// --- the file

TEST(ConnectionFile, GivesBackWhatWasSaved) {
  const TempDir directory;
  DrbdConnections all;
  all["r0-b-a"] = {.inside = *parse_endpoint("[::1]:7788"),
                   .peer_outside = *parse_endpoint("[fd00::2]:7788"),
                   .outside = *parse_endpoint("[fd00::1]:7788"),
                   .drbd = *parse_endpoint("[::1]:7789"),
                   .memlimit = kGiB,
                   .plugins = {"zstd level 4"}};
  ASSERT_TRUE(control::save_connections(directory / "state", all).has_value());
  const auto loaded = control::load_connections(directory / "state");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(*loaded, all);
  EXPECT_TRUE(control::load_connections(directory / "nowhere")->empty());
}

TEST(ConnectionFile, DamageIsSaidWithWhatToDo) {
  const TempDir directory;
  for (const char* text : {"", "{", "[]", R"({"version":2,"connections":{}})", R"({"version":1})",
                           R"({"version":1,"connections":{"a b":{}}})",
                           R"({"version":1,"connections":{"a":{"inside":"1"}}})"}) {
    std::ofstream(directory / "connections.json") << text;
    const auto loaded = control::load_connections(directory / ".");
    ASSERT_FALSE(loaded.has_value()) << text;
    EXPECT_NE(loaded.error().message.find("drbdadm proxy-up"), std::string::npos);
  }
}

}  // namespace
}  // namespace longthrow::test
