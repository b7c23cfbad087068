// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/control_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/answer_json.h"

namespace longthrow::control {

ControlConnection::ControlConnection(Socket socket, CommandService& service, NodeGateway& gateway,
                                     const ControlLimits& limits, std::shared_ptr<void> token)
    : socket_(std::move(socket)),
      service_(service),
      gateway_(gateway),
      limits_(limits),
      token_(std::move(token)),
      deadline_(socket_.get_executor()) {}

void ControlConnection::start() {
  set_deadline(limits_.idle);
  read();
}

void ControlConnection::refuse(const json::object& answer) {
  closing_ = true;
  final_ = json::serialize(answer) + "\n";
  write_next();
}

void ControlConnection::close() {
  if (std::exchange(closed_, true)) return;
  if (running_ && started_.is_long && started_.ticket) gateway_.abandon(*started_.ticket);
  running_ = false;
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void ControlConnection::read() {
  if (reading_ || end_of_input_ || closed_ || closing_) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const auto& error, std::size_t bytes) {
                            self->reading_ = false;
                            self->on_read(error, bytes);
                          });
}

void ControlConnection::on_read(const boost::system::error_code& error, std::size_t bytes) {
  if (closed_ || closing_) return;
  if (error == asio::error::eof) return on_end_of_input();
  if (error) return close();
  input_.append(chunk_.data(), bytes);
  next_request();
  if (closed_ || closing_) return;
  // None of our clients sends that much before it has our answer.
  if (input_.size() >= limits_.line_bytes) return close();
  read();
}

// A client that has sent its request and shut down its side still gets the answer of a short
// command; a long command is abandoned, since nobody waits for its answer.
void ControlConnection::on_end_of_input() {
  end_of_input_ = true;
  if (running_ && started_.is_long) return close();
  next_request();
}

void ControlConnection::next_request() {
  while (!running_ && !closed_ && !closing_ && writing_.empty() && !final_) {
    const std::size_t end = input_.find('\n');
    if (end == std::string::npos || end >= limits_.line_bytes) {
      if (input_.size() >= limits_.line_bytes) {
        refuse(error_to_json(
            "usage", format("a request is one line of at most {} bytes", limits_.line_bytes)));
      } else if (end_of_input_) {
        close();
      }
      return;
    }
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    running_ = true;
    started_ = {};
    const auto started = service_.handle(line, [weak = weak_from_this()](json::object answer) {
      if (const auto self = weak.lock()) self->on_reply(std::move(answer));
    });
    if (!running_) continue;
    started_ = started;
    set_command_deadline();
    if (started_.is_long && end_of_input_) close();
  }
}

void ControlConnection::on_reply(json::object answer) {
  if (closed_ || !running_) return;
  const bool done = answer["done"].as_bool();
  std::string line = json::serialize(answer) + "\n";
  if (!done) {
    progress_ = std::move(line);
  } else {
    progress_.reset();
    final_ = std::move(line);
    running_ = false;
  }
  write_next();
}

void ControlConnection::write_next() {
  if (closed_ || !writing_.empty()) return;
  if (progress_) {
    writing_ = *std::exchange(progress_, std::nullopt);
  } else if (final_) {
    writing_ = *std::exchange(final_, std::nullopt);
  } else {
    return;
  }
  set_deadline(limits_.write);
  asio::async_write(
      socket_, asio::buffer(writing_),
      [self = shared_from_this()](const auto& error, std::size_t) { self->on_written(error); });
}

void ControlConnection::on_written(const boost::system::error_code& error) {
  writing_.clear();
  if (closed_) return;
  if (error) return close();
  if (progress_ || final_) return write_next();
  if (closing_) return close();
  if (running_) return set_command_deadline();
  set_deadline(limits_.idle);
  next_request();
}

void ControlConnection::set_deadline(std::optional<std::chrono::milliseconds> time) {
  if (!time) {
    deadline_.cancel();
    return;
  }
  deadline_.expires_after(*time);
  // This handler also keeps the object alive when the client has shut down its side.
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    const bool moved = self->deadline_.expiry() > asio::steady_timer::clock_type::now();
    if (!error && !moved) self->on_deadline();
  });
}

void ControlConnection::set_command_deadline() {
  if (started_.is_long) return set_deadline(std::nullopt);
  set_deadline(limits_.command);
}

void ControlConnection::on_deadline() {
  if (closed_) return;
  if (running_ && writing_.empty()) {
    if (started_.ticket) gateway_.abandon(*started_.ticket);
    on_reply(
        error_to_json("timeout", "the node did not finish in time; look at status and its log"));
    return;
  }
  close();
}

}  // namespace longthrow::control
