// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/control_fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "proxy/base/log.h"

namespace longthrow::test {

std::expected<control::ConfigStore::Loaded, std::vector<std::string>> MemoryStore::load() {
  if (!errors.empty()) return std::unexpected(errors);
  return Loaded{.config = config, .warnings = {}};
}

control::ConfigDifference MemoryStore::difference(const Config& from, const Config& to) const {
  control::ConfigDifference out;
  if (from.links.at("dr").memlimit != to.links.at("dr").memlimit) {
    out.live.emplace_back("link.dr.memlimit");
  }
  if (from.node.name != to.node.name) out.restart.emplace_back("node.name");
  return out;
}

Result<std::string> MemoryStore::save(const std::string& link, const std::string& setting,
                                      const std::string& value) {
  if (!save_error.empty()) return fail(save_error);
  saved.push_back(link + "." + setting + "=" + value);
  return "conf.d/90-set.toml";
}

Result<void> MemoryStore::save(const DrbdConnections& connections) {
  if (!save_error.empty()) return fail(save_error);
  saved_connections.push_back(connections);
  return {};
}

namespace {
void limit_time(int fd) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}
}  // namespace

ByteClient::ByteClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  limit_time(fd_);
  connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

ByteClient::ByteClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  limit_time(fd_);
  connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

ByteClient::~ByteClient() { close(); }

void ByteClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool ByteClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void ByteClient::half_close() { ::shutdown(fd_, SHUT_WR); }

bool ByteClient::fill() {
  std::array<char, 4096> chunk;
  const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) ADD_FAILURE() << "no answer in 10 s";
  if (got <= 0) return false;
  input_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::string ByteClient::line() {
  while (input_.find('\n') == std::string::npos) {
    if (!fill()) return {};
  }
  const std::size_t end = input_.find('\n');
  std::string out = input_.substr(0, end);
  input_.erase(0, end + 1);
  return out;
}

json::object ByteClient::answer() {
  json::error_code error;
  const std::string text = line();
  const json::value value = json::parse(text, error);
  EXPECT_FALSE(error) << "not JSON: " << text;
  return value.is_object() ? value.get_object() : json::object();
}

json::object ByteClient::ask(const std::string& request) {
  EXPECT_TRUE(send(request + "\n"));
  return answer();
}

std::string ByteClient::rest() {
  while (fill()) {
  }
  return std::exchange(input_, {});
}

ControlTest::ControlTest() = default;

ControlTest::~ControlTest() {
  control_.reset();
  loop_.reset();
}

void ControlTest::start(bool with_http) {
  Config config = sample_config();
  config.node.control = path();
  if (with_http) config.node.http = *parse_endpoint("127.0.0.1:0");
  auto opened = control::Control::open(
      config, {*loop_, node_, store_, check_, check_memlimits_, {}, restart_pending_, state_dir_});
  ASSERT_TRUE(opened) << opened.error().message;
  control_ = *std::move(opened);
  control_->start();
}

std::string ControlTest::http(const std::string& request) {
  ByteClient client(control_->http_endpoint()->port);
  client.send(request);
  return client.rest();
}

std::string ControlTest::get(const std::string& target) {
  return http("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

::testing::AssertionResult ControlTest::eventually(std::function<bool()> condition) {
  for (int i = 0; i < 2000; ++i) {
    bool holds = false;
    loop_->call([&] { holds = condition(); });
    if (holds) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return ::testing::AssertionFailure() << "not within 10 s";
}

void ControlTest::answer_drain(Answer answer) {
  ASSERT_TRUE(eventually([&] { return !node_.commands.empty(); }));
  loop_->call([&] { node_.answer_drain(std::move(answer)); });
}

std::vector<Command> ControlTest::commands() {
  std::vector<Command> out;
  loop_->call([&] { out = node_.commands; });
  return out;
}

}  // namespace longthrow::test
