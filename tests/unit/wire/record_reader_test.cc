// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire/record_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "proxy/wire/group_records.h"

namespace longthrow::wire {
namespace {

class RecordReaderTest : public ::testing::Test {
 protected:
  void put_frame(std::size_t bytes) {
    encode(FrameHeader{.number = next_number_++,
                       .raw_bytes = static_cast<std::uint32_t>(bytes),
                       .payload_bytes = static_cast<std::uint32_t>(bytes)},
           stream_);
    std::ranges::fill(stream_.extend(bytes), std::byte{0x5a});
  }
  void put_skippable() {
    const std::uint8_t raw[] = {0x90, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3};
    stream_.append(std::as_bytes(std::span(raw)));
  }
  // Feeds the stream in pieces of `step` bytes; returns what came out, as "type:bytes" words.
  std::string read(std::size_t step) {
    RecordReader reader;
    std::string out;
    ByteView left = stream_.view();
    while (!left.empty()) {
      const ByteSpan want = reader.want();
      const std::size_t n = std::min({step, want.size(), left.size()});
      std::memcpy(want.data(), left.data(), n);
      left = left.subspan(n);
      const auto record = reader.advance(n);
      if (!record) return out + "error";
      if (!record->has_value()) continue;
      const std::size_t size =
          (*record)->type == RecordType::frame ? (*record)->payload.size() : (*record)->body.size();
      out += std::to_string(static_cast<int>((*record)->type)) + ":" + std::to_string(size) + " ";
    }
    return out;
  }
  ByteQueue stream_;
  std::uint64_t next_number_ = 0;
};

TEST_F(RecordReaderTest, ReadsTheSameRecordsHoweverTheyAreCut) {
  encode(HeartbeatEcho{1}, stream_);
  put_frame(70'000);
  put_frame(1);
  put_skippable();
  encode(Bye{}, stream_);
  const std::string expected = "7:8 8:70000 8:1 2:3 ";
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{1} << 20}) {
    EXPECT_EQ(read(step), expected) << step;
  }
}

TEST_F(RecordReaderTest, ASkippableRecordThatIsKnownIsRead) {
  encode(Marks{}, stream_);
  EXPECT_EQ(read(5), "128:34 ");
}

TEST_F(RecordReaderTest, TruncatedRecordNeedsMore) {
  put_frame(10);
  stream_.trim(1);
  EXPECT_EQ(read(1), "");
}

TEST_F(RecordReaderTest, UnknownRecordWithoutTheSkippableBitIsAnError) {
  const std::uint8_t raw[] = {0x30, 0, 0, 0, 1, 0, 0, 0, 0};
  stream_.append(std::as_bytes(std::span(raw)));
  EXPECT_EQ(read(1), "error");
}

TEST_F(RecordReaderTest, NeverAsksForMoreThanOneRecord) {
  RecordReader reader;
  EXPECT_EQ(reader.want().size(), kRecordHeaderBytes);
}

}  // namespace
}  // namespace longthrow::wire
