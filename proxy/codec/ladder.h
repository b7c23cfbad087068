// SPDX-License-Identifier: Apache-2.0
// `compression = "auto"`: chooses the codec for the next frame, one ladder per link. Pure.
//
// Of every rung it estimates the speed s (raw bytes per second of one worker) and the ratio r
// (compressed / raw); a rung moves goodput = min(workers * s, link rate / r). The choice depends on
// what limits now. If the link does (a backlog waits for it): the best goodput, then the best
// ratio. If the workers do (all are busy): the best goodput, then the fastest rung; while a backlog
// waits too, a burst is taken in, and 92 % of the best goodput is enough. If neither does: the best
// ratio of the rungs that keep up with the input in 60 % of the workers' time.
//
// Estimates start from measured ones for text. Every frame of the rung in use moves the estimates
// of all rungs alike (the data or the machine has changed). Now and then a single probe frame of
// another rung moves the estimate of that rung alone (the relation between rungs has changed).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "longthrow/codec.h"
#include "longthrow/time.h"

namespace longthrow {

// What was seen in one interval (about 250 ms).
struct LadderLoad {
  Duration interval{0};                  // since the call before; > 0
  std::uint64_t raw_in_bytes = 0;        // taken from the legs in the interval
  std::uint64_t raw_waiting_bytes = 0;   // read and not yet given to a worker, now
  double busy = 0.0;                     // share of the workers' time spent in codecs, 0..1
  std::uint64_t wire_backlog_bytes = 0;  // compressed and not yet written to a lane, now
  std::uint64_t wire_out_bytes = 0;      // frames' bytes that the link took; 0 while it is down
  int workers = 1;                       // threads that compress; 1 when it is done inline
};

// Not thread-safe. It belongs to the link's thread.
class Ladder {
 public:
  static constexpr std::size_t kRungs = 7;
  static constexpr std::array<CodecSpec, kRungs> kSpecs = {{{CodecId::none, 0},
                                                            {CodecId::lz4, 0},
                                                            {CodecId::zstd, -3},
                                                            {CodecId::zstd, -1},
                                                            {CodecId::zstd, 1},
                                                            {CodecId::zstd, 3},
                                                            {CodecId::zstd, 6}}};
  Ladder();

  // A frame that was given to `spec` is done. `out_bytes` is what goes on the wire (raw_bytes when
  // it was stored after a try). Other specs than kSpecs, and tiny frames, teach nothing. Frames
  // that the guard would store untried go to on_bypass instead, whatever the rung.
  void on_frame(CodecSpec spec, std::size_t raw_bytes, std::size_t out_bytes, Duration cpu_time);
  // A frame was stored without a try.
  void on_bypass(std::size_t raw_bytes);
  void on_interval(TimePoint now, const LadderLoad& load);

  // For the next frame; now and then another rung than current(), to measure it.
  [[nodiscard]] CodecSpec choose();
  [[nodiscard]] CodecSpec current() const { return kSpecs[current_]; }
  enum class Limit : std::uint8_t { none, workers, link };
  [[nodiscard]] Limit limit() const { return limit_; }

 private:
  struct Rung {
    double speed = 0.0;  // raw bytes per second and worker
    double ratio = 1.0;  // compressed / raw
  };
  // What a rung would do for all frames, including those that are stored untried; bytes per second.
  struct Candidate {
    double wire_ratio = 1.0;
    double capacity = 0.0;  // of the workers
    double wire = 0.0;      // raw bytes that the link would carry
    double goodput = 0.0;   // the smaller of both
  };
  using Candidates = std::array<Candidate, kRungs>;

  void learn_for_all(std::size_t rung, double speed, double ratio, double weight);
  void learn_link(const LadderLoad& load, double out_bytes_s);
  void measure_link(double out_bytes_s);
  void hope_for_more(Duration interval, double out_bytes_s);
  [[nodiscard]] Candidates estimate(int workers) const;
  [[nodiscard]] std::size_t target(const Candidates& candidates) const;
  [[nodiscard]] bool worth_switching(const Candidates& candidates, std::size_t to) const;
  void consider(TimePoint now, const Candidates& candidates, std::size_t to);
  void switch_to(TimePoint now, std::size_t to);
  void plan_probe();

  std::array<Rung, kRungs> rungs_;
  std::size_t current_ = 4;
  std::size_t previous_ = kRungs;  // the rung before the last switch
  Limit limit_ = Limit::none;
  double input_bytes_s_ = 0.0;
  double sure_bytes_s_ = 0.0;  // the link's rate as last seen with a backlog; 0: never
  double link_bytes_s_ = 0.0;  // the link's rate as assumed now; 0: not known
  Duration hope_wait_{0};      // how long to wait before believing in more than was seen
  Duration waited_{0};
  bool hoping_ = true;     // link_bytes_s_ is more than was seen
  bool refuted_ = false;   // that proved wrong, and the rung chosen for it is still in use
  double bypassed_ = 0.0;  // share of raw bytes that are stored untried
  bool backlogged_ = false;
  TimePoint switched_{};
  Duration dwell_{0};
  int wanted_intervals_ = 0;  // in a row in which a switch seemed worth it
  std::uint32_t frames_since_probe_ = 0;
  std::size_t probe_ = kRungs;  // kRungs: none planned
  std::uint32_t probe_turn_ = 0;
};

}  // namespace longthrow
