// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/send_share.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"

namespace longthrow {
namespace {

// One segment of loopback, and a good part of a leg's receive buffer (proxy/io/socket.cc): a few
// turns of this size reopen the window of a TCP sender that waits.
constexpr std::uint64_t kTurnBytesMin = 64 * kKiB;

// Room for many of DRBD's acknowledgements, each of 16 to 48 bytes.
constexpr std::uint32_t kExpressTurnBytes = 16 * kKiB;

// While a lower limit is approached, at most this much freed memory waits to be filled again.
// Memory that no leg takes brings the limit down faster.
constexpr std::uint64_t kRefillBytesMax = kMiB;

// The parts of the arena, in whole slabs. A quarter of the memlimit is for receiving.
std::uint64_t whole_slabs(std::uint64_t bytes) { return bytes / kSlabBytes * kSlabBytes; }
std::uint64_t receive_part(std::uint64_t memlimit) { return whole_slabs(memlimit) / 4; }
std::uint64_t send_part(std::uint64_t memlimit) {
  return whole_slabs(memlimit) - receive_part(memlimit);
}

}  // namespace

Result<void> SendShare::set_memlimit(std::uint64_t bytes) {
  if (bytes >= arena_.memlimit_bytes()) {
    if (auto set = arena_.set_limit(bytes); !set) return set;
  } else {
    freed_before_bytes_ = arena_.freed_bytes(Share::send);
    stored_before_bytes_ = stored_bytes();
  }
  wanted_bytes_ = bytes;
  return {};
}

// Bytes stored since the start, without the staging slabs.
std::uint64_t SendShare::stored_bytes() const {
  return arena_.used_bytes(Share::send) - arena_.staging_slabs() * kSlabBytes +
         arena_.freed_bytes(Share::send);
}

std::uint64_t SendShare::refill_bytes() const {
  const std::uint64_t half = (arena_.freed_bytes(Share::send) - freed_before_bytes_) / 2;
  const std::uint64_t stored = stored_bytes() - stored_before_bytes_;
  return half > stored ? half - stored : 0;
}

std::uint64_t SendShare::limit_bytes() const {
  const std::uint64_t now = arena_.limit_bytes(Share::send);
  if (wanted_bytes_ >= arena_.memlimit_bytes()) return now;
  const std::uint64_t nearer = arena_.used_bytes(Share::send) + refill_bytes();
  return std::clamp(nearer, std::min(now, send_part(wanted_bytes_)), now);
}

void SendShare::approach(std::uint64_t receive_promised_bytes) {
  const std::uint64_t now = arena_.memlimit_bytes();
  if (wanted_bytes_ >= now) return;
  if (const std::uint64_t refill = refill_bytes(); refill > kRefillBytesMax) {
    freed_before_bytes_ += 2 * (refill - kRefillBytesMax);
  }
  const bool arrived = limit_bytes() <= send_part(wanted_bytes_) &&
                       receive_promised_bytes <= receive_part(wanted_bytes_);
  const std::uint64_t for_both =
      std::max(limit_bytes() / 3 * 4 + kSlabBytes, receive_promised_bytes * 4 + kSlabBytes);
  const std::uint64_t next = arrived ? wanted_bytes_ : std::max(wanted_bytes_, for_both);
  if (arrived) note_reached(Mark::lower_limit_reached);
  if (!arrived && next + kSlabBytes > now) return;
  if (auto set = arena_.set_limit(next); !set) {
    log_error("memlimit: {}", set.error().message);
    wanted_bytes_ = now;
  }
}

std::uint64_t SendShare::free_bytes() const {
  const std::uint64_t spent = arena_.used_bytes(Share::send) + lent_bytes_;
  const std::uint64_t limit = limit_bytes();
  return limit > spent ? limit - spent : 0;
}

// The share may have drained since a leg last asked, when it was full, with no leg to ask again.
bool SendShare::full() const {
  return full_ && free_bytes() < arena_.limit_bytes(Share::send) / 4 + express_reserve_bytes_;
}

void SendShare::count_full(TimePoint now) {
  full_before_ = full_time(now);
  full_since_ = full() ? std::optional(now) : std::nullopt;
}

Duration SendShare::full_time(TimePoint now) const {
  return full_before_ + (full_since_ ? now - *full_since_ : Duration(0));
}

std::uint32_t SendShare::express_turn_bytes() const {
  return free_bytes() >= kExpressTurnBytes ? kExpressTurnBytes : 0;
}

std::uint32_t SendShare::turn_bytes(double drained_bytes_s, std::size_t waiting_legs) {
  const std::uint64_t free = free_bytes() - std::min(free_bytes(), express_reserve_bytes_);
  const auto a_second = static_cast<std::uint64_t>(std::max(drained_bytes_s, 0.0));
  // A small gap between full and not full: readers are not woken for every page that comes free.
  const bool approaching = wanted_bytes_ < arena_.memlimit_bytes();
  const std::uint64_t gap =
      approaching ? 0 : std::min<std::uint64_t>(arena_.limit_bytes(Share::send) / 32, a_second);
  full_ = free < kSlabBytes + (full_ ? gap : 0);
  if (!full_) return kSlabBytes;
  const std::uint64_t part =
      a_second / std::max<std::size_t>(waiting_legs, 1) / kPageBytes * kPageBytes;
  const std::uint64_t turn = std::max(part, kTurnBytesMin);
  if (a_second == 0 || turn >= kSlabBytes || free < turn) return 0;
  return static_cast<std::uint32_t>(turn);
}

void SendShare::lend(std::uint32_t bytes) { lent_bytes_ += bytes; }

void SendShare::take_back(std::uint32_t bytes) {
  LT_ASSERT(lent_bytes_ >= bytes);
  lent_bytes_ -= bytes;
}

}  // namespace longthrow
