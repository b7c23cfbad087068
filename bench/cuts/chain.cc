// SPDX-License-Identifier: Apache-2.0
#include "bench/cuts/chain.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <random>
#include <string>

#include "proxy/io/socket.h"

namespace longthrow {
namespace {

constexpr auto kSlowPause = std::chrono::microseconds(500);
constexpr std::size_t kSlowBytes = 8 * 1024;
constexpr std::size_t kFastBytes = 1024 * 1024;
constexpr int kSlowReceiveBuffer = 16 * 1024;
// Also how long an end of the chain may go unnoticed.
constexpr int kPollMs = 50;

}  // namespace

Chain::Chain(const ChainOptions& options)
    : options_(options), log_(options.streams, options.record_bytes) {}

Result<std::unique_ptr<Chain>> Chain::start(const ChainOptions& options) {
  std::unique_ptr<Chain> chain(new Chain(options));
  if (auto connected = chain->connect(); !connected) return std::unexpected(connected.error());
  chain->reader_ = std::thread([chain = chain.get()] { chain->read(); });
  chain->writer_ = std::thread([chain = chain.get()] { chain->write(); });
  return chain;
}

// The writer may wait for a window: its sockets are shut down under it.
Chain::~Chain() {
  ending_ = true;
  for (const Connection& connection : connections_) ::shutdown(connection.program, SHUT_RDWR);
  if (writer_.joinable()) writer_.join();
  if (reader_.joinable()) reader_.join();
  for (const Connection& connection : connections_) {
    ::close(connection.program);
    ::close(connection.leg);
  }
}

Result<void> Chain::connect() {
  const auto listener = open_listener(*parse_endpoint("127.0.0.1:0"), {}, Blocking::yes);
  if (!listener) return std::unexpected(listener.error());
  if (options_.traffic == Traffic::windows) {
    ::setsockopt(*listener, SOL_SOCKET, SO_RCVBUF, &kSlowReceiveBuffer, sizeof kSlowReceiveBuffer);
  }
  Address address = to_sockaddr(local_address(*listener).value());
  for (std::size_t i = 0; i < options_.streams; ++i) {
    Connection connection{.program = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    connections_.push_back(connection);
    if (::connect(connection.program, address.get(), address.length) == 0) {
      connections_.back().leg = ::accept4(*listener, nullptr, nullptr, SOCK_CLOEXEC);
    }
    if (connections_.back().leg < 0) {
      ::close(*listener);
      return fail("cannot connect over loopback: " + std::string(std::strerror(errno)), errno);
    }
    const int on = 1;
    const int option = options_.traffic == Traffic::cork ? TCP_CORK : TCP_NODELAY;
    ::setsockopt(connection.program, IPPROTO_TCP, option, &on, sizeof on);
  }
  ::close(*listener);
  return {};
}

std::vector<SourceSocket> Chain::sockets() const {
  std::vector<SourceSocket> sockets;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    sockets.push_back({.channel = i,
                       .leg = local_address(connections_[i].leg).value(),
                       .source = remote_address(connections_[i].leg).value()});
  }
  return sockets;
}

std::uint64_t Chain::received(std::size_t stream) const {
  tcp_info info{};
  socklen_t length = sizeof info;
  ::getsockopt(connections_[stream].leg, IPPROTO_TCP, TCP_INFO, &info, &length);
  return info.tcpi_bytes_received;
}

bool Chain::write_record(int fd, const std::vector<char>& record) const {
  for (std::size_t done = 0; done < record.size();) {
    const ssize_t sent = ::send(fd, record.data() + done, record.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

void Chain::write() {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::vector<char> record(options_.record_bytes, 'r');
  std::mt19937_64 random(options_.seed);
  for (std::uint64_t n = 0; !ending_; ++n) {
    if (options_.writes_s > 0) {
      const std::chrono::duration<double> at(static_cast<double>(n) / options_.writes_s);
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(at));
    }
    const std::size_t stream = random() % connections_.size();
    log_.plan(stream);
    if (!write_record(connections_[stream].program, record)) return;
  }
}

void Chain::read() {
  const bool slow = options_.traffic == Traffic::windows;
  const std::size_t bytes = slow ? kSlowBytes : kFastBytes;
  std::vector<pollfd> legs;
  for (const Connection& connection : connections_) {
    legs.push_back({.fd = connection.leg, .events = POLLIN, .revents = 0});
  }
  while (!ending_) {
    if (::poll(legs.data(), legs.size(), kPollMs) < 0 && errno != EINTR) return;
    for (const pollfd& leg : legs) {
      if (leg.revents != 0) ::recv(leg.fd, nullptr, bytes, MSG_TRUNC | MSG_DONTWAIT);  // drops them
    }
    if (slow) std::this_thread::sleep_for(kSlowPause);
  }
}

}  // namespace longthrow
