// SPDX-License-Identifier: Apache-2.0
// Chooses the codec of each frame of a link.
#pragma once

#include "proxy/codec/incompressible.h"
#include "proxy/codec/ladder.h"

namespace longthrow {

// The `compression` setting at work. Changing it affects new frames only.
class Compression {
 public:
  explicit Compression(CompressionSetting setting) : setting_(setting) {}

  void set(CompressionSetting setting) { setting_ = setting; }
  [[nodiscard]] const CompressionSetting& setting() const { return setting_; }

  // Chooses for a frame of `raw`. `guard` is that of its channel.
  [[nodiscard]] CodecSpec choose(IncompressibleGuard& guard, ByteView raw) {
    if (!setting_.automatic && setting_.fixed.id == CodecId::none) return {};
    if (!guard.worth_trying(raw)) {
      if (setting_.automatic) ladder_.on_bypass(raw.size());
      return {};
    }
    return setting_.automatic ? ladder_.choose() : setting_.fixed;
  }
  // `out_bytes` is 0 when the frame is stored raw.
  void on_frame(IncompressibleGuard& guard, CodecSpec spec, std::size_t raw_bytes,
                std::size_t out_bytes, Duration cpu_time) {
    if (spec.id != CodecId::none) guard.on_result(raw_bytes, out_bytes);
    if (setting_.automatic) {
      ladder_.on_frame(spec, raw_bytes, out_bytes == 0 ? raw_bytes : out_bytes, cpu_time);
    }
  }
  void on_interval(TimePoint now, const LadderLoad& load) {
    if (setting_.automatic) ladder_.on_interval(now, load);
  }
  [[nodiscard]] CodecSpec current() const {
    return setting_.automatic ? ladder_.current() : setting_.fixed;
  }

 private:
  CompressionSetting setting_;
  Ladder ladder_;
};

}  // namespace longthrow
