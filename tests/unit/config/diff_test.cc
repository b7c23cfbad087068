// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/diff.h"

#include <set>

#include "proxy/config/options.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

using namespace std::chrono_literals;

class Diff : public ConfigCase {
 protected:
  void SetUp() override {
    text(kSmallest);
    running_ = good().config;
    next_ = running_;
  }
  void expect_only(const std::string& line) {
    const auto changes = diff(running_, next_);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(to_string(changes.front()), line);
  }
  LinkConfig& dr() { return next_.links["dr"]; }
  RouteConfig& r0() { return next_.routes["r0"]; }
  Config running_;
  Config next_;
};

TEST_F(Diff, EqualConfigurationsHaveNone) { EXPECT_TRUE(diff(running_, next_).empty()); }

TEST_F(Diff, MemlimitIsLive) {
  dr().memlimit = 2 * kGiB;
  expect_only("[link.dr] memlimit: 1GiB -> 2GiB");
  EXPECT_TRUE(diff(running_, next_).front().live);
}
TEST_F(Diff, ListenOfARouteIsLive) {
  r0().listen.reset();
  expect_only("[route.r0] listen: 127.0.0.1:7788 -> (not set)");
}
TEST_F(Diff, ControlSocketNeedsARestart) {
  next_.node.control = "/tmp/s";
  expect_only(
      "[node] control: /run/longthrow/control.sock -> /tmp/s (not applied: needs a restart of "
      "longthrowd)");
  EXPECT_FALSE(diff(running_, next_).front().live);
}
TEST_F(Diff, LogLevelAndStopTimeoutAreLive) {
  next_.node.log_level = LogLevel::debug;
  next_.node.stop_timeout = 5s;
  for (const ConfigChange& change : diff(running_, next_)) EXPECT_TRUE(change.live) << change.key;
}
TEST_F(Diff, ProtocolOfARouteIsNotLive) {
  r0().protocol = RouteProtocol::drbd;
  expect_only(
      "[route.r0] protocol: tcp -> drbd (not applied: remove the route, reload, add it again, "
      "reload)");
}
TEST_F(Diff, LinksAndRoutesComeAndGoLive) {
  next_.links["b"] = dr();
  next_.routes.erase("r0");
  const auto changes = diff(running_, next_);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(to_string(changes[0]), "[link.b] added");
  EXPECT_EQ(to_string(changes[1]), "[route.r0] removed");
  EXPECT_TRUE(changes[0].live && changes[1].live);
}
TEST_F(Diff, TlsKindAndFilesAreLive) {
  dr().tls = CertificateTls{"/c", "/k", "/a", "beta"};
  const auto changes = diff(running_, next_);
  ASSERT_EQ(changes.size(), 6U);
  EXPECT_EQ(to_string(changes[0]), "[link.dr] tls: a pre-shared key -> certificates");
  EXPECT_EQ(to_string(changes[1]), "[link.dr] tls.psk_file: /etc/longthrow/dr.psk -> (not set)");
  for (const ConfigChange& change : changes) EXPECT_TRUE(change.live) << change.key;
}

// A value for each key that is not its default: a forgotten `show` would hide a change.
TEST_F(Diff, EveryOptionIsSeen) {
  sources_.clear();
  text(R"([node]
name = "n1"
control = "/tmp/c.sock"
http = "127.0.0.1:9917"
io = "epoll"
codec_threads = 0
state_dir = "/tmp/state"
log_level = "debug"
stop_timeout = "5s"
overcommit = true
notify = "/bin/true"
[link.dr]
listen = "127.0.0.1:7701"
connect = ["localhost:7700"]
source = "127.0.0.2"
memlimit = "64MiB"
compression = "none"
bandwidth = "100mbit"
bandwidth_schedule = ["daily 08:00-18:00 10mbit"]
lanes = 4
congestion = "bbr"
heartbeat = "500ms"
dead_after = "3s"
session_timeout = "2m"
abort_linger = "0s"
allow_plaintext = true
notify = ["/bin/true"]
tls = { cert = "/c", key = "/k", ca = "/a", peer_name = "beta" }
[link.other]
connect = "o:1"
tls = { psk_file = "/o" }
[route.r0]
link = "other"
listen = "127.0.0.1:7789"
target = "db:5432"
inside_source = "127.0.0.2"
protocol = "drbd"
answer_pings = "outage"
when_down = "refuse"
group = "vm1"
applied_check = ["/bin/false"]
[drbd-proxy]
tls = { cert = "/c", key = "/k", ca = "/a", peer_name = "beta" }
link = "other"
memlimit = "32MiB"
)");
  running_.drbd_proxy.tls = PskTls{"/p"};
  next_ = good().config;
  next_.groups["r0"] = {.share = 8 * kMiB,
                        .cut_interval = std::chrono::milliseconds(20),
                        .cut_deadline = std::chrono::seconds(1),
                        .on_checkpoint = {"/bin/true"},
                        .hook_timeout = std::chrono::seconds(5),
                        .checkpoint_every = std::chrono::minutes(15)};
  std::set<std::string> seen;
  for (const ConfigChange& change : diff(running_, next_)) {
    seen.insert(change.section.substr(0, change.section.find('.')) + "." + change.key);
  }
  for (const Option& option : options()) {
    EXPECT_TRUE(
        seen.contains(std::string(section_name(option.section)) + "." + std::string(option.key)))
        << option.key;
  }
}

}  // namespace
}  // namespace longthrow
