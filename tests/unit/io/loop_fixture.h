// SPDX-License-Identifier: Apache-2.0
// Tests of a Loop, each run over both backends: verbs that start operations and run the loop until
// they are done. Everything stays on loopback, on ports that the kernel chose.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/loop.h"

namespace longthrow {

// An operation and all that came of it.
struct Awaited {
  Awaited() { op.bind<&Awaited::on>(this); }
  void on(int result) {
    results.push_back(result);
    if (then) then(result);
  }
  [[nodiscard]] bool done() const { return !op.in_flight(); }
  [[nodiscard]] int result() const { return results.empty() ? -EINPROGRESS : results.back(); }

  Operation op;
  std::vector<int> results;
  std::function<void(int)> then;
};

[[nodiscard]] inline ByteView bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}
[[nodiscard]] inline ByteSpan room_in(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}
// Bytes that are wrong when two of them change places.
[[nodiscard]] std::string pattern(std::size_t size);

// A blocking socket of the test's own, to be the other end that behaves badly.
class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RawSocket() { close(); }
  void close();
  void reset();  // close with RST
  void shut_down();
  void write(const std::string& text);
  // Everything up to the end; `error` is the errno it ended with, 0 for a clean end.
  std::string read_all(int& error, int pause_us = 0);
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

class LoopTest : public testing::TestWithParam<IoChoice> {
 protected:
  void SetUp() override;

  // Runs the loop until `condition` holds; a failure of the test after 60 s.
  void run_until(const std::function<bool()>& condition);
  void run_for(Duration time);
  void finish(Awaited& awaited) {
    run_until([&] { return awaited.done(); });
  }

  struct Pair {
    Socket client;
    Socket server;
  };
  Socket listen_anywhere(const ListenOptions& options = {});
  Endpoint address(Socket socket) { return loop().local_endpoint(socket).value(); }
  Pair connected_pair(SocketUse use = SocketUse::leg);
  Socket accept_one(Socket listener);
  // A raw peer, connected to `server` of the loop.
  RawSocket raw_peer(Socket& server, SocketUse use = SocketUse::leg);

  int send(Socket socket, const std::string& text);
  int receive(Socket socket, std::string& into);  // appends
  int receive_all(Socket socket, std::string& into);
  void close(Socket socket, CloseMode mode = CloseMode::graceful) { loop().close(socket, mode); }

  Loop& loop() { return *loop_; }
  void destroy_loop() { loop_.reset(); }

 private:
  void check();
  std::unique_ptr<Loop> loop_;
  Timer timer_;
  const std::function<bool()>* condition_ = nullptr;
  TimePoint give_up_;
};

[[nodiscard]] RawSocket raw_connect(const Endpoint& to, int receive_buffer = 0);

}  // namespace longthrow
