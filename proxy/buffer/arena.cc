// SPDX-License-Identifier: Apache-2.0
// The account alone grants a request for pages; the memory for it is then always there. Why that
// holds: let L be the largest limit so far, in slabs. Pages are taken from split slabs that have
// free ones; another slab is split only when every split slab is full, and then all active slabs
// are full: 64 * active <= used < 64 * L. While one share is over a lowered limit the other goes
// on, so for pages the active slabs may pass the present limit; for staging they may not. What is
// resident stays within the limit too, or within what is used when that is more: a slab that was
// never used is touched only when no resident one is free.
#include "proxy/buffer/arena.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace longthrow {
namespace {

constexpr std::size_t kSlabPages = kSlabBytes / kPageBytes;
constexpr std::size_t kStagingMin = 4;
constexpr std::size_t kStagingMax = 64;
constexpr std::uint32_t kShareBit = 0x80000000;
static_assert(kSlabPages == 64, "the free pages of a slab are one 64-bit mask");
static_assert(kArenaBytesMin / kSlabBytes * 3 / 4 > kStagingMin,
              "the send share holds more than staging");

constexpr std::size_t index_of(Share share) { return static_cast<std::size_t>(share); }
constexpr MemoryRequest request_of(Share share) {
  return share == Share::send ? MemoryRequest::sent_frame : MemoryRequest::received_frame;
}
constexpr std::size_t pages_of(std::size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes; }
constexpr std::size_t round_up(std::size_t bytes) { return pages_of(bytes) * kPageBytes; }
constexpr std::uint32_t slab_of(std::uint32_t page) {
  return page / static_cast<std::uint32_t>(kSlabPages);
}
constexpr std::uint64_t mask_of(std::size_t first, std::size_t pages) {
  return (pages == kSlabPages ? ~std::uint64_t{0} : (std::uint64_t{1} << pages) - 1) << first;
}

}  // namespace

Result<std::unique_ptr<Arena>> Arena::make(const ArenaOptions& options) {
  const std::size_t slabs = std::max(options.limit_bytes, options.reserve_bytes) / kSlabBytes;
  if (slabs * kSlabPages >= kNone) return fail("memlimit: more than 8 TiB cannot be managed");
  auto memory = Reservation::make(std::max(slabs, std::size_t{1}) * kSlabBytes);
  if (!memory) return std::unexpected(memory.error());
  const std::size_t slab_cost = sizeof(SlabInfo) + kSlabPages * sizeof(std::uint32_t);
  auto side = Reservation::make(round_up(memory->size() / kSlabBytes * slab_cost));
  if (!side) return std::unexpected(side.error());
  if (auto opened = side->open(side->size()); !opened) return std::unexpected(opened.error());

  std::unique_ptr<Arena> arena(new Arena(std::move(*memory), std::move(*side)));
  if (auto set = arena->set_limit(options.limit_bytes); !set) return std::unexpected(set.error());
  return arena;
}

Arena::Arena(Reservation memory, Reservation side)
    : memory_(std::move(memory)),
      side_(std::move(side)),
      slabs_(reinterpret_cast<SlabInfo*>(side_.data())),
      slabs_max_(memory_.size() / kSlabBytes) {
  links_ = reinterpret_cast<std::uint32_t*>(side_.data() + slabs_max_ * sizeof(SlabInfo));
}

Arena::~Arena() {
  LT_ASSERT(staging_free_.size() == staging_slabs_);
  LT_ASSERT(chains_ == 0 && kept_ == 0);
}

Result<void> Arena::set_limit(std::size_t limit_bytes) {
  const std::size_t slabs = limit_bytes / kSlabBytes;
  if (slabs < kArenaBytesMin / kSlabBytes) return fail("memlimit: at least 2 MiB are needed");
  if (slabs > slabs_max_) {
    return fail("memlimit: at most " + std::to_string(memory_.size() / kMiB) +
                " MiB without a restart");
  }
  if (auto opened = memory_.open(slabs * kSlabBytes); !opened) return opened;
  limit_bytes_ = limit_bytes;
  slabs_limit_ = slabs;
  staging_target_ = std::clamp(slabs / 16, kStagingMin, kStagingMax);
  adapt_staging();
  give_back_beyond_limit();
  return {};
}

Result<void> Arena::lock_in_memory() {
  memory_.exclude_from_dumps();
  return memory_.lock();
}

// --- the account

std::size_t Arena::used_bytes(Share share) const { return used_bytes_[index_of(share)]; }

std::uint64_t Arena::freed_bytes(Share share) const { return freed_bytes_[index_of(share)]; }

std::size_t Arena::limit_bytes(Share share) const {
  const std::size_t whole = slabs_limit_ * kSlabBytes;
  return share == Share::receive ? whole / 4 : whole - whole / 4;
}

std::size_t Arena::free_bytes(Share share) const {
  const std::size_t used = used_bytes(share);
  const std::size_t limit = limit_bytes(share);
  return used < limit ? limit - used : 0;
}

// --- slabs

std::uint32_t Arena::take_slab(SlabState state) {
  std::uint32_t slab = slabs_ever_;
  if (!free_warm_.empty()) {
    slab = free_warm_.back();
    free_warm_.pop_back();
  } else if (!free_cold_.empty()) {
    slab = free_cold_.back();
    free_cold_.pop_back();
  } else {
    ++slabs_ever_;
  }
  LT_ASSERT((slab + 1) * kSlabBytes <= memory_.opened());
  LT_ASSERT(slabs_[slab].state == SlabState::free);
  slabs_[slab].state = state;
  ++slabs_active_;
  return slab;
}

void Arena::free_slab(std::uint32_t slab) {
  slabs_[slab].state = SlabState::free;
  slabs_[slab].free_pages = 0;
  --slabs_active_;
  poison(slab_bytes(slab));
  if (slabs_active_ + free_warm_.size() < slabs_limit_) {
    free_warm_.push_back(slab);
  } else {
    memory_.discard(std::size_t{slab} * kSlabBytes, kSlabBytes);
    free_cold_.push_back(slab);
  }
}

void Arena::give_back_beyond_limit() {
  const std::size_t resident = slabs_active_ + free_warm_.size();
  if (resident > slabs_limit_) {
    const std::size_t excess = std::min(resident - slabs_limit_, free_warm_.size());
    const auto end = free_warm_.begin() + static_cast<std::ptrdiff_t>(excess);
    for (auto slab = free_warm_.begin(); slab != end; ++slab) {
      memory_.discard(std::size_t{*slab} * kSlabBytes, kSlabBytes);
      free_cold_.push_back(*slab);
    }
    free_warm_.erase(free_warm_.begin(), end);
  }
  if (slabs_active_ <= slabs_limit_) return;
  // More slabs are split than the limit allows, so what is free in them must not stay resident.
  for (std::uint32_t slab = partial_; slab != kNone; slab = slabs_[slab].next) {
    for (std::uint64_t mask = slabs_[slab].free_pages; mask != 0;) {
      const auto first = static_cast<std::size_t>(std::countr_zero(mask));
      const auto pages = static_cast<std::size_t>(std::countr_one(mask >> first));
      memory_.discard(std::size_t{slab} * kSlabBytes + first * kPageBytes, pages * kPageBytes);
      mask &= ~mask_of(first, pages);
    }
  }
}

// --- staging

void Arena::adapt_staging() {
  std::size_t& used = used_bytes_[index_of(Share::send)];
  while (staging_slabs_ > staging_target_ && !staging_free_.empty()) {
    const std::uint32_t coldest = staging_free_.front();
    staging_free_.erase(staging_free_.begin());
    --staging_slabs_;
    used -= kSlabBytes;
    free_slab(coldest);
  }
  while (staging_slabs_ < staging_target_ && may_take_slab() &&
         free_bytes(Share::send) >= kSlabBytes) {
    staging_free_.insert(staging_free_.begin(), take_slab(SlabState::staging));
    ++staging_slabs_;
    used += kSlabBytes;
  }
}

Slab Arena::take_staging() {
  if (staging_free_.empty() || refuses(MemoryRequest::staging)) return {};
  const std::uint32_t slab = staging_free_.back();
  staging_free_.pop_back();
  slabs_[slab].state = SlabState::lent;
  unpoison(slab_bytes(slab));
  return {*this, slab};
}

void Arena::release_staging(std::uint32_t slab) {
  LT_ASSERT(slabs_[slab].state == SlabState::lent);
  slabs_[slab].state = SlabState::staging;
  poison(slab_bytes(slab));
  staging_free_.push_back(slab);
  adapt_staging();
}

std::optional<Stored> Arena::keep(Slab& slab, std::size_t size_bytes) {
  LT_ASSERT(slab.arena_ == this && size_bytes >= 1 && size_bytes <= kSlabBytes);
  // After the limit was lowered the set may be too large: then the slab just leaves it.
  const bool leaves_set = staging_slabs_ > staging_target_;
  const std::size_t charge = leaves_set ? 0 : kSlabBytes;
  if (used_bytes(Share::send) + charge > limit_bytes(Share::send)) return std::nullopt;
  if ((!leaves_set && !may_take_slab()) || refuses(MemoryRequest::sent_frame)) return std::nullopt;

  if (leaves_set) {
    --staging_slabs_;
  } else {
    staging_free_.push_back(take_slab(SlabState::staging));
  }
  used_bytes_[index_of(Share::send)] += charge;
  slabs_[slab.index_].state = SlabState::kept;
  ++kept_;
  Stored stored;
  stored.arena_ = this;
  stored.first_ = static_cast<std::uint32_t>(slab.index_ * kSlabPages);
  stored.size_bytes_ = static_cast<std::uint32_t>(size_bytes);
  stored.whole_slab_ = true;
  stored.share_ = static_cast<std::uint8_t>(Share::send);
  slab.arena_ = nullptr;
  return stored;
}

void Arena::release_kept(std::uint32_t slab, Share share) {
  LT_ASSERT(slabs_[slab].state == SlabState::kept);
  used_bytes_[index_of(share)] -= kSlabBytes;
  freed_bytes_[index_of(share)] += kSlabBytes;
  --kept_;
  free_slab(slab);
  adapt_staging();
}

// --- pages

std::optional<Stored> Arena::store(Share share, ByteView bytes) {
  LT_ASSERT(!bytes.empty() && bytes.size() <= kSlabBytes);
  const std::size_t charge = round_up(bytes.size());
  if (charge > free_bytes(share) || refuses(request_of(share))) return std::nullopt;
  used_bytes_[index_of(share)] += charge;
  ++chains_;

  Stored stored;
  stored.arena_ = this;
  stored.size_bytes_ = static_cast<std::uint32_t>(bytes.size());
  stored.share_ = static_cast<std::uint8_t>(share);
  const std::uint32_t share_bit = share == Share::receive ? kShareBit : 0;
  std::uint32_t* link_to_here = &stored.first_;
  for (std::size_t pages_left = pages_of(bytes.size()); pages_left > 0;) {
    std::size_t pages = 0;
    const std::uint32_t first = take_run(pages_left, pages);
    *link_to_here = first | (link_to_here == &stored.first_ ? 0 : share_bit);
    for (std::size_t i = 0; i < pages; ++i) {
      links_[first + i] = static_cast<std::uint32_t>(first + i + 1) | share_bit;
    }
    link_to_here = &links_[first + pages - 1];
    const std::size_t size = std::min(bytes.size(), pages * kPageBytes);
    std::memcpy(page_address(first), bytes.data(), size);
    bytes = bytes.subspan(size);
    pages_left -= pages;
  }
  *link_to_here = kNone | share_bit;
  return stored;
}

std::uint32_t Arena::take_run(std::size_t pages_max, std::size_t& pages) {
  if (partial_ == kNone) {
    const std::uint32_t fresh = take_slab(SlabState::split);
    slabs_[fresh].free_pages = ~std::uint64_t{0};
    link_partial(fresh);
  }
  const std::uint32_t slab = partial_;
  SlabInfo& info = slabs_[slab];
  const auto first = static_cast<std::size_t>(std::countr_zero(info.free_pages));
  pages = std::min(pages_max, static_cast<std::size_t>(std::countr_one(info.free_pages >> first)));
  info.free_pages &= ~mask_of(first, pages);
  if (info.free_pages == 0) unlink_partial(slab);
  unpoison(slab_bytes(slab).subspan(first * kPageBytes, pages * kPageBytes));
  return static_cast<std::uint32_t>(slab * kSlabPages + first);
}

void Arena::free_chain(std::uint32_t first_page, std::size_t pages, Share share) {
  used_bytes_[index_of(share)] -= pages * kPageBytes;
  freed_bytes_[index_of(share)] += pages * kPageBytes;
  --chains_;
  std::uint32_t page = first_page;
  while (pages > 0) {
    std::size_t run = 1;
    while (run < pages && next_page(page + static_cast<std::uint32_t>(run) - 1) == page + run &&
           slab_of(page) == slab_of(page + static_cast<std::uint32_t>(run))) {
      ++run;
    }
    const std::uint32_t next = next_page(page + static_cast<std::uint32_t>(run) - 1);
    free_run(page, run);
    page = next;
    pages -= run;
  }
  LT_ASSERT(page == kNone);
  adapt_staging();
}

void Arena::free_run(std::uint32_t first_page, std::size_t pages) {
  const std::uint32_t slab = slab_of(first_page);
  const std::uint64_t mask = mask_of(first_page % kSlabPages, pages);
  SlabInfo& info = slabs_[slab];
  LT_ASSERT(info.state == SlabState::split && (info.free_pages & mask) == 0);
  if (info.free_pages == 0) link_partial(slab);
  info.free_pages |= mask;
  if (~info.free_pages == 0) {
    unlink_partial(slab);
    free_slab(slab);
    return;
  }
  poison({page_address(first_page), pages * kPageBytes});
  if (slabs_active_ > slabs_limit_) {
    memory_.discard(std::size_t{first_page} * kPageBytes, pages * kPageBytes);
  }
}

void Arena::link_partial(std::uint32_t slab) {
  slabs_[slab].previous = kNone;
  slabs_[slab].next = partial_;
  if (partial_ != kNone) slabs_[partial_].previous = slab;
  partial_ = slab;
}

void Arena::unlink_partial(std::uint32_t slab) {
  const SlabInfo& info = slabs_[slab];
  (info.previous == kNone ? partial_ : slabs_[info.previous].next) = info.next;
  if (info.next != kNone) slabs_[info.next].previous = info.previous;
}

}  // namespace longthrow
