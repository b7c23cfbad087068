// SPDX-License-Identifier: Apache-2.0
// What a drain waits for, and what became of it. It remembers each channel's part after the channel
// is gone: bytes that nobody will ever acknowledge are lost to the drain, never delivered. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "longthrow/time.h"

namespace longthrow {

// A drain's goal: what a channel has accepted by now; of a pair of DRBD's also the barriers that
// the peer's DRBD is to have acknowledged.
struct DrainMark {
  std::uint64_t bytes = 0;
  std::uint64_t barriers = 0;
  std::string route;
};

struct DrainLeft {
  std::uint64_t bytes = 0;          // to deliver
  std::uint64_t barriers = 0;       // to be acknowledged
  std::uint64_t lost_bytes = 0;     // they never left this node: they are not delivered
  std::uint64_t unknown_bytes = 0;  // they were sent, and nobody will say any more what became of
                                    // them
  std::string lost_reason;          // of the first of both
  bool by_barriers = false;         // barriers were waited for
  bool pair_ended = false;  // one of DRBD's ended before: nothing more is heard of its barriers

  [[nodiscard]] bool none() const { return bytes == 0 && barriers == 0; }
  // Some bytes will never be known to be delivered.
  [[nodiscard]] bool failed() const { return lost_bytes + unknown_bytes > 0; }
};

class DrainWatch {
 public:
  // How a channel that goes on stands.
  struct Standing {
    std::uint64_t delivered_bytes = 0;
    // Where its bytes end for ever, once that is known.
    std::optional<std::uint64_t> end_bytes;
    // As long as it is one of a pair.
    std::optional<std::uint64_t> barriers_acknowledged;
  };

  // Bytes accepted before of which nobody could say then that they are delivered.
  void add_unknown(std::uint64_t bytes, const std::string& reason) {
    before_.unknown_bytes += bytes;
    before_.lost_reason = reason;
  }
  // Bytes accepted before that are destroyed meanwhile.
  void add_lost(std::uint64_t bytes, const std::string& reason) {
    before_.lost_bytes += bytes;
    before_.lost_reason = reason;
  }
  // It is about this group, too.
  void cover(const std::string& group) { groups_.insert(group); }
  [[nodiscard]] bool covers(const std::string& group) const { return groups_.contains(group); }
  void add(std::uint64_t channel, DrainMark mark) { marks_[channel] = {.mark = std::move(mark)}; }
  [[nodiscard]] bool watches(std::uint64_t channel) const { return marks_.contains(channel); }
  void on_standing(std::uint64_t channel, const Standing& standing);
  // How far a channel came that is over: what lies between the two may be delivered or not.
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

// How fast a drain gets on, of what was left lately: the bytes that came in meanwhile do not count.
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
