// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/io/loop_fixture.h"

#include <unistd.h>

#include "proxy/io/make_loop.h"
#include "proxy/io/socket.h"

namespace longthrow {

std::string pattern(std::size_t size) {
  static const std::string block = [] {
    std::string made(65'521, '\0');  // a prime: never in step with the sizes of buffers
    std::uint32_t state = 1;
    for (char& c : made) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    return made;
  }();
  std::string text;
  text.reserve(size + block.size());
  while (text.size() < size) text += block;
  text.resize(size);
  return text;
}

void RawSocket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawSocket::reset() {
  set_on_close(fd_, OnClose::reset);
  close();
}

void RawSocket::shut_down() { ASSERT_EQ(::shutdown(fd_, SHUT_WR), 0); }

void RawSocket::write(const std::string& text) {
  ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

std::string RawSocket::read_all(int& error, int pause_us) {
  std::string all;
  std::string part(64 * kKiB, '\0');
  for (;;) {
    const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
    error = got < 0 ? errno : 0;
    if (got <= 0) return all;
    all.append(part, 0, static_cast<std::size_t>(got));
    if (pause_us > 0) ::usleep(static_cast<useconds_t>(pause_us));
  }
}

RawSocket raw_connect(const Endpoint& to, int receive_buffer) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const Address address = to_sockaddr(to);
  EXPECT_EQ(::connect(fd, address.get(), address.length), 0);
  return RawSocket(fd);
}

void LoopTest::SetUp() {
  auto choice = make_loop(GetParam());
  ASSERT_TRUE(choice.has_value()) << choice.error().message;
  loop_ = std::move(choice->loop);
  timer_.bind<&LoopTest::check>(this);
}

void LoopTest::run_until(const std::function<bool()>& condition) {
  condition_ = &condition;
  give_up_ = loop().now() + std::chrono::seconds(60);
  loop().arm(timer_, loop().now());
  loop().run();
  loop().disarm(timer_);
}

void LoopTest::check() {
  const bool late = loop().now() >= give_up_;
  if (late) ADD_FAILURE() << "what the test waits for did not come";
  if (late || (*condition_)()) return loop().stop();
  loop().arm(timer_, loop().now() + std::chrono::microseconds(200));
}

void LoopTest::run_for(Duration time) {
  const TimePoint end = loop().now() + time;
  run_until([&] { return loop().now() >= end; });
}

Socket LoopTest::listen_anywhere(const ListenOptions& options) {
  const auto socket = loop().listen(parse_endpoint("127.0.0.1:0").value(), options);
  EXPECT_TRUE(socket.has_value()) << socket.error().message;
  return *socket;
}

Socket LoopTest::accept_one(Socket listener) {
  Awaited accepting;
  loop().accept(accepting.op, listener);
  run_until([&] { return !accepting.results.empty(); });
  loop().cancel(accepting.op);
  finish(accepting);
  return Socket{accepting.results.front()};
}

LoopTest::Pair LoopTest::connected_pair(SocketUse use) {
  Pair pair;
  const Socket listener = listen_anywhere({.use = use});
  Awaited connecting;
  pair.client = loop().connect(connecting.op, address(listener), {.use = use}).value();
  pair.server = accept_one(listener);
  finish(connecting);
  EXPECT_EQ(connecting.result(), 0);
  close(listener);
  return pair;
}

RawSocket LoopTest::raw_peer(Socket& server, SocketUse use) {
  const Socket listener = listen_anywhere({.use = use});
  RawSocket peer = raw_connect(address(listener));
  server = accept_one(listener);
  close(listener);
  return peer;
}

int LoopTest::send(Socket socket, const std::string& text) {
  Awaited sending;
  const ByteView piece = bytes_of(text);
  loop().send(sending.op, socket, std::span(&piece, 1));
  finish(sending);
  return sending.result();
}

int LoopTest::receive(Socket socket, std::string& into) {
  Awaited receiving;
  std::string part(256 * kKiB, '\0');
  loop().receive(receiving.op, socket, room_in(part));
  finish(receiving);
  if (receiving.result() > 0) into.append(part, 0, static_cast<std::size_t>(receiving.result()));
  return receiving.result();
}

int LoopTest::receive_all(Socket socket, std::string& into) {
  for (;;) {
    if (const int got = receive(socket, into); got <= 0) return got;
  }
}

}  // namespace longthrow
