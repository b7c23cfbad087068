// SPDX-License-Identifier: Apache-2.0
// What a program has written into several streams, record after record, each depending on the one
// before: enough of it to judge cuts. The program's thread writes the log, the cutter's reads it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/cuts/cut.h"

namespace longthrow {

enum class CutCheck : std::uint8_t {
  whole,      // has every record that one of its records depends on
  violated,   // has bytes of a record, and lacks some of an earlier one; or is ahead of the program
  unchecked,  // the log has forgotten these records: the cutter was kept waiting for too long
};

class ChainLog {
 public:
  static constexpr std::uint64_t kKept = 1 << 16;  // records of each stream

  ChainLog(std::size_t streams, std::uint64_t record_bytes);

  // The next record goes into this stream. Called before it is written.
  void plan(std::size_t stream);
  [[nodiscard]] std::uint64_t planned() const { return next_.load(std::memory_order_relaxed); }
  // `cut` has one offset for each stream, and the stream's index as its channel.
  [[nodiscard]] CutCheck check(const std::vector<ChannelOffset>& cut) const;

 private:
  struct Stream {
    std::unique_ptr<std::atomic<std::uint64_t>[]> numbers;  // of its last records, a ring
    std::atomic<std::uint64_t> records{0};                  // planned so far
  };
  // The number of a stream's record; false: forgotten.
  [[nodiscard]] static bool find(const Stream& stream, std::uint64_t record, std::uint64_t& number);

  const std::uint64_t record_bytes_;
  std::vector<Stream> streams_;
  std::atomic<std::uint64_t> next_{0};
};

}  // namespace longthrow
