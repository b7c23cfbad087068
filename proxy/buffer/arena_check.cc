// SPDX-License-Identifier: Apache-2.0
// The arena's account, taken again from its maps: every slab, page and link is counted and
// compared.
#include <bit>

#include "proxy/buffer/arena.h"

namespace longthrow {

struct Arena::Census {
  std::size_t slabs[5] = {};  // by SlabState
  std::size_t pages[2] = {};  // in chains, by share
  std::size_t chain_ends = 0;
  std::size_t partial = 0;       // split slabs with free pages
  std::vector<bool> pointed_at;  // pages that another page links to

  std::size_t& count(SlabState state) { return slabs[static_cast<std::size_t>(state)]; }
  std::size_t count(SlabState state) const { return slabs[static_cast<std::size_t>(state)]; }
};

void Arena::check_invariants() const {
  Census census;
  census.pointed_at.resize(std::size_t{slabs_ever_} * 64);
  LT_ASSERT(slabs_ever_ <= slabs_max_ && slabs_limit_ <= slabs_max_);
  LT_ASSERT(memory_.opened() >= std::size_t{slabs_ever_} * kSlabBytes);
  for (std::uint32_t slab = 0; slab < slabs_ever_; ++slab) count_slab(slab, census);
  for (std::uint32_t slab = 0; slab < slabs_ever_; ++slab) check_links(slab, census);
  check_lists(census);

  const std::size_t staging = census.count(SlabState::staging) + census.count(SlabState::lent);
  LT_ASSERT(staging == staging_slabs_ && staging_slabs_ >= 4);
  LT_ASSERT(census.count(SlabState::kept) == kept_);
  LT_ASSERT(census.chain_ends == chains_);
  LT_ASSERT(slabs_active_ == staging + kept_ + census.count(SlabState::split));
  const std::size_t send = (staging + kept_) * kSlabBytes + census.pages[0] * kPageBytes;
  LT_ASSERT(used_bytes(Share::send) == send);
  LT_ASSERT(used_bytes(Share::receive) == census.pages[1] * kPageBytes);
  LT_ASSERT(limit_bytes(Share::send) + limit_bytes(Share::receive) <= limit_bytes_);
}

void Arena::count_slab(std::uint32_t slab, Census& census) const {
  const SlabInfo& info = slabs_[slab];
  ++census.count(info.state);
  if (info.state != SlabState::split) {
    LT_ASSERT(info.free_pages == 0);
    return;
  }
  LT_ASSERT(~info.free_pages != 0);  // an empty slab is not split
  if (info.free_pages != 0) ++census.partial;
}

void Arena::check_links(std::uint32_t slab, Census& census) const {
  if (slabs_[slab].state != SlabState::split) return;
  for (std::uint32_t i = 0; i < 64; ++i) {
    if ((slabs_[slab].free_pages >> i & 1) != 0) continue;
    const std::uint32_t page = slab * 64 + i;
    const std::uint32_t share = links_[page] >> 31;
    ++census.pages[share];
    const std::uint32_t next = next_page(page);
    if (next == kNone) {
      ++census.chain_ends;
      continue;
    }
    // A chain stays in taken pages of its own share, and no two pages lead to the same one.
    LT_ASSERT(next / 64 < slabs_ever_ && slabs_[next / 64].state == SlabState::split);
    LT_ASSERT((slabs_[next / 64].free_pages >> next % 64 & 1) == 0);
    LT_ASSERT(links_[next] >> 31 == share);
    LT_ASSERT(!census.pointed_at[next]);
    census.pointed_at[next] = true;
  }
}

void Arena::check_lists(const Census& census) const {
  std::size_t partial = 0;
  std::uint32_t previous = kNone;
  for (std::uint32_t slab = partial_; slab != kNone; slab = slabs_[slab].next) {
    LT_ASSERT(slabs_[slab].state == SlabState::split && slabs_[slab].free_pages != 0);
    LT_ASSERT(slabs_[slab].previous == previous);
    LT_ASSERT(++partial <= census.partial);  // also ends a cycle
    previous = slab;
  }
  LT_ASSERT(partial == census.partial);

  std::vector<bool> seen(slabs_ever_);
  const auto check = [&](const std::vector<std::uint32_t>& list, SlabState state) {
    for (const std::uint32_t slab : list) {
      LT_ASSERT(slab < slabs_ever_ && slabs_[slab].state == state && !seen[slab]);
      seen[slab] = true;
    }
  };
  check(free_warm_, SlabState::free);
  check(free_cold_, SlabState::free);
  check(staging_free_, SlabState::staging);
  LT_ASSERT(free_warm_.size() + free_cold_.size() == census.count(SlabState::free));
  LT_ASSERT(staging_free_.size() == census.count(SlabState::staging));
  LT_ASSERT(free_warm_.empty() || slabs_active_ + free_warm_.size() <= slabs_limit_);
}

}  // namespace longthrow
