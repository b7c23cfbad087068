// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire/record_reader.h"

#include "proxy/base/planted.h"

namespace longthrow::wire {
namespace {

bool is_known(std::uint8_t type) {
  switch (static_cast<RecordType>(type)) {
    case RecordType::marks:
    case RecordType::notices:
    case RecordType::credit_recall:
    case RecordType::credit_return:
    case RecordType::cut:
    case RecordType::epochs:
    case RecordType::checkpoint:
    case RecordType::checkpoint_reports:
      return true;
    default:
      return type >= static_cast<std::uint8_t>(RecordType::hello) &&
             type <= static_cast<std::uint8_t>(RecordType::frame);
  }
}

}  // namespace

std::size_t RecordReader::part_bytes() const {
  switch (part_) {
    case Part::header:
      return kRecordHeaderBytes;
    case Part::frame_header:
      return kFrameHeaderBytes;
    case Part::payload:
      return frame_.payload_bytes;
    case Part::body:
      return header_.body_bytes;
  }
  return 0;
}

ByteSpan RecordReader::want() {
  ByteSpan part;
  switch (part_) {
    case Part::header:
      part = header_bytes_;
      break;
    case Part::frame_header:
      part = frame_bytes_;
      break;
    case Part::payload:
      part = payload_;
      break;
    case Part::body:
      part = body_;
      break;
  }
  return part.subspan(planted(Plant::pieces_overwrite) ? 0 : filled_, part_bytes() - filled_);
}

Result<std::optional<RecordView>> RecordReader::advance(std::size_t bytes) {
  LT_ASSERT(bytes > 0 && filled_ + bytes <= part_bytes());
  filled_ += bytes;
  if (filled_ < part_bytes()) return std::nullopt;
  filled_ = 0;
  return part_complete();
}

Result<std::optional<RecordView>> RecordReader::part_complete() {
  switch (part_) {
    case Part::header: {
      const auto header = decode_record_header(header_bytes_);
      if (!header) return std::unexpected(header.error());
      header_ = *header;
      if (header_.type == static_cast<std::uint8_t>(RecordType::frame)) {
        part_ = Part::frame_header;
        return std::nullopt;
      }
      body_.resize(header_.body_bytes);
      part_ = Part::body;
      return body_.empty() ? finish_record() : std::nullopt;
    }
    case Part::frame_header: {
      const auto frame = decode_frame_header(header_, frame_bytes_);
      if (!frame) return std::unexpected(frame.error());
      frame_ = *frame;
      if (frame_.payload_bytes == 0) return finish_record();
      if (payload_.empty()) payload_.resize(kPayloadBytesMax);
      part_ = Part::payload;
      return std::nullopt;
    }
    case Part::payload:
    case Part::body:
      return finish_record();
  }
  return std::nullopt;
}

Result<std::optional<RecordView>> RecordReader::finish_record() {
  part_ = Part::header;
  if (!is_known(header_.type)) {
    if ((header_.type & kSkippableBit) != 0) return std::nullopt;
    return breach("unknown record type");
  }
  RecordView record{.type = static_cast<RecordType>(header_.type)};
  if (record.type == RecordType::frame) {
    record.frame = frame_;
    record.payload = ByteView(payload_).first(frame_.payload_bytes);
  } else {
    record.body = body_;
  }
  return record;
}

}  // namespace longthrow::wire
