// SPDX-License-Identifier: Apache-2.0
// A control plane over a fake node, and clients that speak to it in bytes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "proxy/control/control.h"
#include "proxy/control/json.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fake_node.h"

namespace longthrow::test {

// A configuration in memory.
class MemoryStore final : public control::ConfigStore {
 public:
  std::expected<Loaded, std::vector<std::string>> load() override;
  control::ConfigDifference difference(const Config& from, const Config& to) const override;
  Result<std::string> save(const std::string& link, const std::string& setting,
                           const std::string& value) override;
  Result<void> save(const DrbdConnections& connections) override;

  Config config = sample_config();
  std::vector<std::string> errors;  // if not empty, `load` fails with them
  std::string save_error;
  std::vector<std::string> saved;  // "dr.memlimit=2GiB"
  std::vector<DrbdConnections> saved_connections;
};

// A connected stream socket; blocking, with a time limit on each read.
class ByteClient {
 public:
  explicit ByteClient(const std::string& path);  // UNIX
  explicit ByteClient(std::uint16_t port);       // TCP on loopback
  ~ByteClient();
  ByteClient(const ByteClient&) = delete;
  ByteClient& operator=(const ByteClient&) = delete;

  // False when the other end has closed.
  bool send(std::string_view bytes);
  void half_close();
  void close();
  // One line, without its end; "" at the end of the stream. Fails the test after 10 s.
  std::string line();
  json::object answer();
  json::object ask(const std::string& request);
  // All until the end of the stream.
  std::string rest();
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  bool fill();
  int fd_ = -1;
  bool connected_ = false;
  std::string input_;
};

class ControlTest : public ::testing::Test {
 protected:
  ControlTest();
  ~ControlTest() override;

  void start(bool with_http = false);
  ByteClient connect() { return ByteClient(path()); }
  json::object ask(const std::string& request) { return ByteClient(path()).ask(request); }
  std::string http(const std::string& request);
  std::string get(const std::string& target);
  [[nodiscard]] std::string path() const { return directory_ / "control.sock"; }
  // Waits until `condition`, evaluated on the loop's thread, holds; at most 10 s.
  ::testing::AssertionResult eventually(std::function<bool()> condition);
  // Waits for a command, then answers it.
  void answer_drain(Answer answer);
  std::vector<Command> commands();

  TempDir directory_;
  MemoryStore store_;
  FakeNode node_;
  std::unique_ptr<TaskLoop> loop_ = std::make_unique<TaskLoop>();
  std::function<Result<void>(const Config&)> check_;
  std::function<Result<void>(const Config&)> check_memlimits_;
  std::function<std::string()> restart_pending_;
  std::string state_dir_;  // "": no history of events
  std::unique_ptr<control::Control> control_;
};

}  // namespace longthrow::test
