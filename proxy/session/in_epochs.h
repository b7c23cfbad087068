// SPDX-License-Identifier: Apache-2.0
// The epochs of one group, as the receiver of its frames knows them: cuts whose bytes are not all
// here, and the last one that is whole. A cut may be a checkpoint: then nothing behind it is
// released before the owner lifts it. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/session/in_checkpoint.h"
#include "proxy/wire/group_records.h"

namespace longthrow {

class InEpochs {
 public:
  // An honest peer has fewer cuts under way, and a cut has fewer entries than kCutEntriesMax.
  static constexpr std::size_t kCutsMax = 1024;
  static constexpr std::size_t kEntriesMax = 64 * 1024;

  // Takes a cut. One that is known already is ignored: cuts are said again after a reconnect. If
  // one is missing, two epochs are joined.
  [[nodiscard]] Result<void> add(wire::Cut cut) {
    if (cut.epoch <= known_epoch_) {
      note_reached(Mark::cut_came_twice);
      return {};
    }
    entries_ += cut.entries.size();
    if (cuts_.size() >= kCutsMax || entries_ > kEntriesMax) return breach("too many cuts");
    if (next_ && next_->epoch != cut.epoch) return breach("a checkpoint without its cut");
    known_epoch_ = cut.epoch;
    if (next_) {
      checkpoint_ = {.mark = *std::exchange(next_, std::nullopt),
                     .proof = cut.proof,
                     .entries = cut.entries,
                     .to_take = cut.entries};
    }
    cuts_.push_back(std::move(cut));
    if (cuts_.size() == 1) missing_ = cuts_.front().entries;
    return {};
  }
  // The next cut is a checkpoint. An honest peer has one at a time.
  [[nodiscard]] Result<void> announce(wire::Checkpoint mark) {
    if (mark.epoch <= known_epoch_) return {};
    const bool again = next_ && next_->epoch == mark.epoch;
    if (checkpoint_ || (next_ && !again)) return breach("a checkpoint before the last one is over");
    next_ = std::move(mark);
    return {};
  }
  // Looks which cuts are whole now. `is_here(entry)`: the channel's bytes below the offset are
  // here, or will never come. Calls `release(entry)` for each entry of each whole cut.
  template <typename IsHere, typename Release>
  void advance(IsHere is_here, Release release) {
    while (!cuts_.empty()) {
      std::erase_if(missing_, is_here);
      if (!missing_.empty() && !planted(Plant::partial_epoch_released)) return;
      const wire::Cut& cut = cuts_.front();
      const bool stopped = stopped_at_checkpoint() && !planted(Plant::checkpoint_passed);
      for (const wire::CutEntry& entry : cut.entries) {
        if (!stopped) {
          release(entry);
          continue;
        }
        std::uint64_t& offset = behind_[entry.channel];
        offset = std::max(offset, entry.offset);
      }
      whole_ = {
          .epoch = cut.epoch, .proof = cut.proof, .wall_ns = std::max(whole_.wall_ns, cut.wall_ns)};
      entries_ -= cut.entries.size();
      cuts_.pop_front();
      missing_ = cuts_.empty() ? std::vector<wire::CutEntry>{} : cuts_.front().entries;
    }
  }
  // The last epoch of which all is here.
  struct Whole {
    std::uint64_t epoch = 0;  // 0: none yet
    Proof proof = Proof::none;
    std::int64_t wall_ns = 0;  // all that the sources had given by then is in it
    // Bytes that wait for no cut have come since. The copy is still of one moment if they are of
    // the only stream that goes on.
    bool followed = false;
  };
  void note_free_bytes() { whole_.followed = true; }
  [[nodiscard]] const Whole& whole() const { return whole_; }

  // The checkpoint that is known and not lifted.
  [[nodiscard]] const std::optional<InCheckpoint>& checkpoint() const { return checkpoint_; }
  // Whether all before it is here: it stops what comes behind it.
  [[nodiscard]] bool stopped_at_checkpoint() const {
    return checkpoint_ && whole_.epoch >= checkpoint_->mark.epoch;
  }
  void note_delivered(std::uint64_t channel, std::uint64_t offset) {
    if (checkpoint_) checkpoint_->note_delivered(channel, offset);
  }
  // The checkpoint is over. Calls `release(entry)` for what it has stopped.
  template <typename Release>
  void lift(Release release) {
    checkpoint_.reset();
    for (const auto& [channel, offset] : std::exchange(behind_, {}))
      release(wire::CutEntry{channel, offset});
  }

 private:
  std::deque<wire::Cut> cuts_;
  std::vector<wire::CutEntry> missing_;  // of the first
  std::size_t entries_ = 0;              // of all
  std::uint64_t known_epoch_ = 0;
  Whole whole_;
  std::optional<wire::Checkpoint> next_;  // of a cut that has not come yet
  std::optional<InCheckpoint> checkpoint_;
  std::map<std::uint64_t, std::uint64_t> behind_;  // by channel: whole, and stopped by it
};

}  // namespace longthrow
