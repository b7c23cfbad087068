// SPDX-License-Identifier: Apache-2.0
// Asks the kernel for the positions of sources' sockets, many at a time, by netlink (sock_diag).
//
// A batch of requests goes to the kernel in one sendmsg, which works through them in order and
// returns when all are answered; the answers wait in the netlink socket then. A request costs about
// 2 us. It takes the lock of the socket that it asks for, and sleeps while the program has it: for
// as long as the program's write copies, which was up to 56 ms on a busy machine, and has no bound
// if the program is stopped by a page fault in the middle of it. So `read` is not for the loop's
// thread.
//
// Any user may ask; only sockets of the own network namespace answer.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "longthrow/source_positions.h"
#include "proxy/io/diag_message.h"

namespace longthrow {

// The order in which one collect asks for `sockets` sockets: each twice in a row, which makes the
// position known at the second time even of a source that moves; then each once more, which shows
// what has rested since.
[[nodiscard]] std::vector<std::uint32_t> sweep_order(std::size_t sockets);

// Used by one thread at a time.
class SocketDiagnostics {
 public:
  static constexpr std::size_t kBatch = 64;  // requests of one sendmsg: their answers need room

  SocketDiagnostics() = default;
  ~SocketDiagnostics();
  SocketDiagnostics(const SocketDiagnostics&) = delete;
  SocketDiagnostics& operator=(const SocketDiagnostics&) = delete;

  // Blocks. `order` holds indices of `sockets`; there is one reading for each, in that order. Fills
  // the cookies of sockets that answer for the first time.
  void read(std::span<SourceSocket> sockets, std::span<const std::uint32_t> order,
            std::vector<SourceReading>& readings);

 private:
  struct Batch {
    std::span<SourceSocket> sockets;
    std::span<const std::uint32_t> order;
    std::span<SourceReading> readings;
  };
  [[nodiscard]] bool open();
  [[nodiscard]] bool ask(const Batch& batch);
  [[nodiscard]] bool send_requests(std::size_t count);
  void take_answers(const Batch& batch);
  static void take(const DiagAnswer& answer, SourceSocket& socket, SourceReading& reading);
  void learn_support(const Batch& batch);
  [[nodiscard]] bool knows_leg(const SourceSocket& socket);

  // Whether an answer has ever come: then "no such socket" is the word of tcp_diag.
  enum class Support : std::uint8_t { unknown, seen };

  int fd_ = -1;
  std::uint32_t next_sequence_ = 1;
  SourceState refusal_ = SourceState::unanswered;  // why the socket could not be opened or used
  Support support_ = Support::unknown;
  std::array<std::byte, kBatch * kDiagRequestBytes> requests_{};
};

}  // namespace longthrow
