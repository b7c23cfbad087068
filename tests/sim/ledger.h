// SPDX-License-Identifier: Apache-2.0
// What every virtual program wrote and saw, and the judgement of guarantee G1 over it: exactly the
// bytes sent, in order, once; an end only after all of them and only if the writer ended; an abort
// never as a clean end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "longthrow/time.h"
#include "tests/sim/pattern.h"

namespace longthrow::sim {

// One direction of a channel. Bytes count what the writer's own kernel accepted, and what the
// reader's program read.
struct DirectionRecord {
  std::uint64_t written_bytes = 0;
  std::uint64_t given_bytes = 0;  // when it ended: what the node's kernel had acknowledged
  bool fin_sent = false;
  bool writer_reset = false;  // it closed by RST
  int writer_error = 0;       // its connection failed: < 0
  std::uint64_t read_bytes = 0;
  bool reader_seen = false;
  bool fin_seen = false;
  int reader_error = 0;                   // the abort that it saw: < 0
  bool reader_hung = false;               // it reads no more
  bool reader_gone = false;               // it closed or reset by its own will
  std::uint64_t reader_kernel_bytes = 0;  // what its kernel had, unread bytes included, when it did
  [[nodiscard]] bool writer_ended() const { return fin_sent || writer_reset || writer_error != 0; }
  [[nodiscard]] bool reader_ended() const { return fin_seen || reader_error != 0 || reader_gone; }
};

struct ChannelRecord {
  StreamId id = 0;
  TimePoint started_at{};
  DirectionRecord forward;  // source to target
  DirectionRecord back;
  // When the source's kernel had taken how much of it, after each write.
  struct Write {
    TimePoint at{};
    std::uint64_t total_bytes = 0;
  };
  std::vector<Write> writes;
  // The source half-closes and waits, so nothing that it does excuses a loss.
  bool orderly = false;
};

class Ledger {
 public:
  enum class Direction : std::uint8_t { forward, back };

  // A new stream at its source. The reference stays valid.
  ChannelRecord& open(StreamId id, TimePoint now);
  [[nodiscard]] ChannelRecord* find(StreamId id);
  [[nodiscard]] const std::map<StreamId, ChannelRecord>& channels() const { return channels_; }

  // G1 at any moment of a run, faults or not: what was violated so far; empty is good.
  [[nodiscard]] std::vector<std::string> check_fidelity() const;
  // Once faults have stopped and time has passed: what still hangs: a writer has ended and its
  // reader knows nothing of it.
  [[nodiscard]] std::vector<std::string> check_settled() const;
  // Orderly streams that began at or after `since` (the heal) and did not arrive whole with a clean
  // end. REQUIRES: no process death after `since`.
  [[nodiscard]] std::vector<std::string> check_complete(TimePoint since) const;
  // Streams that began at or after `since` and whose end, of whatever kind, came before all bytes
  // that the node's kernel had taken of them. REQUIRES: since then no session has ended, and no
  // target resets, or reads so slowly that abort_linger is not enough.
  [[nodiscard]] std::vector<std::string> check_given(TimePoint since) const;
  [[nodiscard]] std::uint64_t bytes_delivered() const;  // both directions

  void violate(std::string what);

 private:
  friend class StreamChecker;
  // Streams too short to name themselves: finds one that an anonymous reader may have read.
  [[nodiscard]] ChannelRecord* claim_tiny(ByteView bytes);
  void trade_tiny(ChannelRecord& source);
  [[nodiscard]] std::string whose_bytes(ByteView bytes) const;

  std::map<StreamId, ChannelRecord> channels_;
  std::vector<std::string> violations_;
};

// The reading end of one direction; checks as bytes come in.
class StreamChecker {
 public:
  // The target's end: the stream is known from its first bytes.
  explicit StreamChecker(Ledger& ledger) : ledger_(ledger) {}
  // The source's end, for the answers.
  StreamChecker(Ledger& ledger, ChannelRecord& channel);

  void on_bytes(ByteView bytes);
  // 0: a FIN was read; < 0: the connection failed.
  void on_end(int result);
  // nullptr until it is known, and for good if it cannot be.
  [[nodiscard]] ChannelRecord* channel() { return channel_; }
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }

 private:
  void identify();
  void verify(ByteView bytes);
  [[nodiscard]] DirectionRecord& record();

  Ledger& ledger_;
  Ledger::Direction direction_ = Ledger::Direction::forward;
  ChannelRecord* channel_ = nullptr;
  std::vector<std::byte> header_;
  std::uint64_t offset_ = 0;
  bool broken_ = false;  // said once
};

}  // namespace longthrow::sim
