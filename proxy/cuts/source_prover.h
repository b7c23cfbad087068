// SPDX-License-Identifier: Apache-2.0
// Proves cuts of a group from readings of its sources' sockets. Pure.
//
// A source's position only grows. So a reading bounds it at other moments, too: what it is at
// least, it is at least at every later moment, and what it is at most, it was at most at every
// earlier one. Let A(i) and Q(i) be `acknowledged` and `queued` of reading i of a socket; then, at
// the moment of reading i, by what SourceReading says,
//   A(i - 1) + Q(i) <= position <= A(i) + Q(i).
// At a moment T the position is at least the largest of the lower bounds of readings up to T, and
// at most the smallest of the upper bounds of readings from T on. Where both are equal, the
// position at T is known. A moment at which it is known of every member gives a cut: the vector of
// what each source had written at one and the same moment. Whoever wrote a byte before the cut did
// so without having seen a byte after it.
//
// A member that rests needs three readings: two for the lower bound (if nothing was acknowledged
// between them), and one for the upper bound. At the moment of the second of two readings without
// an acknowledgement the position is known even of one that moves all the time. So one member may
// move, while the others rest around that moment. No more can be had: if two members have moved
// between the moments at which each was looked at, their positions were never true together.
//
// The only time that counts is the order of the readings, so they must be given in the order in
// which the kernel was asked, and one after another.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "proxy/cuts/cut.h"

namespace longthrow {

class SourceProver {
 public:
  // A new member begins at position 0 and is not known until it was read.
  void add(std::uint64_t channel) { members_.try_emplace(channel); }
  void remove(std::uint64_t channel) { members_.erase(channel); }
  // The leg has read the source's end at `offset`: from here on no reading is needed. A collect
  // that began before this call must not be judged after it.
  void end(std::uint64_t channel, std::uint64_t offset);

  // Judges the readings of one collect, with what earlier ones have taught of each member. Gives
  // the latest cut that they prove. Readings of channels that are no members are passed over.
  // Members without readings and without an end are `unanswered`.
  using Verdict = std::expected<std::vector<ChannelOffset>, NotProven>;
  [[nodiscard]] Verdict judge(std::span<const SourceReading> readings);

 private:
  struct Member {
    std::optional<std::uint64_t> acknowledged;  // by the last reading that had a position
    bool closing = false;                       // that reading said so
    std::uint64_t low = 0;              // the position is at least this, since the last reading
    std::optional<std::uint64_t> last;  // the position at which it ended, and stays
    // While judging:
    SourceState state = SourceState::unanswered;  // of its last reading in this collect
    std::uint64_t low_at = 0;                     // at the moment T: at least this,
    std::uint64_t high_at = 0;                    // and at most this
    [[nodiscard]] bool known() const { return low_at == high_at; }
  };
  // What one reading says, and what was known before it.
  struct Bounds {
    Member* member = nullptr;
    std::uint64_t low_before = 0;
    std::uint64_t high = 0;
  };

  [[nodiscard]] static Bounds take(const SourceReading& reading, Member& member);
  [[nodiscard]] std::vector<Bounds> take_all(std::span<const SourceReading> readings);
  [[nodiscard]] std::vector<ChannelOffset> offsets() const;
  [[nodiscard]] NotProven why_not() const;

  std::map<std::uint64_t, Member> members_;
};

}  // namespace longthrow
