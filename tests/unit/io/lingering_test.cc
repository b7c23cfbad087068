// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/lingering.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include "proxy/io/socket.h"
#include "tests/unit/io/loop_fixture.h"

namespace longthrow {
namespace {

// A connection whose other end never reads, with more queued than it takes.
struct Stuck {
  Stuck() {
    const auto listener = open_listener(parse_endpoint("127.0.0.1:0").value(), {}, Blocking::yes);
    peer = RawSocket(raw_connect(local_address(*listener).value(), 4096));
    fd = ::accept4(*listener, nullptr, nullptr, SOCK_CLOEXEC);
    ::close(*listener);
    const std::string much = pattern(kMiB);
    while (::send(fd, much.data(), much.size(), MSG_DONTWAIT) > 0) continue;
  }
  [[nodiscard]] bool open() const { return ::fcntl(fd, F_GETFD) >= 0; }
  RawSocket peer{-1};
  int fd = -1;
};

TimePoint at(Duration time) { return TimePoint(time); }

TEST(Lingering, KeepsASocketThatStillOwesBytes) {
  Lingering lingering;
  const Stuck stuck;
  lingering.add(stuck.fd, at(Duration(0)));
  EXPECT_TRUE(lingering.poll(at(Lingering::kPatience - Duration(1))).has_value());
  EXPECT_TRUE(stuck.open());
}

TEST(Lingering, LooksLessAndLessOften) {
  Lingering lingering;
  const Stuck stuck;
  lingering.add(stuck.fd, at(Duration(0)));
  for (int i = 0; i < 20; ++i) (void)lingering.poll(at(Duration(1)));
  EXPECT_EQ(lingering.poll(at(Duration(1))), at(Duration(1)) + Lingering::kIntervalMax);
}

TEST(Lingering, LeavesTheRestToTheKernelWhenPatienceEnds) {
  Lingering lingering;
  const Stuck stuck;
  lingering.add(stuck.fd, at(Duration(0)));
  EXPECT_FALSE(lingering.poll(at(Lingering::kPatience)).has_value());
  EXPECT_FALSE(stuck.open());
}

TEST(Lingering, ClosesAtOnceWhenThePeerHasEnded) {
  Lingering lingering;
  Stuck stuck;
  stuck.peer.shut_down();
  ::usleep(5000);
  lingering.add(stuck.fd, at(Duration(0)));
  EXPECT_EQ(lingering.size(), 0U);
  EXPECT_FALSE(stuck.open());
}

}  // namespace
}  // namespace longthrow
