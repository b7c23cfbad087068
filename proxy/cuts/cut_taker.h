// SPDX-License-Identifier: Apache-2.0
// When a group takes a cut, and how: the clock of its epochs. Pure; all offsets are of one
// direction of its channels.
//
// The owner calls `poll` whenever `next_timeout` has come or an event was given, and does what it
// says; each answer may be a cut. While data flows there is a cut every `interval`. An attempt
// reads the sources (SourceProver), again and again with pauses, until a cut is proven. If a source
// can never be read, the group's cuts are observed ones: two successive looks at what was received
// that agree. When neither has come `deadline` after the cut was due, the epoch is closed unproven,
// at what was received.
//
// A group of one channel needs no cuts, and no taker.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "longthrow/time.h"
#include "proxy/cuts/cut.h"
#include "proxy/cuts/source_prover.h"

namespace longthrow {

struct CutRhythm {
  Duration interval = std::chrono::milliseconds(50);
  Duration deadline = std::chrono::seconds(2);
};

struct CutCounts {
  std::uint64_t source = 0, freeze = 0, observed = 0, unproven = 0;
};

// What the owner does next.
enum class CutStep : std::uint8_t {
  wait,          // for next_timeout(), or an event
  ask_sources,   // start a collect of all sources that have not ended, answer with `on_sources`
  ask_received,  // answer with `on_received`, now
  give_up,       // answer with `on_given_up`, now
};

class CutTaker {
 public:
  // The pause between two attempts doubles from the first to the last, and is at least kPauseTimes
  // what the collect took: collects cost a bounded share of a CPU.
  static constexpr Duration kPauseFirst = std::chrono::milliseconds(1);
  static constexpr Duration kPauseLast = std::chrono::milliseconds(16);
  static constexpr int kPauseTimes = 4;

  explicit CutTaker(const CutRhythm& rhythm) : rhythm_(rhythm) {}
  void set_rhythm(const CutRhythm& rhythm) { rhythm_ = rhythm; }

  // Members. A change makes a collect that is under way void. A new member's first offset is where
  // cuts begin to count it: it is in every cut from now on, at that offset or after it.
  void add(std::uint64_t channel, std::uint64_t offset = 0);
  void end(std::uint64_t channel, std::uint64_t offset);  // the source ended in order, there
  void remove(std::uint64_t channel);

  // Bytes of a member were received. Cheap: called for every read.
  void on_bytes(TimePoint now);

  [[nodiscard]] CutStep poll(TimePoint now);
  // The `ask_sources` of `poll` was begun; until `on_sources` nothing but `give_up` is asked.
  void on_asked();
  struct Collected {
    std::span<const SourceReading> readings;
    TimePoint began{};
    TimePoint ended{};
  };
  // The collect has completed. Empty readings: it has failed.
  [[nodiscard]] std::optional<Cut> on_sources(TimePoint now, const Collected& collected);
  // What was received of each channel, read or still unread in its leg. A channel that is left out
  // counts as it was in the last cut.
  using Offsets = std::vector<ChannelOffset>;
  [[nodiscard]] std::optional<Cut> on_received(TimePoint now, const Offsets& received);
  [[nodiscard]] std::optional<Cut> on_given_up(TimePoint now, const Offsets& received);
  // All sources are stopped, and all that they have written is here: a cut at any time.
  [[nodiscard]] Cut on_frozen(TimePoint now, const Offsets& received);

  // kNever: nothing is to be done until an event.
  [[nodiscard]] TimePoint next_timeout() const;

  [[nodiscard]] const CutCounts& counts() const { return counts_; }
  // Why the last attempt gave no proof; nothing: it gave one, or there was none yet.
  [[nodiscard]] const std::optional<NotProven>& obstacle() const { return obstacle_; }

 private:
  enum class Collecting : std::uint8_t { no, valid, stale };
  enum class Method : std::uint8_t { source, observed };
  struct Look {
    TimePoint at{};
    Offsets offsets;
  };

  void note_change();
  void pause(TimePoint now, Duration took);
  [[nodiscard]] Offsets at_least_last(const Offsets& received) const;
  // Nothing: it is where the last cut was.
  [[nodiscard]] std::optional<Cut> take(TimePoint now, Cut cut);
  void begin_epoch(TimePoint now, const Cut& cut);

  CutRhythm rhythm_;
  SourceProver prover_;
  std::map<std::uint64_t, std::uint64_t> last_;  // by channel: its offset in the last cut
  TimePoint last_at_ = TimePoint::min();         // of the last cut
  std::optional<TimePoint> due_;                 // data flows: when the next cut is due
  bool more_ = false;                            // data has come since the sources were asked
  TimePoint again_at_{};                         // the next attempt
  Duration pause_ = kPauseFirst;
  Collecting collecting_ = Collecting::no;
  Method method_ = Method::source;
  std::optional<Look> look_;  // the look before, of observed cuts
  CutCounts counts_;
  std::optional<NotProven> obstacle_;
};

}  // namespace longthrow
