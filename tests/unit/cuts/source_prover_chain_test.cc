// SPDX-License-Identifier: Apache-2.0
// A kernel with torn readings and a program whose every record depends on the one before: what the
// prover calls a cut never has a record without the one that it depends on.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <utility>

#include "proxy/cuts/source_prover.h"

namespace longthrow {
namespace {

struct Record {
  std::size_t stream = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

enum class Link : std::uint8_t { acknowledges, holds_back };

struct Stream {
  std::uint64_t written = 0;       // write_seq
  std::uint64_t acknowledged = 0;  // snd_una, bytes_acked
  Link link = Link::acknowledges;
  enum class End : std::uint8_t { open, closes, closed } end = End::open;
  [[nodiscard]] std::uint64_t bytes() const { return written - (end == End::closed ? 1 : 0); }
};

// The program writes records into random streams, each after the one before was written; things
// happen between any two steps of a reading.
class World {
 public:
  World(unsigned seed, std::size_t streams) : random_(seed), streams_(streams) {
    busy_percent_ = static_cast<int>(draw(100));
    for (Stream& stream : streams_) {
      stream.link = draw(4) == 0 ? Link::holds_back : Link::acknowledges;
    }
  }

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

  SourceReading read(std::size_t i) {
    Stream& stream = streams_[i];
    SourceReading reading{.channel = i, .state = SourceState::open};
    things_happen();
    const bool una_first = draw(2) == 0;
    std::uint64_t una = stream.acknowledged;
    if (una_first) things_happen();
    const std::uint64_t written = stream.written;
    if (!una_first) {
      things_happen();
      una = stream.acknowledged;
    }
    reading.queued = static_cast<std::int32_t>(written - una);
    things_happen();
    if (stream.end != Stream::End::open) reading.state = SourceState::closing;
    things_happen();
    finish_close(stream);  // the lock is taken when the program has given it up
    reading.acknowledged = stream.acknowledged;
    return reading;
  }

  // The first record of which `cut` lacks something, if it has something of a later one.
  [[nodiscard]] bool violated(const std::vector<ChannelOffset>& cut) const {
    std::size_t first_lacking = records_.size();
    std::size_t last_touched = 0;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const Record& record = records_[i];
      const std::uint64_t offset = cut[record.stream].offset;
      if (offset < record.end) first_lacking = std::min(first_lacking, i);
      if (offset > record.begin) last_touched = i;
    }
    return first_lacking < last_touched;
  }
  // No stream is cut behind what was ever written of it.
  [[nodiscard]] bool possible(const std::vector<ChannelOffset>& cut) const {
    return std::ranges::all_of(cut, [&](const ChannelOffset& entry) {
      return entry.offset <= streams_[entry.channel].bytes();
    });
  }

 private:
  void things_happen() {
    while (static_cast<int>(draw(100)) < busy_percent_) step();
  }
  void step() {
    Stream& stream = streams_[draw(streams_.size())];
    switch (draw(5)) {
      case 0:
      case 1:
        return write();
      case 2:
      case 3:
        if (stream.link == Link::acknowledges) {
          stream.acknowledged += draw(stream.written - stream.acknowledged + 1);
        }
        return;
      default:
        if (draw(400) == 0 && stream.end == Stream::End::open) stream.end = Stream::End::closes;
        if (draw(3) == 0) finish_close(stream);
    }
  }
  // One step of the write of the present record; the next record begins when it is whole.
  void write() {
    if (records_.empty() || streams_[records_.back().stream].bytes() == records_.back().end) {
      const std::size_t to = draw(streams_.size());
      if (streams_[to].end != Stream::End::open) return;
      const std::uint64_t begin = streams_[to].written;
      records_.push_back({to, begin, begin + 1 + draw(9)});
    }
    Stream& stream = streams_[records_.back().stream];
    if (stream.end != Stream::End::open) return;  // the program has died in the middle of a record
    stream.written += 1 + draw(records_.back().end - stream.written);
  }
  static void finish_close(Stream& stream) {
    if (stream.end != Stream::End::closes) return;
    stream.end = Stream::End::closed;
    ++stream.written;  // the FIN
  }

  std::mt19937_64 random_;
  std::vector<Stream> streams_;
  int busy_percent_ = 0;
  std::vector<Record> records_;
};

std::vector<std::size_t> orders(World& world) {
  std::vector<std::size_t> order;
  const std::size_t rounds = 1 + world.draw(3);
  const std::size_t times = 1 + world.draw(2);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < world.streams(); ++i) order.insert(order.end(), times, i);
  }
  return order;
}

// Calls `judge` with readings of many worlds, and counts the cuts that it gives and those of them
// that are wrong.
struct Tally {
  int cuts = 0;
  int violated = 0;
};
using Judge = std::function<SourceProver::Verdict(const std::vector<SourceReading>&)>;
Tally run(const std::function<Judge(std::size_t)>& make_judge) {
  Tally tally;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    World world(seed, 2 + seed % 5);
    const Judge judge = make_judge(world.streams());
    for (int collect = 0; collect < 30; ++collect) {
      std::vector<SourceReading> readings;
      for (const std::size_t i : orders(world)) readings.push_back(world.read(i));
      const auto verdict = judge(readings);
      if (!verdict) continue;
      ++tally.cuts;
      if (world.violated(*verdict) || !world.possible(*verdict)) ++tally.violated;
    }
  }
  return tally;
}

TEST(SourceProverChain, NoCutLacksWhatItsRecordsDependOn) {
  const Tally tally = run([](std::size_t streams) {
    auto prover = std::make_shared<SourceProver>();
    for (std::size_t i = 0; i < streams; ++i) prover->add(i);
    return [prover](const auto& readings) { return prover->judge(readings); };
  });
  EXPECT_EQ(tally.violated, 0);
  EXPECT_GT(tally.cuts, 2000);
}

// The same worlds find what is wrong with two sums that agree.
TEST(SourceProverChain, SumsThatAgreeAreNoProof) {
  const Tally tally = run([](std::size_t streams) {
    auto last = std::make_shared<std::vector<std::uint64_t>>(streams, 0);
    return [last](const auto& readings) -> SourceProver::Verdict {
      std::vector<std::uint64_t> sums(last->size(), 0);
      for (const SourceReading& reading : readings) {
        sums[reading.channel] = reading.acknowledged + static_cast<std::uint64_t>(reading.queued);
      }
      const bool agree = sums == std::exchange(*last, sums);
      if (!agree) return std::unexpected(NotProven{});
      std::vector<ChannelOffset> cut;
      for (std::size_t i = 0; i < sums.size(); ++i) cut.push_back({i, sums[i]});
      return cut;
    };
  });
  EXPECT_GT(tally.cuts, 100);
  EXPECT_GT(tally.violated, 0);
}

}  // namespace
}  // namespace longthrow
