// SPDX-License-Identifier: Apache-2.0
// The memory of a link: the arena, bounded by memlimit, and the ingest, which fills the send share.
#pragma once

#include <algorithm>
#include <memory>

#include "longthrow/config.h"
#include "proxy/buffer/arena.h"
#include "proxy/ingest/ingest.h"

namespace longthrow {

// Belongs to the loop's thread.
class LinkBuffer {
 public:
  explicit LinkBuffer(std::uint64_t memlimit)
      : memlimit_max_(std::max(kReserveMin, memlimit * kReserveFactor)) {}

  struct Hooks {
    std::function<Ingest::Outlook()> outlook;
    std::function<void()> wake;
    std::function<void()> on_partial;
  };
  // Call it first: everything else requires that it has succeeded.
  [[nodiscard]] Result<void> open(const LinkConfig& config, FrameJobs& jobs, Hooks hooks);

  [[nodiscard]] Arena& arena() { return *arena_; }
  [[nodiscard]] const Arena& arena() const { return *arena_; }
  [[nodiscard]] Ingest& ingest() { return *ingest_; }
  [[nodiscard]] const Ingest& ingest() const { return *ingest_; }
  // Why the kernel may swap the buffer; "": it cannot.
  [[nodiscard]] const std::string& not_locked() const { return not_locked_; }
  // The most to which the limit can be raised while the arena lives.
  [[nodiscard]] std::uint64_t memlimit_max() const { return memlimit_max_; }

 private:
  // Room to raise the limit: address space only, no memory.
  static constexpr std::uint64_t kReserveFactor = 16;
  static constexpr std::uint64_t kReserveMin = 16 * kGiB;

  const std::uint64_t memlimit_max_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Ingest> ingest_;
  std::string not_locked_;
};

}  // namespace longthrow
