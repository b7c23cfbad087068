// SPDX-License-Identifier: Apache-2.0
// Finds the place of a checkpoint: a cut of a group's streams, taken after it was asked for. Pure;
// all offsets are of one direction of the group's channels.
//
// The owner looks at the sources and at what was received, again and again, until a look gives the
// cut. Where a source cannot be read, the cut is only observed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/cuts/cut.h"
#include "proxy/cuts/source_prover.h"

namespace longthrow {

class CheckpointPlacer {
 public:
  // stand: an administrator has stopped what writes. Then nothing may be under way in the sources'
  // sockets, and no stream may have moved for kRest.
  enum class Sources : std::uint8_t { run, stand };
  static constexpr Duration kRest = std::chrono::milliseconds(250);

  explicit CheckpointPlacer(Sources sources) : sources_(sources) {}

  // By channel. A value: its source has ended in order, at that offset.
  using Members = std::map<std::uint64_t, std::optional<std::uint64_t>>;
  // A look that began before a change must not be given after it.
  void set_members(const Members& members);
  [[nodiscard]] const Members& members() const { return members_; }

  using Offsets = std::vector<ChannelOffset>;
  struct Look {
    TimePoint began{};
    TimePoint ended{};
    std::span<const SourceReading> readings;  // empty: the sources could not be asked
    // Of every member, by channel, ascending; asked for after `ended`.
    Offsets received;
  };
  [[nodiscard]] std::optional<Cut> on_look(const Look& look);
  // For people: why the last look gave none.
  [[nodiscard]] const std::string& obstacle() const { return obstacle_; }

 private:
  struct Seen {
    TimePoint at{};
    Offsets offsets;
  };
  [[nodiscard]] std::optional<Cut> place_running(const Look& look,
                                                 const SourceProver::Verdict& verdict);
  [[nodiscard]] std::optional<Cut> place_standing(const Look& look,
                                                  const SourceProver::Verdict& verdict);

  const Sources sources_;
  SourceProver prover_;
  Members members_;
  std::optional<Seen> seen_;  // run: what was received at the look before; stand: since when it is
  std::string obstacle_ = "its sources were not looked at yet";
};

}  // namespace longthrow
