// SPDX-License-Identifier: Apache-2.0
// PROTOCOL.md's worked example, encoded and decoded.
#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/base/checksum.h"
#include "proxy/wire/group_records.h"
#include "tests/unit/wire/golden_vectors.h"

namespace longthrow::wire {
namespace {

template <std::size_t kSize>
ByteView bytes(const std::array<std::uint8_t, kSize>& vector) {
  return std::as_bytes(std::span(vector));
}

template <typename Record>
std::vector<std::byte> encoded(const Record& record) {
  ByteQueue out;
  encode(record, out);
  return {out.view().begin(), out.view().end()};
}

FrameHeader frame_of(ByteView record) {
  const auto header = decode_record_header(record.first(kRecordHeaderBytes));
  EXPECT_TRUE(header.has_value());
  const auto frame =
      decode_frame_header(*header, record.subspan(kRecordHeaderBytes, kFrameHeaderBytes));
  EXPECT_TRUE(frame.has_value());
  return *frame;
}

TEST(Golden, HelloReadsAndWritesAsDocumented) {
  const auto hello = decode_hello(bytes(golden::kHello).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->node, "alpha");
  EXPECT_EQ(hello->session, 0x1122334455667788U);
  EXPECT_EQ(hello->bulk_lanes, 2);
  EXPECT_EQ(hello->attempt, 1U);
  EXPECT_TRUE(std::ranges::equal(encoded(*hello), bytes(golden::kHello)));
}

TEST(Golden, FramesReadAndWriteAsDocumented) {
  const FrameHeader open = frame_of(bytes(golden::kOpen));
  EXPECT_TRUE(open.express);
  EXPECT_EQ(open.kind, FrameKind::open);
  EXPECT_TRUE(std::ranges::equal(encoded(open), bytes(golden::kOpen)));

  const FrameHeader fin = frame_of(bytes(golden::kFin));
  EXPECT_EQ(fin.offset, 16U);
  EXPECT_EQ(fin.wall_ns, golden::kFinWallNs);
  EXPECT_TRUE(std::ranges::equal(encoded(fin), bytes(golden::kFin)));
}

TEST(Golden, DataCarriesTheChecksumOfItsPlace) {
  const FrameHeader data = frame_of(bytes(golden::kData));
  EXPECT_EQ(data.payload_bytes, golden::kDataRaw.size());
  EXPECT_EQ(data.checksum, golden::kDataChecksum);
  EXPECT_EQ(place_seed(6, 0), golden::kDataSeed);
  EXPECT_EQ(place_seed(6, 16), golden::kNextSeed);
  const ByteView raw = std::as_bytes(std::span(golden::kDataRaw));
  EXPECT_EQ(checksum64(raw, place_seed(6, 0)), golden::kDataChecksum);
  EXPECT_NE(checksum64(raw, place_seed(6, 16)), golden::kDataChecksum);
}

TEST(Golden, AcksReadAndWriteAsDocumented) {
  const auto early = decode_ack(bytes(golden::kAckEarly).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(early.has_value());
  ASSERT_EQ(early->bulk_ranges.size(), 1U);
  EXPECT_EQ(early->bulk_ranges[0], (NumberRange{1, 1}));
  EXPECT_TRUE(std::ranges::equal(encoded(*early), bytes(golden::kAckEarly)));

  const auto ack = decode_ack(bytes(golden::kAck).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->bulk_next, 2U);
  EXPECT_EQ(ack->delivered.at(0).offset, 16U);
  EXPECT_TRUE(std::ranges::equal(encoded(*ack), bytes(golden::kAck)));
}

TEST(Golden, MarksReadAndWriteAsDocumented) {
  const auto marks = decode_marks(bytes(golden::kMarks).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(marks.has_value());
  EXPECT_EQ(marks->bulk_next, 2U);
  EXPECT_EQ(marks->express_next, 1U);
  EXPECT_EQ(marks->wall_ns, golden::kFinWallNs + 250'000'000);
  EXPECT_EQ(marks->civil_ns, marks->wall_ns);
  ASSERT_EQ(marks->groups.size(), 1U);
  EXPECT_EQ(marks->groups[0].group_id, 3U);
  EXPECT_EQ(marks->groups[0].wall_ns, golden::kFinWallNs);
  EXPECT_TRUE(std::ranges::equal(encoded(*marks), bytes(golden::kMarks)));
}

TEST(Golden, RecallsAndTheirAnswersReadAndWriteAsDocumented) {
  const auto recall =
      decode_credit_recall(bytes(golden::kCreditRecall).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(recall.has_value());
  ASSERT_EQ(recall->limits.size(), 1U);
  EXPECT_EQ(recall->limits[0].group_id, 3U);
  EXPECT_EQ(recall->limits[0].limit_bytes, 512 * kKiB);
  EXPECT_TRUE(std::ranges::equal(encoded(*recall), bytes(golden::kCreditRecall)));

  const auto returned =
      decode_credit_return(bytes(golden::kCreditReturn).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(returned.has_value());
  ASSERT_EQ(returned->groups.size(), 1U);
  EXPECT_EQ(returned->groups[0].group_id, 3U);
  EXPECT_EQ(returned->groups[0].limit_bytes, 576 * kKiB);
  EXPECT_EQ(returned->groups[0].had_bytes, kMiB);
  EXPECT_TRUE(std::ranges::equal(encoded(*returned), bytes(golden::kCreditReturn)));
}

TEST(Golden, NoticesReadAndWriteAsDocumented) {
  const auto notices = decode_notices(bytes(golden::kNotices).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(notices.has_value());
  ASSERT_EQ(notices->entries.size(), 1U);
  EXPECT_EQ(notices->entries[0].kind, NoticeKind::held);
  EXPECT_EQ(notices->entries[0].group_id, 3U);
  EXPECT_EQ(notices->entries[0].by, "`longthrow drain g --hold`");
  EXPECT_TRUE(std::ranges::equal(encoded(*notices), bytes(golden::kNotices)));
}

TEST(Golden, CutsAndTheirAnswersReadAndWriteAsDocumented) {
  const auto cut = decode_cut(bytes(golden::kCut).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->group_id, 3U);
  EXPECT_EQ(cut->epoch, 7U);
  EXPECT_EQ(cut->proof, Proof::source);
  EXPECT_EQ(cut->entries, (std::vector<CutEntry>{{6, 16}, {8, 4096}}));
  EXPECT_TRUE(std::ranges::equal(encoded(*cut), bytes(golden::kCut)));

  const auto epochs = decode_epochs(bytes(golden::kEpochs).subspan(kRecordHeaderBytes));
  ASSERT_TRUE(epochs.has_value());
  EXPECT_EQ(epochs->groups.at(0).whole_epoch, 7U);
  EXPECT_EQ(epochs->groups.at(0).epoch_bytes_max, 448 * kKiB);
  EXPECT_TRUE(std::ranges::equal(encoded(*epochs), bytes(golden::kEpochs)));
}

}  // namespace
}  // namespace longthrow::wire
