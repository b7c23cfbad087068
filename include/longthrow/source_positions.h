// SPDX-License-Identifier: Apache-2.0
// The seam to the sources' sockets: how far the programs that write a group's channels have
// written, as the kernel of this host knows it. A leg's other end is a socket of this kernel if its
// program runs on this host; that socket counts what the program has written, whether it was sent
// or waits (for TCP_CORK, for a window). Cuts are proven with such readings (proxy/cuts).
//
// Implementations: socket diagnostics of Linux (proxy/io/source_diagnostics.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "longthrow/endpoint.h"
#include "longthrow/operation.h"
#include "longthrow/time.h"

namespace longthrow {

// Which end of a channel's connection on this side called connect(). That end's kernel counts its
// SYN as an acknowledged byte; readings leave it out.
enum class Connector : std::uint8_t {
  source,  // the leg was accepted
  node,    // the leg was connected to a target, which now writes
};

// The socket of a source, found by the two addresses of the leg that it is connected to.
struct SourceSocket {
  std::uint64_t channel = 0;  // the owner's number for it
  Endpoint leg;               // the leg's own address
  Endpoint source;            // the address of the leg's other end
  Connector connector = Connector::source;
  // The kernel's name of the socket, which no later socket gets. 0: not known yet; the first answer
  // fills it, and from then on no other socket with the same addresses answers.
  std::uint64_t cookie = 0;
};

// Every state but the first two says why there is no position.
enum class SourceState : std::uint8_t {
  open,
  closing,        // the source has ended its direction; its FIN may be among the bytes
  gone,           // this kernel has the socket no more
  elsewhere,      // this kernel never had it: another host, another network namespace, or NAT
  layered,        // kTLS or MPTCP keeps bytes of the program above what TCP counts
  not_permitted,  // diagnostics are forbidden here (seccomp, a security module)
  unsupported,    // the kernel lacks tcp_diag, or is older than Linux 4.1
  unanswered,     // no answer came (the kernel was out of memory)
};

inline constexpr std::string_view kSourceStates[]{"open",        "closing",   "gone",
                                                  "elsewhere",   "layered",   "not permitted",
                                                  "unsupported", "unanswered"};

[[nodiscard]] constexpr bool has_position(SourceState state) {
  return state == SourceState::open || state == SourceState::closing;
}
// Whether asking again cannot help, as long as the channel lives.
[[nodiscard]] constexpr bool never_readable(SourceState state) {
  return state == SourceState::elsewhere || state == SourceState::layered ||
         state == SourceState::not_permitted || state == SourceState::unsupported;
}

// One look at one socket. The kernel reads `queued` first and without the socket's lock, and
// `acknowledged` after that: an acknowledgement in between is in both. So the position P at the
// moment when `queued` was read is only known to be within
//   acknowledged of any earlier reading + queued <= P <= acknowledged + queued.
// In the state `closing`, P may count one FIN. `queued` is negative when an acknowledgement came
// within its own reading.
struct SourceReading {
  std::uint64_t channel = 0;
  SourceState state = SourceState::unanswered;
  std::uint64_t acknowledged = 0;
  std::int32_t queued = 0;
};

// Readings of a group's sockets, asked for together. Pinned while in flight, as its operation is;
// a group has one, so at most one of a group is in flight.
struct SourceCollect {
  static constexpr std::size_t kSocketsMax = 1024;

  // Completes with 0, also if no socket could be read (the readings say why), or with -errno:
  // -E2BIG for more than kSocketsMax sockets, -ECANCELED, -EAGAIN if no thread could be started.
  Operation operation;
  // Set by the owner before, and left alone while in flight. Cookies are filled on completion.
  std::vector<SourceSocket> sockets;

  // The result, in the order in which the kernel was asked; several of each socket.
  std::vector<SourceReading> readings;
  TimePoint began{};  // all readings were taken from here ...
  TimePoint ended{};  // ... to here
};

// All calls on the loop's thread; completions are delivered from `Loop::run`, as the loop's own.
class SourcePositions {
 public:
  virtual ~SourcePositions() = default;
  virtual void collect(SourceCollect& collect) = 0;
  // Asks that the collect complete soon. No effect when it is not in flight.
  virtual void cancel(SourceCollect& collect) = 0;
};

}  // namespace longthrow
