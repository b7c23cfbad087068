// SPDX-License-Identifier: Apache-2.0
// What a drain waits for, and how that ended. It remembers the part of each channel after the
// channel is gone: bytes that nobody will ever acknowledge are lost for the drain, never delivered.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "longthrow/time.h"

namespace longthrow {

// The goal of a drain for one channel: the bytes that it has accepted by now. For a DRBD pair also
// the barriers that the peer's DRBD must have acknowledged.
struct DrainMark {
  std::uint64_t bytes = 0;
  std::uint64_t barriers = 0;
  std::string route;
};

struct DrainLeft {
  std::uint64_t bytes = 0;          // to deliver
  std::uint64_t barriers = 0;       // to be acknowledged
  std::uint64_t lost_bytes = 0;     // they never left this node
  std::uint64_t unknown_bytes = 0;  // they were sent; nobody will say whether they were delivered
  std::string lost_reason;          // why the first lost or unknown byte is so
  bool by_barriers = false;         // the drain waited for barriers
  bool pair_ended = false;          // a DRBD pair ended before all its barriers were acknowledged

  [[nodiscard]] bool none() const { return bytes == 0 && barriers == 0; }
  // Whether some bytes will never be known to be delivered.
  [[nodiscard]] bool failed() const { return lost_bytes + unknown_bytes > 0; }
};

class DrainWatch {
 public:
  // How far a channel that goes on has come.
  struct Standing {
    std::uint64_t delivered_bytes = 0;
    // Where its bytes end for ever, once this is known.
    std::optional<std::uint64_t> end_bytes;
    // Has a value as long as the channel is one of a pair.
    std::optional<std::uint64_t> barriers_acknowledged;
  };

  // Bytes that were accepted before the drain, and that nobody could call delivered then.
  void add_unknown(std::uint64_t bytes, const std::string& reason) {
    before_.unknown_bytes += bytes;
    before_.lost_reason = reason;
  }
  // Bytes that were accepted before the drain, and that are destroyed meanwhile.
  void add_lost(std::uint64_t bytes, const std::string& reason) {
    before_.lost_bytes += bytes;
    before_.lost_reason = reason;
  }
  // The drain is about this group, too.
  void cover(const std::string& group) { groups_.insert(group); }
  [[nodiscard]] bool covers(const std::string& group) const { return groups_.contains(group); }
  void add(std::uint64_t channel, DrainMark mark) { marks_[channel] = {.mark = std::move(mark)}; }
  [[nodiscard]] bool watches(std::uint64_t channel) const { return marks_.contains(channel); }
  void on_standing(std::uint64_t channel, const Standing& standing);
  // How far a channel that is over has come. Bytes between the two may be delivered or not.
  struct Reached {
    std::uint64_t delivered_bytes = 0;
    std::uint64_t sent_bytes = 0;
  };
  void on_over(std::uint64_t channel, const Reached& reached, const std::string& reason);
  [[nodiscard]] DrainLeft left() const;

 private:
  struct Entry {
    DrainMark mark;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t lost_bytes = 0;
    std::uint64_t unknown_bytes = 0;
    std::uint64_t barriers_acknowledged = 0;
    std::string reason;
    bool over = false;
    bool pair_ended = false;
  };
  static void end_pair(Entry& entry);
  static void lose(Entry& entry, const Reached& reached, const std::string& reason);
  std::map<std::uint64_t, Entry> marks_;
  std::set<std::string> groups_;
  DrainLeft before_;
};

// How fast a drain gets on, from what was left in the last seconds. Bytes that came in meanwhile do
// not count.
class DrainPace {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(5);
  void note(TimePoint now, std::uint64_t left_bytes);
  [[nodiscard]] double bytes_s() const;

 private:
  struct Sample {
    TimePoint at;
    std::uint64_t left_bytes = 0;
  };
  std::deque<Sample> samples_;
};

}  // namespace longthrow
