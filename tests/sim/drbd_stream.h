// SPDX-License-Identifier: Apache-2.0
// One of the two TCP connections of a simulated DRBD.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "tests/sim/drbd_packets.h"
#include "tests/sim/network.h"

namespace longthrow::sim {

class DrbdStream {
 public:
  DrbdStream(SimNetwork& network, NetId socket) : network_(network), socket_(socket) {}
  ~DrbdStream() { close(CloseMode::graceful); }
  DrbdStream(const DrbdStream&) = delete;
  DrbdStream& operator=(const DrbdStream&) = delete;

  [[nodiscard]] NetId socket() const { return socket_; }
  void send(DrbdHeader header, DrbdCommand command, const DrbdPayload& payload = {}) {
    const auto bytes = encode_drbd(header, command, payload);
    sent_bytes_ += bytes.size();
    queue_.push(bytes);
    flush();
  }
  // Gives to the kernel what it takes. A failure shows in the next receive.
  void flush() {
    std::array<std::byte, 16 * kKiB> piece;
    while (!queue_.empty()) {
      const ByteSpan part = ByteSpan(piece).first(std::min(queue_.size(), piece.size()));
      queue_.peek(0, part);
      const int result = network_.write(socket_, part);
      if (result < 0 && result != -EAGAIN) error_ = result;
      if (result <= 0) return;
      queue_.consume(static_cast<std::size_t>(result));
    }
  }
  // In all, those included that the kernel has not taken.
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }
  // Not yet given to the kernel.
  [[nodiscard]] std::size_t queued_bytes() const { return queue_.size(); }

  // At most `most` bytes of what has come go to the reader; 0: there is nothing, or it has ended.
  std::size_t receive(std::size_t most) {
    std::array<std::byte, 64 * kKiB> buffer;
    const int result =
        ended_ ? 0 : network_.read(socket_, ByteSpan(buffer).first(std::min(most, buffer.size())));
    if (result > 0) {
      reader.add(ByteView(buffer).first(static_cast<std::size_t>(result)));
      received_bytes_ += static_cast<std::uint64_t>(result);
      return static_cast<std::size_t>(result);
    }
    if (result == -EAGAIN || ended_) return 0;
    ended_ = true;
    // What a write has found out no read is told.
    if (result < 0) error_ = result;
    was_reset_ = error_ != 0 && error_ != -EPIPE;
    return 0;
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  [[nodiscard]] std::uint64_t received_bytes() const { return received_bytes_; }
  // As far as its other end has closed it and left nothing to read, it is worth nothing.
  [[nodiscard]] bool stands() {
    while (receive(64 * kKiB) > 0) {
    }
    return !ended_ || !reader.empty();
  }
  void close(CloseMode mode) {
    if (socket_ != 0) network_.close(std::exchange(socket_, 0), mode);
  }

  DrbdReader reader;

 private:
  SimNetwork& network_;
  NetId socket_;
  ByteRing queue_;
  bool ended_ = false;
  bool was_reset_ = false;
  int error_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
};

using DrbdStreamPtr = std::unique_ptr<DrbdStream>;

}  // namespace longthrow::sim
