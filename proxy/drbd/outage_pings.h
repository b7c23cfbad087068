// SPDX-License-Identifier: Apache-2.0
// Answers DRBD's pings while the link is down (answer_pings = "outage"), in whole packets. When the
// peer's DRBD answers later, that answer is taken out of the stream. This is the one exception to
// "every byte, and no answer forged", and an administrator has to ask for it. Pure.
//
// The DRBD that sent a ping sees exactly one answer: outstanding() counts the pings that wait for
// one, owed() the answers that were given in advance.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "longthrow/bytes.h"
#include "proxy/drbd/stream_watch.h"

namespace longthrow::drbd {

// One for each meta stream.
class OutagePings {
 public:
  // How many pings of the local DRBD have no answer yet.
  [[nodiscard]] std::uint64_t outstanding(const StreamWatch& watch) const;
  [[nodiscard]] std::uint64_t owed() const { return owed_; }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }

  // The answer to the oldest of them, for the local DRBD; valid until the next call. REQUIRES:
  // outstanding() > 0, and the stream to the local DRBD is between two packets.
  [[nodiscard]] ByteView answer(const StreamWatch& watch);

  // What to do with the next bytes of the stream to the local DRBD. While answers are owed, bytes
  // are handed over only as far as they are known to be no answer.
  struct Step {
    std::size_t write_bytes = 0;  // hand these over; or, if it is 0,
    std::size_t skip_bytes = 0;   // throw these away: an answer that was given already
  };
  [[nodiscard]] Step next(std::span<const ByteView> pieces, const StreamWatch& watch) const;
  // The bytes of a skip were thrown away.
  void on_skipped() { --owed_; }

 private:
  std::array<std::byte, 16> packet_{};
  std::uint64_t answered_ = 0;
  std::uint64_t owed_ = 0;
};

}  // namespace longthrow::drbd
