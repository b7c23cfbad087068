// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/link_buffer.h"

namespace longthrow {

Result<void> LinkBuffer::open(const LinkConfig& config, FrameJobs& jobs, Hooks hooks) {
  auto arena = Arena::make({.limit_bytes = config.memlimit, .reserve_bytes = memlimit_max_});
  if (!arena) return std::unexpected(arena.error());
  arena_ = std::move(*arena);
  ingest_ = std::make_unique<Ingest>(Ingest::Parts{.arena = *arena_,
                                                   .jobs = jobs,
                                                   .outlook = std::move(hooks.outlook),
                                                   .wake = std::move(hooks.wake),
                                                   .on_partial = std::move(hooks.on_partial)},
                                     config.compression);
  if (const auto locked = arena_->lock_in_memory(); !locked) not_locked_ = locked.error().message;
  return {};
}

}  // namespace longthrow
