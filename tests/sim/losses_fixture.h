// SPDX-License-Identifier: Apache-2.0
// Verbs for tests of what the ledger of losses says, over a pair of nodes.
#pragma once

#include <filesystem>

#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {

class PairLosses : public PairFixture {
 protected:
  PairLosses() {
    for (const char* node : {"/alpha", "/beta"})
      std::filesystem::create_directories(options.state_dir + node);
    options.session_timeout = std::chrono::seconds(60);
  }
  LossReport ledger_of(int side) {
    return command(side, Losses{.minor = true})->back().losses.value_or(LossReport{});
  }
  // The ledger's entries for a reason, as one.
  Loss sum(int side, LossReason reason, LossPlace place) {
    Loss all{.bytes = 0};
    for (const Loss& loss : ledger_of(side).losses) {
      if (loss.reason != reason || loss.place != place) continue;
      EXPECT_EQ(loss.link + " " + loss.group + " " + loss.route, "wan g r0");
      *all.bytes += loss.bytes.value_or(0);
      all.perhaps_delivered_bytes += loss.perhaps_delivered_bytes;
      all.channels += loss.channels;
      all.oldest_s = loss.oldest_s;
    }
    return all;
  }
  // A source that goes on writing, and its target has what it wrote so far.
  void write_for_long(std::uint64_t rate_bytes_s = 64 * kKiB) {
    app = &source({.bytes = 64 * kMiB, .rate_bytes_s = rate_bytes_s, .ending = SourceEnding::hold});
    run(std::chrono::seconds(5));
    ASSERT_NE(app->channel(), nullptr);
    stream = app->channel();
  }
  // Until `done`; keeps what the source's kernel had acknowledged to the last.
  bool follow(const std::function<bool()>& done) {
    return wait([&] {
      if (app->channel() == stream) given = app->acknowledged_bytes();
      return done();
    });
  }
  void wait_for_end() {
    ASSERT_TRUE(follow([this] { return app->channel() != stream; }));
    ASSERT_TRUE(wait([this] { return stream->forward.reader_ended(); }));
    run(std::chrono::seconds(2));
  }
  [[nodiscard]] std::uint64_t lacking() const { return given - stream->forward.read_bytes; }
  // What was sent and never answered may be there.
  void expect_lacking(const Loss& loss) const {
    EXPECT_LE(lacking(), *loss.bytes);
    EXPECT_GE(lacking(), *loss.bytes - loss.perhaps_delivered_bytes);
  }

  // Of a drain that begins after the loss, by its bytes.
  void expect_told_by_a_later_drain(std::uint64_t lost_bytes) {
    const auto late = command(0, Drain{.group = "g", .timeout = std::chrono::seconds(1)});
    ASSERT_TRUE(wait([&] { return answered(*late); }));
    EXPECT_FALSE(late->back().ok);
    EXPECT_NE(late->back().message.find(format("{} bytes", lost_bytes)), std::string::npos)
        << late->back().message << "; lost: " << lost_bytes;
  }

  SourceApp* app = nullptr;
  const ChannelRecord* stream = nullptr;
  std::uint64_t given = 0;
};

}  // namespace longthrow::sim
