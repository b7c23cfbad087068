// SPDX-License-Identifier: Apache-2.0
#include "proxy/codec/incompressible.h"

#include <algorithm>
#include <array>

#include "proxy/base/marks.h"

namespace longthrow {
namespace {

constexpr std::size_t kPieces = 16;
constexpr std::size_t kPieceBytes = 256;

}  // namespace

bool looks_random(ByteView raw) {
  if (raw.size() < kPieceBytes) return false;
  // Four histograms in turn: one would make runs of one byte wait for their own last store.
  std::array<std::array<std::uint16_t, 256>, 4> counts{};
  std::size_t sampled = 0;
  const std::size_t pieces = std::min(kPieces, raw.size() / kPieceBytes);
  const std::size_t last_begin = raw.size() - kPieceBytes;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t begin = pieces == 1 ? 0 : last_begin * i / (pieces - 1);
    const ByteView piece = raw.subspan(begin, kPieceBytes);
    for (std::size_t j = 0; j < kPieceBytes; ++j) ++counts[j % 4][std::to_integer<int>(piece[j])];
    sampled += kPieceBytes;
  }
  std::uint64_t squares = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::uint64_t count =
        std::uint64_t{counts[0][byte]} + counts[1][byte] + counts[2][byte] + counts[3][byte];
    squares += count * count;
  }
  // Of n random bytes the sum is n + n^2/256 - n/256 on average, with a deviation of n/256 * 22.6:
  // the bound is 4 deviations up, and 10 %, at which an entropy coder could not yet save 3 %.
  const std::uint64_t n = sampled;
  return squares * 2560 < n * 2560 + 11 * n * n + n * 900;
}

bool IncompressibleGuard::worth_trying(ByteView raw) {
  if (skips_left_ == 0 || !looks_random(raw)) return true;
  note_reached(Mark::random_left_raw);
  --skips_left_;
  return false;
}

void IncompressibleGuard::on_result(std::size_t raw_bytes, std::size_t out_bytes) {
  const bool success = out_bytes != 0 && out_bytes <= raw_bytes - raw_bytes / 32;
  if (success) {
    skip_frames_ = skips_left_ = 0;
  } else if (skips_left_ == 0) {  // else: a late result of a frame tried before the last failure
    skip_frames_ = std::clamp<std::uint32_t>(skip_frames_ * 2, 1, kSkipFramesMax);
    skips_left_ = skip_frames_;
  }
}

}  // namespace longthrow
