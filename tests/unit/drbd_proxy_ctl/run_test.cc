// SPDX-License-Identifier: Apache-2.0
// The program against a real control plane.
#include "tools/drbd_proxy_ctl/run.h"

#include <sstream>

#include "proxy/base/log.h"
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

class ProxyCtl : public ControlTest {
 protected:
  ProxyCtl() {
    store_.config.drbd_proxy.tls = PskTls{"/drbd.psk"};
    start();
    ask(R"({"command":"reload"})");
  }

  int run(const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = proxy_ctl::run(arguments, control_path_, in, false, {.out = out, .err = err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  static constexpr const char* kAdd =
      "add connection r0-b-a 127.0.0.2:7001 10.0.0.2:7001 10.0.0.1:7001 127.0.0.1:7001";
  std::string control_path_ = path();
  std::string out_;
  std::string err_;
};

// As drbd-utils 9.22 does it: two executions, and no -c before the last command.
TEST_F(ProxyCtl, DoesWhatProxyUpAndProxyDownAsk) {
  EXPECT_EQ(run({"-c", kAdd}), 0) << err_;
  EXPECT_EQ(run({"-c", "set ping-timeout r0-b-a 100", "-c", "set memlimit r0-b-a 128M", "-c",
                 "set plugin r0-b-a 0 zstd level 4", "set plugin r0-b-a 1 END"}),
            0)
      << err_;
  EXPECT_EQ(run({"-c", "show proxy-settings r0-b-a"}), 0);
  EXPECT_EQ(out_,
            "proxy {\n    memlimit 134217728;\n    plugin {\n        zstd level 4;\n    }\n}\n");
  EXPECT_EQ(run({"-c", "del connection r0-b-a"}), 0);
  EXPECT_EQ(run({"-c", "del connection r0-b-a"}), 0) << "adjust deletes what is not there";
  EXPECT_EQ(run({"-c", "show proxy-settings r0-b-a"}), 1);
  EXPECT_EQ(out_, "");
}

TEST_F(ProxyCtl, RefusalsAreSaidWithACodeThatDrbdadmShows) {
  EXPECT_EQ(run({"-c", "set memlimit nobody 1G"}), 10);
  EXPECT_NE(err_.find("proxy-up"), std::string::npos);
  EXPECT_EQ(run({"frobnicate"}), 10);
  EXPECT_EQ(run({"shutdown"}), 10);
  EXPECT_EQ(run({"-c"}), 10);
}

TEST_F(ProxyCtl, TriesEveryCommandAndTellsTheWorst) {
  EXPECT_EQ(run({"-c", "set memlimit nobody 1G", "-c", kAdd}), 10);
  EXPECT_EQ(run({"show"}), 0);
  EXPECT_NE(out_.find("add connection r0-b-a "), std::string::npos);
}

TEST_F(ProxyCtl, ReadsCommandsFromItsInput) {
  EXPECT_EQ(run({}, format("{}\nshow\nquit\nfrobnicate\n", kAdd)), 0);
  EXPECT_NE(out_.find("add connection r0-b-a "), std::string::npos);
}

TEST_F(ProxyCtl, SaysThatThereIsNoDaemon) {
  control_path_ = directory_ / "nobody.sock";
  EXPECT_EQ(run({"show"}), 20);
  EXPECT_NE(err_.find("longthrowd is not running"), std::string::npos);
}

TEST_F(ProxyCtl, VersionsAreReadByLcmc) {
  EXPECT_EQ(run({"-c", "version"}), 0);
  EXPECT_TRUE(out_.starts_with("Drbd-proxy 4.0.0, "));
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_NE(out_.find("Examples:"), std::string::npos);
}

}  // namespace
}  // namespace longthrow::test
