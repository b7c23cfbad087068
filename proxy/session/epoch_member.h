// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace longthrow {

struct SentFrame {
  std::uint64_t end = 0;
  std::uint64_t charge = 0;
};

// What OutEpochs knows of one channel.
struct EpochMember {
  std::uint64_t from = 0;  // held from here on
  std::optional<std::uint64_t> until;
  std::uint64_t sent = 0;
  std::uint64_t pending_cut = 0;  // by the newest cut
  std::uint64_t cut = 0;          // by the newest announced cut
  std::uint64_t whole = 0;        // of this the peer has all
  std::deque<SentFrame> open;     // frames that end behind `cut`
};

}  // namespace longthrow
