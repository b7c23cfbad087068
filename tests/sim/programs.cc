// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/programs.h"

#include <algorithm>

namespace longthrow::sim {

void Programs::start_targets() {
  const auto& routes = cluster_.options().routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].both_ways) continue;
    targets_.push_back(std::make_unique<TargetApp>(
        network_, ledger_,
        TargetOptions{.host = cluster_.inside(1 - routes[i].opens_on),
                      .port = target_port(i),
                      .rate_bytes_s = plan_.target_rate_bytes_s,
                      .stall_ratio = plan_.target_stall_ratio,
                      .stall_max = plan_.target_stall_max,
                      .answer_ratio = random_.chance(0.3) ? 1.0 : 0.05,
                      .reset_ratio = plan_.target_reset_ratio,
                      .hang_ratio = plan_.target_hang_ratio,
                      .early_half_close_ratio = plan_.target_early_half_close_ratio}));
  }
}

void Programs::start_sources(Endings endings) {
  const bool orderly = endings == Endings::orderly;
  const auto& routes = cluster_.options().routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].both_ways) continue;
    const std::uint64_t count = random_.between(std::uint64_t{1}, std::uint64_t{3});
    for (std::uint64_t n = 0; n < count; ++n) {
      SourceOptions options{
          .host = cluster_.inside(routes[i].opens_on),
          .target = network_.endpoint(cluster_.host(routes[i].opens_on), inside_port(i)),
          .first_number = next_number_};
      options.streams_max =
          calm_ ? 2 : static_cast<int>(random_.between(std::uint64_t{1}, std::uint64_t{12}));
      // Long enough to name itself to its target.
      options.bytes = random_.log_between(std::uint64_t{64}, std::uint64_t{8 * kMiB});
      if (random_.chance(0.3)) {
        options.rate_bytes_s =
            random_.log_between(std::uint64_t{4 * kKiB}, std::uint64_t{4 * kMiB});
      }
      if (random_.chance(0.3))
        options.write_bytes_max = random_.log_between(std::uint64_t{1}, std::uint64_t{4 * kKiB});
      if (options.write_bytes_max < 256)
        options.bytes = std::min<std::uint64_t>(options.bytes, 32 * kKiB);
      if (options.rate_bytes_s != 0)
        options.bytes = std::min(options.bytes, options.rate_bytes_s * 60);
      options.pause_ratio = random_.chance(0.3) ? 0.1 : 0;
      options.compressible = random_.chance(0.6);
      options.meta = routes[i].protocol == RouteProtocol::drbd && random_.chance(0.5);
      options.reads_while_writing = random_.chance(0.8);
      options.ending = orderly ? SourceEnding::half_close : sample_ending();
      next_number_ += 100;
      sources_.push_back(std::make_unique<SourceApp>(network_, ledger_, options));
    }
  }
}

void Programs::start_last_sources() {
  const auto& routes = cluster_.options().routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].both_ways) continue;
    SourceOptions options{
        .host = cluster_.inside(routes[i].opens_on),
        .target = network_.endpoint(cluster_.host(routes[i].opens_on), inside_port(i)),
        .first_number = next_number_};
    options.streams_max = 1;
    options.bytes = 16 * kKiB;
    options.ending = SourceEnding::half_close;
    next_number_ += 100;
    sources_.push_back(std::make_unique<SourceApp>(network_, ledger_, options));
  }
}

SourceEnding Programs::sample_ending() {
  switch (random_.below(6)) {
    case 0:
      return SourceEnding::close;
    case 1:
      return SourceEnding::reset;
    default:
      return SourceEnding::half_close;
  }
}

void Programs::calm() {
  calm_ = true;
  for (auto& source : sources_) source->stop();
  for (auto& target : targets_) {
    TargetOptions& options = target->options();
    options.rate_bytes_s = 0;
    options.stall_ratio = options.reset_ratio = options.early_half_close_ratio = 0;
    options.hang_ratio = 0;
    target->end_hung();
  }
}

bool Programs::finished() const {
  return std::ranges::all_of(sources_, [](const auto& source) { return source->finished(); });
}

}  // namespace longthrow::sim
