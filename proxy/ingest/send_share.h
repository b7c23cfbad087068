// SPDX-License-Identifier: Apache-2.0
// The send share of a link's arena, for the legs. Decides how much the next leg may read, and
// lowers the memlimit step by step. Pure; belongs to the link's thread.
#pragma once

#include <cstdint>
#include <optional>

#include "longthrow/time.h"
#include "proxy/buffer/arena.h"

namespace longthrow {

class SendShare {
 public:
  // `arena` must outlive this.
  explicit SendShare(Arena& arena) : arena_(arena), wanted_bytes_(arena.memlimit_bytes()) {}

  // Raises the memlimit at once, or begins to approach a lower one. While it is approached, half of
  // all memory that is freed may be filled again, so that no leg stands still. Fails beyond the
  // arena's reserve.
  [[nodiscard]] Result<void> set_memlimit(std::uint64_t bytes);
  // Lowers the arena's limit as far as it can go now. `receive_promised_bytes`: the part of the
  // receive share that is used, or granted to the peer and may still come.
  void approach(std::uint64_t receive_promised_bytes);
  [[nodiscard]] std::uint64_t memlimit_bytes() const { return wanted_bytes_; }

  // Sets how much ordinary legs leave to express channels.
  void set_express_reserve(std::uint64_t bytes) { express_reserve_bytes_ = bytes; }
  // How much an express channel may read now. It may use the reserve. 0: nothing.
  [[nodiscard]] std::uint32_t express_turn_bytes() const;

  // How much one leg may read now: a slab, or nothing. Or a part of a slab, while the share is full
  // and drains so slowly that the waiting legs would not all have a turn within about a second.
  [[nodiscard]] std::uint32_t turn_bytes(double drained_bytes_s, std::size_t waiting_legs);
  // Whether the share is full, so that legs wait.
  [[nodiscard]] bool full() const;
  // Adds up for how long the share is full. Call it, with the loop's time, whenever that may have
  // changed.
  void count_full(TimePoint now);
  // For how long the share has been full in sum, also while it is. `now`: not before that of
  // count_full().
  [[nodiscard]] Duration full_time(TimePoint now) const;
  // Free memory for new frames: what the share has, less what the lent blocks may come to need.
  [[nodiscard]] std::uint64_t free_bytes() const;

  // lend() counts a block that a leg is filling, by its room. take_back() ends that: the frame of
  // the block is stored, or the block was dropped.
  void lend(std::uint32_t bytes);
  void take_back(std::uint32_t bytes);

 private:
  [[nodiscard]] std::uint64_t limit_bytes() const;
  [[nodiscard]] std::uint64_t stored_bytes() const;
  [[nodiscard]] std::uint64_t refill_bytes() const;

  Arena& arena_;
  std::uint64_t wanted_bytes_;
  // While the limit is approached: totals of freed and stored bytes when it was lowered.
  std::uint64_t freed_before_bytes_ = 0;
  std::uint64_t stored_before_bytes_ = 0;
  std::uint64_t lent_bytes_ = 0;
  std::uint64_t express_reserve_bytes_ = 0;
  bool full_ = false;
  std::optional<TimePoint> full_since_;  // as count_full() saw it; nothing: it is not full
  Duration full_before_{0};              // the times before that
};

}  // namespace longthrow
