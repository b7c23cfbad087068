// SPDX-License-Identifier: Apache-2.0
// Turns a frame of the peer into the bytes that its source gave.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "longthrow/codec.h"
#include "proxy/wire/records.h"

namespace longthrow {

// Holds one frame's raw bytes at a time. Belongs to the loop's thread.
class FrameDecoder {
 public:
  FrameDecoder() : codec_(make_codec_context()), raw_(wire::kRawBytesMax) {}

  // The raw bytes, verified; nothing if they are not those that were sent. They live until the next
  // call, or as long as `payload`, whichever is shorter.
  [[nodiscard]] std::optional<ByteView> decode(const wire::FrameHeader& header, ByteView payload);

 private:
  std::unique_ptr<CodecContext> codec_;
  std::vector<std::byte> raw_;
};

}  // namespace longthrow
