// SPDX-License-Identifier: Apache-2.0
// Early recognition of data that does not compress (encrypted, compressed already), one per
// channel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "longthrow/bytes.h"

namespace longthrow {

// Says whether a sample of 4 KiB, in 16 pieces spread over `raw`, has the byte histogram of random
// bytes. Costs about 6 us. Data of which a sixteenth is plain is not random; long repeats of random
// bytes are not seen. Less than 256 bytes never look random.
[[nodiscard]] bool looks_random(ByteView raw);

// After a failed try the guard lets frames that look random pass untried: one at first, twice as
// many after each further failure, at most kSkipFramesMax. Then it tries one frame whatever that
// looks like, which finds repeats that a histogram cannot show. It always tries a frame that does
// not look random, and one success resets the count. Deterministic. Not thread-safe: it belongs to
// the channel's thread.
class IncompressibleGuard {
 public:
  static constexpr std::uint32_t kSkipFramesMax = 64;

  // Whether to compress `raw` or to store it at once. Call once per frame, in order.
  [[nodiscard]] bool worth_trying(ByteView raw);
  // The result of a try: `out_bytes` 0, or not at least 1/32 less than `raw_bytes`, is a failure.
  // Results may come late and in any order.
  void on_result(std::size_t raw_bytes, std::size_t out_bytes);
  // Whether untried frames pass at present (for status).
  [[nodiscard]] bool skipping() const { return skip_frames_ > 0; }

 private:
  // INVARIANT: skips_left_ <= skip_frames_ <= kSkipFramesMax.
  std::uint32_t skip_frames_ = 0;  // 0: the last try was a success
  std::uint32_t skips_left_ = 0;
};

}  // namespace longthrow
