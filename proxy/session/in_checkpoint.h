// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "proxy/wire/group_records.h"

namespace longthrow {

// A checkpoint of the peer.
struct InCheckpoint {
  wire::Checkpoint mark;
  Proof proof = Proof::none;
  std::vector<wire::CutEntry> entries;
  std::vector<wire::CutEntry> to_take;  // of these, what a target has not acknowledged

  // A target has acknowledged bytes of the channel, perhaps its last.
  void note_delivered(std::uint64_t channel, std::uint64_t offset) {
    std::erase_if(to_take, [&](const wire::CutEntry& entry) {
      return entry.channel == channel && entry.offset <= offset;
    });
  }
};

}  // namespace longthrow
