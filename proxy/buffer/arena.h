// SPDX-License-Identifier: Apache-2.0
// The memory of one link: everything that is accepted and not yet acknowledged, and everything that
// is received and not yet delivered, lies in here and nowhere else (guarantee G5).
//
// The arena is one anonymous mapping, cut into slabs of 256 KiB. A slab is free, or *staging* (a
// leg receives into it), or kept whole (incompressible data), or split into 64 pages of 4 KiB that
// hold chains. Because every chain is made of equal pages, memory that is free by the account can
// always be had: there is no external fragmentation of pages, and a small set of staging slabs is
// set aside so that reading never depends on a whole slab becoming free.
//
// INVARIANT: used(send) <= limit(send) and used(receive) <= limit(receive), except after the limit
// was lowered, until what is over has been freed; the shares never borrow from each other. Not
// thread-safe: it belongs to the link's thread. A worker may read and write the bytes of a slab or
// of a Stored that is lent to it. The arena outlives all slabs and Stored of it (asserted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "longthrow/bytes.h"
#include "longthrow/error.h"
#include "proxy/buffer/refusals.h"
#include "proxy/buffer/reservation.h"
#include "proxy/buffer/stored.h"

namespace longthrow {

inline constexpr std::size_t kArenaBytesMin = 8 * kSlabBytes;

enum class Share : std::uint8_t { send = 0, receive = 1 };

struct ArenaOptions {
  std::size_t limit_bytes = 0;    // the memlimit; a multiple of kSlabBytes is used of it
  std::size_t reserve_bytes = 0;  // virtual: how far set_limit may ever go; at least limit_bytes
};

class Arena {
 public:
  // Fails when the mapping cannot be had, or the limit is below kArenaBytesMin.
  [[nodiscard]] static Result<std::unique_ptr<Arena>> make(const ArenaOptions& options);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Changes the memlimit both ways, at once. If it is lowered below what is used, nothing is
  // dropped and no new memory is given until the use has fallen below it; free memory beyond the
  // limit goes back to the system (MADV_DONTNEED). Fails beyond reserve_bytes and below
  // kArenaBytesMin; nothing changes then.
  [[nodiscard]] Result<void> set_limit(std::size_t limit_bytes);
  // Keeps the arena out of swap (mlock2 MLOCK_ONFAULT) and out of core dumps (MADV_DONTDUMP). An
  // error says which limit to raise; the arena goes on without.
  [[nodiscard]] Result<void> lock_in_memory();

  // For tests: `refusals`, which outlives the arena, may refuse what could be had. Null: nobody
  // does, as in production.
  void set_refusals(Refusals* refusals) { refusals_ = refusals; }

  // A slab to receive into, from the staging set; not valid() when all are lent. The whole staging
  // set counts in the send share from the start, lent or not.
  [[nodiscard]] Slab take_staging();
  // Copies `bytes` (1..kSlabBytes) into pages. Empty when the share has not that much left.
  [[nodiscard]] std::optional<Stored> store(Share share, ByteView bytes);
  // Keeps the first `size_bytes` of a staging slab where they are, if the send share has room for a
  // whole slab and a free slab can take its place in the staging set. On refusal `slab` is
  // untouched: use store().
  [[nodiscard]] std::optional<Stored> keep(Slab& slab, std::size_t size_bytes);

  // By the account, staging set included. limit(send) + limit(receive) <= the memlimit.
  [[nodiscard]] std::size_t used_bytes(Share share) const;
  [[nodiscard]] std::size_t limit_bytes(Share share) const;
  [[nodiscard]] std::size_t free_bytes(Share share) const;  // 0 when over the limit
  // The charge of every Stored that was ever freed.
  [[nodiscard]] std::uint64_t freed_bytes(Share share) const;
  [[nodiscard]] std::size_t memlimit_bytes() const { return limit_bytes_; }
  // The size of the staging set, >= 4.
  [[nodiscard]] std::size_t staging_slabs() const { return staging_slabs_; }
  [[nodiscard]] std::size_t staging_slabs_free() const { return staging_free_.size(); }
  // Aborts when the account does not agree with the page maps. For tests and the simulator;
  // O(size).
  void check_invariants() const;

 private:
  friend class Slab;
  friend class Stored;

  enum class SlabState : std::uint8_t { free, staging, lent, kept, split };
  // One per slab, in a side mapping; all zero is a slab that was never used.
  struct SlabInfo {
    std::uint64_t free_pages = 0;  // mask; only of a split slab
    std::uint32_t previous = 0;    // neighbours in the list of split slabs that have free pages
    std::uint32_t next = 0;
    SlabState state = SlabState::free;
  };
  static constexpr std::uint32_t kNone = 0x7fffffff;  // end of a chain or list

  Arena(Reservation memory, Reservation side);
  void adapt_staging();
  void give_back_beyond_limit();

  [[nodiscard]] bool refuses(MemoryRequest request) {
    return refusals_ != nullptr && refusals_->refuses(request);
  }
  [[nodiscard]] bool may_take_slab() const { return slabs_active_ < slabs_limit_; }
  std::uint32_t take_slab(SlabState state);
  void free_slab(std::uint32_t slab);
  void release_staging(std::uint32_t slab);
  void release_kept(std::uint32_t slab, Share share);

  std::uint32_t take_run(std::size_t pages_max, std::size_t& pages);
  void free_chain(std::uint32_t first_page, std::size_t pages, Share share);
  void free_run(std::uint32_t first_page, std::size_t pages);
  void link_partial(std::uint32_t slab);
  void unlink_partial(std::uint32_t slab);

  [[nodiscard]] std::byte* page_address(std::uint32_t page) const {
    return memory_.data() + std::size_t{page} * kPageBytes;
  }
  [[nodiscard]] ByteSpan slab_bytes(std::uint32_t slab) const {
    return {memory_.data() + std::size_t{slab} * kSlabBytes, kSlabBytes};
  }
  // The following page of a chain. Touches only what belongs to that chain: a worker may call it.
  [[nodiscard]] std::uint32_t next_page(std::uint32_t page) const { return links_[page] & kNone; }

  struct Census;
  void count_slab(std::uint32_t slab, Census& census) const;
  void check_links(std::uint32_t slab, Census& census) const;
  void check_lists(const Census& census) const;

  Reservation memory_;
  Reservation side_;  // SlabInfo per slab, then a link per page
  SlabInfo* slabs_ = nullptr;
  std::uint32_t* links_ = nullptr;  // next page, or kNone; the top bit is the share
  std::size_t slabs_max_ = 0;       // virtual
  std::size_t limit_bytes_ = 0;
  std::size_t slabs_limit_ = 0;
  std::size_t slabs_active_ = 0;   // not free
  std::uint32_t slabs_ever_ = 0;   // slabs from here on were never used
  std::uint32_t partial_ = kNone;  // head of the list of split slabs with free pages
  std::vector<std::uint32_t>
      free_warm_;  // free slabs whose memory is resident; the last is hottest
  std::vector<std::uint32_t> free_cold_;  // free slabs whose memory went back to the system
  std::vector<std::uint32_t> staging_free_;
  std::size_t staging_slabs_ = 0;   // what the set has now
  std::size_t staging_target_ = 0;  // what it should have
  std::size_t used_bytes_[2] = {0, 0};
  std::uint64_t freed_bytes_[2] = {0, 0};
  std::size_t chains_ = 0;
  std::size_t kept_ = 0;
  Refusals* refusals_ = nullptr;
};

}  // namespace longthrow
