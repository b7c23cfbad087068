// SPDX-License-Identifier: Apache-2.0
// TCP sockets of the two tools: non-blocking, every wait has a deadline, every failure is a
// sentence.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "longthrow/bytes.h"
#include "longthrow/endpoint.h"
#include "longthrow/error.h"

namespace longthrow {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// Sleeps so that `bytes` since `begin` keep to the rate; 0: no limit.
void keep_rate(Clock::time_point begin, std::uint64_t bytes, std::uint64_t rate_bytes_s);

// Owns one descriptor.
class TcpSocket {
 public:
  explicit TcpSocket(int fd) : fd_(fd) {}
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&&) = delete;
  ~TcpSocket();

  [[nodiscard]] static Result<TcpSocket> connect(const HostPort& to, Clock::time_point deadline);
  [[nodiscard]] static Result<TcpSocket> listen(const Endpoint& on);
  [[nodiscard]] Result<TcpSocket> accept(Clock::time_point deadline) const;

  // Bytes taken, 0: the socket buffer is full.
  [[nodiscard]] Result<std::size_t> send(ByteView bytes) const;
  // Bytes read, waiting for them; 0: the end of the stream.
  [[nodiscard]] Result<std::size_t> receive(ByteSpan room, Clock::time_point deadline) const;
  [[nodiscard]] Result<void> wait_writable(Clock::time_point deadline) const;
  void half_close() const;

  // Returns what the kernel gave: it may be less than asked for without CAP_NET_ADMIN. It counts
  // its own overhead, for which it doubles what is asked.
  std::size_t set_send_buffer(std::size_t bytes) const;
  [[nodiscard]] std::uint16_t local_port() const;

 private:
  [[nodiscard]] Result<void> wait(short events, Clock::time_point deadline) const;
  int fd_;
};

}  // namespace longthrow
