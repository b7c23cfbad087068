// SPDX-License-Identifier: Apache-2.0
// What a loop keeps of each of its sockets. Two operations at most are in flight on one: one that
// reads (accept, receive, wait_readable) and one that writes (connect, send).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>

#include "longthrow/loop.h"
#include "proxy/io/socket.h"

namespace longthrow {

enum class Direction : std::uint8_t { read, write };
enum class Activity : std::uint8_t { none, accept, receive, wait_readable, connect, send };
enum class Phase : std::uint8_t {
  idle,
  waiting,  // the backend has it
  paused,   // an accept that waits for the system to recover
  done,     // its completion is queued
};

struct Slot {
  Operation* op = nullptr;
  Activity activity = Activity::none;
  Phase phase = Phase::idle;
  bool cancelled = false;
};

// A send, or the address of a connect. Made at a socket's first write and kept, so that a send
// costs no allocation. INVARIANT: sent <= total; pieces[first .. first + message.msg_iovlen) are
// unsent.
struct Outgoing {
  std::array<iovec, Loop::kSendPiecesMax> pieces;
  msghdr message{};
  std::size_t sent = 0;
  std::size_t total = 0;
  Address remote;

  void start(std::span<const ByteView> views);
  void advance(std::size_t bytes);
};

struct SocketEntry {
  int fd = -1;
  std::uint32_t generation = 0;  // tells this socket from earlier ones of the same number
  bool open = false;
  bool closing = false;
  bool listener = false;
  SocketUse use = SocketUse::leg;
  CloseMode close_mode = CloseMode::reset;
  Slot read;
  Slot write;
  ByteSpan into;
  // The last errors, positive; see LoopBase::received.
  int send_error = 0;
  int receive_error = 0;
  std::unique_ptr<Outgoing> outgoing;
  // For the epoll backend: readiness as the kernel last reported it.
  bool maybe_readable = true;
  bool maybe_writable = true;

  [[nodiscard]] Slot& slot(Direction d) { return d == Direction::read ? read : write; }
  [[nodiscard]] bool idle() const {
    return read.phase == Phase::idle && write.phase == Phase::idle;
  }
};

}  // namespace longthrow
