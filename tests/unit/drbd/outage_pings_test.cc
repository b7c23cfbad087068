// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/outage_pings.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/drbd/packets.h"

namespace longthrow::drbd {
namespace {

using test::Bytes;
using test::operator+;
using test::packet100;
using test::packet80;

// A meta stream, and what its local DRBD gets.
class MetaStream : public ::testing::Test {
 protected:
  MetaStream() { watch_.on_outgoing(packet80(Command::initial_meta)); }
  void ping() { watch_.on_outgoing(packet100(Command::ping, kNoVolume, 0)); }
  void answer() {
    const ByteView bytes = pings_.answer(watch_);
    got_.insert(got_.end(), bytes.begin(), bytes.end());
  }
  // The peer's bytes arrive, in pieces of so many bytes; what cannot be judged yet waits.
  void arrive(const Bytes& bytes, std::size_t piece_bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
      const auto end = std::min(bytes.size(), at + piece_bytes);
      waiting_.insert(waiting_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                      bytes.begin() + static_cast<std::ptrdiff_t>(end));
      hand_over();
    }
  }
  void hand_over() {
    while (!waiting_.empty()) {
      const std::array<ByteView, 1> pieces{ByteView(waiting_)};
      OutagePings::Step step{.write_bytes = waiting_.size()};
      if (pings_.owed() > 0) step = pings_.next(pieces, watch_);
      const std::size_t taken = step.write_bytes > 0 ? step.write_bytes : step.skip_bytes;
      if (taken == 0) return;
      const ByteView bytes = pieces[0].first(taken);
      watch_.on_incoming(bytes);
      if (step.write_bytes > 0) {
        got_.insert(got_.end(), bytes.begin(), bytes.end());
      } else {
        pings_.on_skipped();
      }
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
  }

  StreamWatch watch_{Opener::here};
  OutagePings pings_;
  Bytes waiting_;
  Bytes got_;
};

const Bytes kAnswer = packet100(Command::ping_ack, kNoVolume, 0);
Bytes barrier_ack(std::uint32_t handle) { return packet100(Command::barrier_ack, 0, 8, handle); }

TEST_F(MetaStream, APingIsOutstandingUntilItIsAnswered) {
  EXPECT_EQ(pings_.outstanding(watch_), 0U);
  ping();
  EXPECT_EQ(pings_.outstanding(watch_), 1U);
  arrive(kAnswer, 16);
  EXPECT_EQ(pings_.outstanding(watch_), 0U);
}

TEST_F(MetaStream, AnAnswerHasTheFormOfThePing) {
  watch_.on_outgoing(packet80(Command::ping));
  answer();
  EXPECT_EQ(got_, packet80(Command::ping_ack));
  got_.clear();
  ping();
  answer();
  EXPECT_EQ(got_, kAnswer);
}

TEST_F(MetaStream, ThePeersLateAnswersAreLeftOutAndNothingElse) {
  for (const std::size_t piece_bytes : {1U, 3U, 7U, 16U, 24U, 40U, 1000U}) {
    got_.clear();
    for (int i = 0; i < 3; ++i) {
      ping();
      answer();
    }
    EXPECT_EQ(pings_.outstanding(watch_), 0U);
    ping();  // after the outage: its answer is the peer's own
    const Bytes peer = barrier_ack(1) + kAnswer + kAnswer + barrier_ack(2) +
                       packet100(Command::state, 0, 64) + kAnswer + kAnswer + barrier_ack(3);
    arrive(peer, piece_bytes);
    EXPECT_EQ(got_, kAnswer + kAnswer + kAnswer + barrier_ack(1) + barrier_ack(2) +
                        packet100(Command::state, 0, 64) + kAnswer + barrier_ack(3))
        << "in pieces of " << piece_bytes;
    EXPECT_EQ(pings_.owed(), 0U);
    EXPECT_EQ(pings_.outstanding(watch_), 0U);
    EXPECT_TRUE(waiting_.empty());
  }
}

TEST_F(MetaStream, APayloadThatLooksLikeAnAnswerIsNone) {
  ping();
  answer();
  got_.clear();
  Bytes disguised = packet100(Command::state, 0, 0);
  disguised[11] = std::byte{16};  // payload of 16 bytes
  disguised = disguised + kAnswer;
  arrive(disguised + kAnswer, 5);
  EXPECT_EQ(got_, disguised);
}

TEST_F(MetaStream, WhatIsNoDrbdPassesWhole) {
  ping();
  answer();
  got_.clear();
  const Bytes foreign(100, std::byte{0x16});
  arrive(foreign, 30);
  EXPECT_EQ(got_, foreign);
}

}  // namespace
}  // namespace longthrow::drbd
