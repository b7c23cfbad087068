// SPDX-License-Identifier: Apache-2.0
// A node's files of state (proxy/groups/fences.h, copies_file.h, proxy/losses/loss_file.h) as a
// disk may give them back: cut short, or with a bit turned.
#pragma once

#include <string>

#include "tests/sim/random_stream.h"

namespace longthrow::sim {

enum class Tear : std::uint8_t { cut_short, turn_bit };

// What of a state directory was torn since the node's last start.
struct TornFiles {
  bool fences = false;
  bool copies = false;
  bool losses = false;
  [[nodiscard]] bool any() const { return fences || copies || losses; }
};

// False: there is no such file, or nothing in it that could be torn.
bool tear_file(const std::string& path, Tear tear, RandomStream& random);
// Tears some of the files that are there, perhaps none.
[[nodiscard]] TornFiles tear_state(const std::string& state_dir, RandomStream& random);
// After the node's start: how it took them. "": a file of whose damage the node can know is kept
// aside.
[[nodiscard]] std::string judge_start(const std::string& state_dir, const TornFiles& torn);

}  // namespace longthrow::sim
