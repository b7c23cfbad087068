// SPDX-License-Identifier: Apache-2.0
// A pair with one group of two streams, whose programs write for ever.
#pragma once

#include "tests/sim/moments.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {

class GroupFixture : public PairFixture {
 protected:
  GroupFixture() { options.routes = {{.name = "r0", .group = "g"}, {.name = "r1", .group = "g"}}; }
  void write(std::size_t route, SourceOptions of) {
    of.ending = SourceEnding::hold;
    (void)source(of, route);
  }
  // Small and large pieces at different rates.
  void write_both() {
    write(0,
          {.bytes = kGiB, .rate_bytes_s = 700 * kKiB, .write_bytes_max = 3000, .pause_ratio = 0.1});
    write(1, {.bytes = kGiB, .rate_bytes_s = 300 * kKiB, .write_bytes_max = 40'000});
  }
  // "": the targets have what the sources had written at one moment.
  std::string no_moment() {
    std::vector<Arrived> streams;
    auto target = targets.begin();
    for (const SourceApp& app : sources) {
      streams.push_back({app.latest_channel(), target->received_bytes(*app.latest_channel())});
      ++target;
    }
    return no_common_moment(streams);
  }
};

}  // namespace longthrow::sim
