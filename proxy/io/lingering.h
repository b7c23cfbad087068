// SPDX-License-Identifier: Apache-2.0
// Sockets that were closed gracefully and still have bytes to send to their peer.
//
// close(2) is not graceful by itself. If unread bytes lie in the receive queue, or bytes arrive
// after the close, Linux answers with RST and throws away what is still queued to be sent (RFC
// 1122, 4.2.2.13; tcp_close and tcp_rcv_state_process). So a graceful end is: FIN after what is
// queued (SHUT_WR), then read and discard what the peer still says, and close(2) only when nothing
// can be lost any more: the peer has ended too (no byte can come), or it has acknowledged our FIN
// and so all before it. A socket that gets there within kPatience is closed; after that close(2)
// hands the rest to the kernel, which goes on sending on its own as long as the peer stays silent.
// SHUT_RD would not help: it neither empties the queue nor stops the peer.
#pragma once

#include <deque>
#include <optional>

#include "longthrow/time.h"

namespace longthrow {

class Lingering {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(30);
  static constexpr Duration kIntervalMin =
      std::chrono::milliseconds(2);  // then doubling to the max
  static constexpr Duration kIntervalMax = std::chrono::milliseconds(200);
  static constexpr std::size_t kSocketsMax = 1024;  // beyond: the oldest is closed early

  Lingering() = default;
  ~Lingering();
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  // Takes the descriptor, which has no operation in flight, and sends its FIN.
  void add(int fd, TimePoint now);
  // Reads from all sockets and closes those that are done. Returns when to call again; none: no
  // socket is left.
  std::optional<TimePoint> poll(TimePoint now);
  [[nodiscard]] std::size_t size() const { return sockets_.size(); }

 private:
  struct Item {
    int fd;
    TimePoint give_up;
  };
  std::deque<Item> sockets_;  // oldest first
  Duration interval_{0};
};

}  // namespace longthrow
