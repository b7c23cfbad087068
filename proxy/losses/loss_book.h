// SPDX-License-Identifier: Apache-2.0
// The ledger of losses in memory: joins losses of one kind, decides when they are logged and
// written to the file, and counts them. Pure.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "longthrow/losses.h"

namespace longthrow {

// What an administrator asks of the ledger.
struct LossQuery {
  std::string name;  // of a link, a group or a route; "": all
  std::optional<WallTime> since;
  bool minor = false;  // include losses of minor weight
};

class LossBook {
 public:
  static constexpr std::size_t kLossesMax = 1000;  // beyond it the older half is forgotten
  static constexpr std::size_t kTextBytesMax = 240;
  // Losses of one route for one reason are told as one when they come within a pause. The pause
  // doubles while they go on. So neither a thousand connections that end at once nor a program that
  // breaks off all day can fill the log or the disk.
  static constexpr Duration kFirstPause = std::chrono::seconds(1);
  static constexpr Duration kLastPause = std::chrono::minutes(5);
  static constexpr Duration kMinorPause = std::chrono::minutes(1);

  // What the file keeps for the next start of the node.
  struct Kept {
    WallTime since{};
    std::vector<Loss> losses;  // numbers ascend
    std::uint64_t forgotten = 0;
    std::uint64_t forgotten_full = 0;  // those of full weight
    std::uint64_t forgotten_bytes = 0;
  };
  void restore(Kept kept);

  // Sets the number of `loss`. A loss of 0 bytes is ignored.
  void note(TimePoint now, Loss loss);
  // When the next losses are due to be logged; kNever: none wait.
  [[nodiscard]] TimePoint due_at() const;
  // Moves the losses that are due by `now` into the ledger, and returns them. The caller logs them
  // and writes them to the file.
  std::vector<Loss> take_due(TimePoint now);

  // all(): everything in the ledger, for a new file. take_forgot(): true once after some losses
  // were forgotten; the file must then be written anew.
  [[nodiscard]] Kept all() const;
  [[nodiscard]] bool take_forgot();
  [[nodiscard]] LossReport report(const LossQuery& query) const;
  // Counts also losses that wait to be told.
  [[nodiscard]] LossSummary summary() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string, LossPlace, LossReason, LossWeight>;
  struct Waiting {
    Loss loss;
    TimePoint due_at{};
  };
  struct Pace {
    TimePoint told_at{};
    Duration pause{};
  };
  [[nodiscard]] TimePoint when_due(TimePoint now, const Key& key);
  void enter(Loss loss);
  void forget_oldest();
  void count(const Loss& loss, std::uint64_t entries);

  WallTime since_{};
  std::deque<Loss> losses_;
  std::uint64_t next_number_ = 1;
  std::uint64_t forgotten_ = 0;
  std::uint64_t forgotten_full_ = 0;
  std::uint64_t forgotten_bytes_ = 0;
  std::uint64_t full_ = 0;  // those in the ledger and those that wait
  std::uint64_t full_bytes_ = 0;
  bool forgot_ = false;
  std::map<Key, Waiting> waiting_;
  std::map<Key, Pace> paces_;
  std::map<std::tuple<std::string, std::string, LossReason>, LossCount> counts_;
};

// "loss 12: route r0 (group g, link dr): 5900000 bytes of 1 connection that the peer lacks, ..."
[[nodiscard]] std::string describe(const Loss& loss);

}  // namespace longthrow
