// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/frame_decoder.h"

#include "proxy/base/checksum.h"

namespace longthrow {

std::optional<ByteView> FrameDecoder::decode(const wire::FrameHeader& header, ByteView payload) {
  ByteView raw = payload;
  if (header.codec != CodecId::none) {
    const ByteSpan into = ByteSpan(raw_).first(header.raw_bytes);
    if (!codec_->decompress(header.codec, payload, into)) return std::nullopt;
    raw = into;
  }
  const std::uint64_t seed = wire::place_seed(header.channel, header.offset);
  return checksum64(raw, seed) == header.checksum ? std::optional(raw) : std::nullopt;
}

}  // namespace longthrow
