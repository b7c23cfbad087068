// SPDX-License-Identifier: Apache-2.0
// DRBD's pings while the link is down (answer_pings = "outage"): they are answered here, in whole
// packets, and the answer that the peer's DRBD gives later is taken out of the stream again. The
// one exception to "every byte, and no answer forged"; an admin has to ask for it. Pure.
//
// A ping is answered exactly once in the eyes of whoever sent it: outstanding() counts what it
// waits for, owed() the answers that were given in advance.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "longthrow/bytes.h"
#include "proxy/drbd/stream_watch.h"

namespace longthrow::drbd {

// Of one meta stream.
class OutagePings {
 public:
  // Pings of the local DRBD that nobody has answered.
  [[nodiscard]] std::uint64_t outstanding(const StreamWatch& watch) const;
  [[nodiscard]] std::uint64_t owed() const { return owed_; }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }

  // The answer to the oldest of them, for the local DRBD; good until the next call. REQUIRES:
  // outstanding() > 0, and the stream to the local DRBD is between two packets.
  [[nodiscard]] ByteView answer(const StreamWatch& watch);

  // What to do with the next bytes of the stream to the local DRBD. While answers are owed, bytes
  // are handed over only as far as it is known that they are none.
  struct Step {
    std::size_t write_bytes = 0;  // hand these over, or, if there are none,
    std::size_t skip_bytes = 0;   // throw these away: an answer that was given before
  };
  [[nodiscard]] Step next(std::span<const ByteView> pieces, const StreamWatch& watch) const;
  // The bytes of a skip are gone.
  void on_skipped() { --owed_; }

 private:
  std::array<std::byte, 16> packet_{};
  std::uint64_t answered_ = 0;
  std::uint64_t owed_ = 0;
};

}  // namespace longthrow::drbd
