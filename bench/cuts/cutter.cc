// SPDX-License-Identifier: Apache-2.0
#include "bench/cuts/cutter.h"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <optional>
#include <utility>

#include "proxy/cuts/source_prover.h"
#include "proxy/io/socket_diagnostics.h"

namespace longthrow {
namespace {

using Clock = std::chrono::steady_clock;
using Offsets = std::vector<ChannelOffset>;
using Attempt = std::function<std::optional<Offsets>()>;

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class SourceReader {
 public:
  SourceReader(const Chain& chain, std::vector<std::uint32_t> order)
      : sockets_(chain.sockets()), order_(std::move(order)) {}
  const std::vector<SourceReading>& read() {
    diagnostics_.read(sockets_, order_, readings_);
    return readings_;
  }

 private:
  SocketDiagnostics diagnostics_;
  std::vector<SourceSocket> sockets_;
  std::vector<std::uint32_t> order_;
  std::vector<SourceReading> readings_;
};

Attempt naive(const Chain& chain) {
  std::vector<std::uint32_t> once(chain.sockets().size());
  std::iota(once.begin(), once.end(), 0U);
  auto reader = std::make_shared<SourceReader>(chain, once);
  return [reader]() -> std::optional<Offsets> {
    Offsets cut;
    for (const SourceReading& reading : reader->read()) {
      if (!has_position(reading.state)) return std::nullopt;
      cut.push_back({reading.channel, reading.acknowledged + static_cast<std::uint64_t>(
                                                                 std::int64_t{reading.queued})});
    }
    return cut;
  };
}

Attempt observed(const Chain& chain) {
  auto last = std::make_shared<Offsets>();
  const std::size_t streams = chain.sockets().size();
  return [&chain, last, streams]() -> std::optional<Offsets> {
    Offsets look;
    for (std::size_t i = 0; i < streams; ++i) look.push_back({i, chain.received(i)});
    const bool agrees = std::exchange(*last, look) == look;
    return agrees ? std::optional(look) : std::nullopt;
  };
}

Attempt source(const Chain& chain) {
  const std::size_t streams = chain.sockets().size();
  auto reader = std::make_shared<SourceReader>(chain, sweep_order(streams));
  auto prover = std::make_shared<SourceProver>();
  for (std::size_t i = 0; i < streams; ++i) prover->add(i);
  return [reader, prover]() -> std::optional<Offsets> {
    auto verdict = prover->judge(reader->read());
    return verdict ? std::optional(std::move(*verdict)) : std::nullopt;
  };
}

Attempt attempt_of(Method method, const Chain& chain) {
  switch (method) {
    case Method::naive:
      return naive(chain);
    case Method::observed:
      return observed(chain);
    case Method::source:
      break;
  }
  return source(chain);
}

void judge(const Chain& chain, const Offsets& cut, CutTally& tally) {
  ++tally.cuts;
  switch (chain.log().check(cut)) {
    case CutCheck::whole:
      return;
    case CutCheck::violated:
      ++tally.violated;
      return;
    case CutCheck::unchecked:
      ++tally.unchecked;
      return;
  }
}

}  // namespace

CutTally take_cuts(const Chain& chain, Method method, const CutLimits& limits,
                   const Progress& progress) {
  const Attempt attempt = attempt_of(method, chain);
  CutTally tally;
  Offsets last;
  const std::uint64_t records = chain.log().planned();
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  auto proven_at = begin;
  auto told_at = begin;
  for (auto now = begin; now - begin < limits.time; now = Clock::now()) {
    if (limits.cuts > 0 && tally.cuts >= limits.cuts) break;
    ++tally.attempts;
    if (auto cut = attempt()) {
      ++tally.proven;
      if (*cut != last) judge(chain, *cut, tally);
      last = std::move(*cut);
      const auto at = Clock::now();
      tally.longest_wait_s =
          std::max(tally.longest_wait_s, seconds(at - std::exchange(proven_at, at)));
    }
    tally.seconds = seconds(now - begin);
    if (now - told_at > std::chrono::milliseconds(500)) {
      told_at = now;
      progress(tally);
    }
  }
  tally.seconds = seconds(Clock::now() - begin);
  tally.longest_wait_s = std::max(tally.longest_wait_s, seconds(Clock::now() - proven_at));
  tally.cpu_s = cpu_seconds() - cpu;
  tally.records = chain.log().planned() - records;
  return tally;
}

}  // namespace longthrow
