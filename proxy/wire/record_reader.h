// SPDX-License-Identifier: Apache-2.0
// Incremental decoding of a lane's plaintext, without copies of payloads: the reader says where the
// next bytes go, and is told how many came.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/wire/records.h"

namespace longthrow::wire {

// One whole record. The views die with the next call of `want` or `advance`.
struct RecordView {
  RecordType type = RecordType::hello;
  ByteView body;      // of control records
  FrameHeader frame;  // of frames
  ByteView payload;   // of frames
};

// Memory: one payload buffer of kPayloadBytesMax, once the first frame has come.
// INVARIANT: filled_ < size of the current part, between calls.
class RecordReader {
 public:
  // Where the next bytes go. Never empty.
  [[nodiscard]] ByteSpan want();
  // REQUIRES: 0 < bytes <= want().size(). A record, when these bytes completed one; nothing, when
  // more are needed; an error ends the lane.
  [[nodiscard]] Result<std::optional<RecordView>> advance(std::size_t bytes);

 private:
  enum class Part : std::uint8_t { header, frame_header, payload, body };
  std::size_t part_bytes() const;
  Result<std::optional<RecordView>> part_complete();
  Result<std::optional<RecordView>> finish_record();

  Part part_ = Part::header;
  std::size_t filled_ = 0;
  RecordHeader header_;
  FrameHeader frame_;
  std::array<std::byte, kRecordHeaderBytes> header_bytes_{};
  std::array<std::byte, kFrameHeaderBytes> frame_bytes_{};
  std::vector<std::byte> body_;
  std::vector<std::byte> payload_;
};

}  // namespace longthrow::wire
