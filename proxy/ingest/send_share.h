// SPDX-License-Identifier: Apache-2.0
// The send share of a link's arena, as the legs meet it: how much the next one may read, and how a
// lowered memlimit is approached. Pure; belongs to the link's thread.
#pragma once

#include <cstdint>

#include "proxy/buffer/arena.h"

namespace longthrow {

class SendShare {
 public:
  // `arena` outlives this.
  explicit SendShare(Arena& arena) : arena_(arena), wanted_bytes_(arena.memlimit_bytes()) {}

  // Raises the memlimit at once, or begins to approach a lower one: of all that is freed from then
  // on, half may be filled again, so that no leg stands still meanwhile. Fails beyond the arena's
  // reserve.
  [[nodiscard]] Result<void> set_memlimit(std::uint64_t bytes);
  // Lowers the arena's limit as far as it can go now. `receive_promised_bytes`: what of the receive
  // share is used or was granted to the peer, and so may still come.
  void approach(std::uint64_t receive_promised_bytes);
  [[nodiscard]] std::uint64_t memlimit_bytes() const { return wanted_bytes_; }

  // What ordinary legs leave to express channels, from now on.
  void set_express_reserve(std::uint64_t bytes) { express_reserve_bytes_ = bytes; }
  // An express channel may read so much now: a little, from the reserve at the last; or nothing.
  [[nodiscard]] std::uint32_t express_turn_bytes() const;

  // How much one leg may read now: a slab, nothing, or, while the share is full and drains so
  // slowly that the legs that wait would not all have their turn within about a second, a part of
  // that.
  [[nodiscard]] std::uint32_t turn_bytes(double drained_bytes_s, std::size_t waiting_legs);
  // The share is spent: legs wait.
  [[nodiscard]] bool full() const;
  // Free for new frames: what the share has, less what the blocks that are out may come to need.
  [[nodiscard]] std::uint64_t free_bytes() const;

  // lend() counts a block that a leg is filling, by its room. take_back() ends that: its frame is
  // stored, or it was dropped.
  void lend(std::uint32_t bytes);
  void take_back(std::uint32_t bytes);

 private:
  [[nodiscard]] std::uint64_t limit_bytes() const;
  [[nodiscard]] std::uint64_t stored_bytes() const;
  [[nodiscard]] std::uint64_t refill_bytes() const;

  Arena& arena_;
  std::uint64_t wanted_bytes_;
  // While the limit is approached: all that was freed, and stored, when it was lowered.
  std::uint64_t freed_before_bytes_ = 0;
  std::uint64_t stored_before_bytes_ = 0;
  std::uint64_t lent_bytes_ = 0;
  std::uint64_t express_reserve_bytes_ = 0;
  bool full_ = false;
};

}  // namespace longthrow
