// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "proxy/control/control_socket.h"
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

class ControlSocketFile : public ControlTest {
 protected:
  // What a killed daemon leaves: a socket file that nobody listens on.
  void leave_stale_socket() {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
  }
  std::string open_error() {
    const auto opened = control::ControlSocket::open(path());
    return opened ? "opened" : opened.error().message;
  }
};

TEST_F(ControlSocketFile, IsForOwnerAndGroup) {
  start();
  struct stat found{};
  ASSERT_EQ(::stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0660U);
}

TEST_F(ControlSocketFile, StaleOneIsReplaced) {
  leave_stale_socket();
  start();
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketFile, RunningDaemonIsLeftAlone) {
  start();
  EXPECT_NE(open_error().find("another longthrowd"), std::string::npos);
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketFile, ForeignListenerIsLeftAlone) {
  start();
  std::filesystem::remove(path() + ".lock");
  EXPECT_NE(open_error().find("another program answers"), std::string::npos);
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketFile, OtherKindsOfFileAreLeftAlone) {
  std::ofstream(path()) << "precious";
  EXPECT_NE(open_error().find("is not a socket"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ControlSocketFile, GoesWithTheDaemon) {
  start();
  control_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(ControlSocketFile, TooLongPathIsSaid) {
  const auto opened = control::ControlSocket::open("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("characters"), std::string::npos);
}

TEST_F(ControlSocketFile, TakenHttpPortLeavesNoSocketBehind) {
  start(true);
  Config config = sample_config();
  config.node.control = path() + "2";
  config.node.http = control_->http_endpoint();
  const auto opened = control::Control::open(config, {*loop_, node_, store_, {}});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("node.http"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(config.node.control));
}

}  // namespace
}  // namespace longthrow::test
