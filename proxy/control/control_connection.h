// SPDX-License-Identifier: Apache-2.0
// One client of the control socket: lines of JSON in, lines of JSON out, one request at a time.
#pragma once

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "proxy/control/command_service.h"

namespace longthrow::control {

struct ControlLimits {
  std::size_t line_bytes = 64 * 1024;
  int connections = 32;
  std::chrono::milliseconds idle{60'000};     // without a whole request
  std::chrono::milliseconds command{60'000};  // for a command that is not long
  std::chrono::milliseconds write{10'000};    // for a client that does not read
};

// Control thread only. Keeps itself alive while anything is under way. `token` is dropped with the
// connection; the server counts connections by their tokens.
class ControlConnection : public std::enable_shared_from_this<ControlConnection> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  ControlConnection(Socket socket, CommandService& service, NodeGateway& gateway,
                    const ControlLimits& limits, std::shared_ptr<void> token);

  void start();
  // Answers `answer` and closes: for clients beyond the limit.
  void refuse(const json::object& answer);
  void close();
  // No request is under way and no answer on its way: the connection may make room for another
  // client.
  [[nodiscard]] bool idle() const { return !running_ && writing_.empty() && !final_ && !closed_; }

 private:
  void read();
  void on_read(const boost::system::error_code& error, std::size_t bytes);
  void on_end_of_input();
  void next_request();
  void on_reply(json::object answer);
  void write_next();
  void on_written(const boost::system::error_code& error);
  void set_deadline(std::optional<std::chrono::milliseconds> time);
  void set_command_deadline();
  void on_deadline();

  Socket socket_;
  CommandService& service_;
  NodeGateway& gateway_;
  const ControlLimits limits_;
  std::shared_ptr<void> token_;
  asio::steady_timer deadline_;

  std::array<char, 4096> chunk_{};
  std::string input_;                    // < line_bytes + chunk
  std::string writing_;                  // in flight
  std::optional<std::string> progress_;  // the newest; older ones are of no use to a slow reader
  std::optional<std::string> final_;
  CommandService::Started started_;
  bool running_ = false;  // a request without its last answer
  bool reading_ = false;
  bool end_of_input_ = false;
  bool closing_ = false;  // after the last write
  bool closed_ = false;
};

}  // namespace longthrow::control
