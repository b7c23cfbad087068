// SPDX-License-Identifier: Apache-2.0
// HTTP for people and monitoring: GET / , /status and /metrics, and nothing else. Read-only.
//
// The server is Boost.Beast on the control thread. A stranger can use up only a bounded part of it:
// the number of connections and the header size (8 KiB) are limited, request bodies are refused,
// and every read and write has a deadline.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "longthrow/endpoint.h"
#include "longthrow/error.h"
#include "longthrow/status.h"

namespace longthrow::control {

namespace asio = boost::asio;

struct HttpLimits {
  int connections = 64;
  std::uint32_t header_bytes = 8 * 1024;
  std::chrono::milliseconds deadline{
      10'000};  // for a request to arrive, and for an answer to leave
};

// Control thread only, after `open`.
class HttpServer {
 public:
  using StatusSource = std::function<void(std::function<void(Result<Status>)>)>;

  HttpServer(asio::io_context& io, StatusSource source, HttpLimits limits);
  // Binds and listens: connections wait until `start`.
  [[nodiscard]] Result<void> open(const Endpoint& where);
  void start() { accept(); }
  // With the real port, if port 0 was asked for.
  [[nodiscard]] Endpoint local_endpoint() const { return local_; }

 private:
  void accept();
  void on_accept(const boost::system::error_code& error, asio::ip::tcp::socket socket);

  asio::io_context& io_;
  StatusSource source_;
  HttpLimits limits_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  Endpoint local_;
  std::shared_ptr<int> token_ = std::make_shared<int>();  // each session holds one
};

}  // namespace longthrow::control
