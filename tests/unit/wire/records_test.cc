// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "proxy/wire/group_records.h"

namespace longthrow::wire {
namespace {

template <typename Record>
ByteQueue encoded(const Record& record) {
  ByteQueue out;
  encode(record, out);
  return out;
}

ByteView body_of(const ByteQueue& record) { return record.view().subspan(kRecordHeaderBytes); }

// Every truncation of a good body is refused, and no mutation crashes or reads out of bounds.
template <typename Decode>
void refuse_damage(ByteView body, Decode decode) {
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode(body.first(size)).has_value()) << "truncated to " << size;
  }
  std::vector<std::byte> longer(body.begin(), body.end());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode(ByteView(longer)).has_value());
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> mutant(body.begin(), body.end());
    for (int n = 0; n < 3; ++n) mutant[random() % mutant.size()] = std::byte(random());
    (void)decode(ByteView(mutant));
  }
}

Hello some_hello() {
  return {.lane = 3,
          .bulk_lanes = 4,
          .attempt = 5,
          .generation = 6,
          .session = 7,
          .peer_session = 8,
          .node = "alpha"};
}

TEST(Records, HelloSurvivesTheRoundTripAndRefusesDamage) {
  const ByteQueue record = encoded(some_hello());
  const auto hello = decode_hello(body_of(record));
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->lane, 3);
  EXPECT_EQ(hello->peer_session, 8U);
  refuse_damage(body_of(record), decode_hello);
}

TEST(Records, BindingCoversEveryFieldButItself) {
  Hello hello = some_hello();
  const auto before = binding_context(hello);
  hello.binding.fill(std::byte{1});
  EXPECT_EQ(binding_context(hello), before);
  hello.role = HelloRole::acceptor;
  EXPECT_NE(binding_context(hello), before);
}

TEST(Records, RoutesSurviveTheRoundTripAndRefuseDamage) {
  const Routes routes{
      .version = 9,
      .entries = {{.id = 1, .group_id = 2, .accepts = true, .name = "r0", .group = "g"},
                  {.id = 3, .group_id = 2, .ready = true, .name = "r1", .group = "g"},
                  {.id = 4, .no_listener = true, .name = "r2", .group = "g"},
                  {.id = 5, .no_target = true, .name = "r3", .group = "g"}}};
  const ByteQueue record = encoded(routes);
  const auto decoded = decode_routes(body_of(record));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->version, 9U);
  EXPECT_TRUE(decoded->entries[0].accepts);
  EXPECT_TRUE(decoded->entries[1].ready);
  EXPECT_EQ(decoded->entries[1].name, "r1");
  EXPECT_FALSE(decoded->entries[1].no_listener || decoded->entries[1].no_target);
  EXPECT_TRUE(decoded->entries[2].no_listener && !decoded->entries[2].no_target);
  EXPECT_TRUE(decoded->entries[3].no_target && !decoded->entries[3].no_listener);
  refuse_damage(body_of(record), decode_routes);
}

TEST(Records, AsManyRoutesAsAllowedFitIntoOneRecord) {
  Routes routes;
  for (std::uint32_t i = 0; i < kRoutesMax; ++i) {
    routes.entries.push_back({.id = i,
                              .name = std::string(kNameBytesMax, 'n'),
                              .group = std::string(kNameBytesMax, 'g')});
  }
  EXPECT_LE(body_of(encoded(routes)).size(), kControlBodyBytesMax);
}

TEST(Records, AckRefusesRangesThatAreNotApart) {
  EXPECT_TRUE(decode_ack(body_of(encoded(Ack{.bulk_next = 5, .bulk_ranges = {{6, 7}, {9, 9}}})))
                  .has_value());
  EXPECT_FALSE(
      decode_ack(body_of(encoded(Ack{.bulk_next = 5, .bulk_ranges = {{5, 7}}}))).has_value());
  EXPECT_FALSE(decode_ack(body_of(encoded(Ack{.bulk_next = 5, .bulk_ranges = {{6, 7}, {8, 9}}})))
                   .has_value());
  EXPECT_FALSE(
      decode_ack(body_of(encoded(Ack{.bulk_next = 5, .bulk_ranges = {{7, 6}}}))).has_value());
  refuse_damage(
      body_of(encoded(Ack{.bulk_next = 5, .bulk_ranges = {{6, 7}}, .delivered = {{1, 2}}})),
      decode_ack);
}

TEST(Records, CreditAndHeartbeatsSurviveTheRoundTripAndRefuseDamage) {
  const ByteQueue credit = encoded(Credit{.grants = {{1, 1000}, {2, 2000}}});
  EXPECT_EQ(decode_credit(body_of(credit))->grants.at(1).limit_bytes, 2000U);
  refuse_damage(body_of(credit), decode_credit);
  const ByteQueue heartbeat =
      encoded(Heartbeat{.sent_at_ns = 1, .wall_ns = -2, .bulk_next = 3, .idle_groups = {4}});
  EXPECT_EQ(decode_heartbeat(body_of(heartbeat))->idle_groups.at(0), 4U);
  refuse_damage(body_of(heartbeat), decode_heartbeat);
  const ByteQueue recall = encoded(CreditRecall{.limits = {{3, 70}}});
  EXPECT_EQ(decode_credit_recall(body_of(recall))->limits.at(0).limit_bytes, 70U);
  refuse_damage(body_of(recall), decode_credit_recall);
  const ByteQueue returned = encoded(CreditReturn{.groups = {{3, 70, 90}}});
  EXPECT_EQ(decode_credit_return(body_of(returned))->groups.at(0).had_bytes, 90U);
  refuse_damage(body_of(returned), decode_credit_return);
  const ByteQueue cut = encoded(Cut{.epoch = 1, .entries = {{1, 10}, {2, 20}}});
  EXPECT_EQ(decode_cut(body_of(cut))->entries.at(1).offset, 20U);
  refuse_damage(body_of(cut), decode_cut);
  EXPECT_FALSE(decode_cut(body_of(encoded(Cut{.epoch = 1, .entries = {{2, 1}, {1, 1}}}))));
  const ByteQueue epochs = encoded(Epochs{.groups = {{3, 4, 5}}});
  EXPECT_EQ(decode_epochs(body_of(epochs))->groups.at(0).epoch_bytes_max, 5U);
  refuse_damage(body_of(epochs), decode_epochs);
  const ByteQueue checkpoint =
      encoded(Checkpoint{.group_id = 3, .epoch = 4, .id = 5, .civil_ns = 6, .name = "nightly"});
  EXPECT_EQ(decode_checkpoint(body_of(checkpoint))->name, "nightly");
  refuse_damage(body_of(checkpoint), decode_checkpoint);
  const ByteQueue reports = encoded(CheckpointReports{.groups = {{.group_id = 3,
                                                                  .id = 5,
                                                                  .state = CheckpointState::failed,
                                                                  .hook = HookResult::timed_out,
                                                                  .applied = true,
                                                                  .civil_ns = 6,
                                                                  .text = "late"}}});
  EXPECT_EQ(decode_checkpoint_reports(body_of(reports))->groups.at(0).text, "late");
  EXPECT_EQ(decode_checkpoint_reports(body_of(reports))->groups.at(0).hook, HookResult::timed_out);
  refuse_damage(body_of(reports), decode_checkpoint_reports);
  const ByteQueue marks = encoded(Marks{.bulk_next = 1, .groups = {{2, -3}, {4, 5}}});
  EXPECT_EQ(decode_marks(body_of(marks))->groups.at(0).wall_ns, -3);
  refuse_damage(body_of(marks), decode_marks);
  const ByteQueue notices = encoded(Notices{
      .entries = {{.kind = NoticeKind::fenced, .group_id = 3, .since_ns = 9, .by = "a command"}}});
  EXPECT_EQ(decode_notices(body_of(notices))->entries.at(0).by, "a command");
  refuse_damage(body_of(notices), decode_notices);
  refuse_damage(body_of(encoded(Bye{ByeReason::paused, "later"})), decode_bye);
  refuse_damage(body_of(encoded(HeartbeatEcho{5})), decode_heartbeat_echo);
}

// What a peer calls itself and its routes goes into logs, status and labels of metrics.
TEST(Records, NamesThatAreMoreThanANameAreRefused) {
  for (const char* name : {"a\nb", "a b", "a\"b", "a\\b", "a\x1b[2J", "f\xc3\xb6", "\xff"}) {
    Hello hello = some_hello();
    hello.node = name;
    EXPECT_FALSE(decode_hello(body_of(encoded(hello))).has_value()) << name;
    const Routes by_name{.version = 1, .entries = {{.id = 1, .name = name, .group = "g"}}};
    EXPECT_FALSE(decode_routes(body_of(encoded(by_name))).has_value()) << name;
    const Routes by_group{.version = 1, .entries = {{.id = 1, .name = "r0", .group = name}}};
    EXPECT_FALSE(decode_routes(body_of(encoded(by_group))).has_value()) << name;
  }
  const Routes fine{.version = 1, .entries = {{.id = 1, .name = "drbd.0f", .group = "A_b-3"}}};
  EXPECT_TRUE(decode_routes(body_of(encoded(fine))).has_value());
}

TEST(Records, WhatAByeSaysIsVisibleText) {
  const Bye bye{ByeReason::refused, "a \"b\"\n2026-01-01 \x1b[2J\xff \\x41"};
  EXPECT_EQ(decode_bye(body_of(encoded(bye)))->text,
            "a \"b\"\\x0a2026-01-01 \\x1b[2J\\xff \\\\x41");
}

struct FrameCase {
  const char* why;
  FrameHeader frame;
};

TEST(Records, FrameHeadersWhoseSizesDisagreeAreRefused) {
  const FrameCase cases[] = {
      {"data without bytes", {.raw_bytes = 5, .payload_bytes = 0}},
      {"payload larger than raw", {.raw_bytes = 5, .codec = CodecId::lz4, .payload_bytes = 6}},
      {"stored but of another size", {.raw_bytes = 5, .payload_bytes = 4}},
      {"a blank that stands for nothing", {.kind = FrameKind::blank}},
      {"an end that stands for bytes", {.raw_bytes = 5, .kind = FrameKind::abort}},
      {"control with a payload", {.raw_bytes = 5, .kind = FrameKind::fin, .payload_bytes = 5}},
      {"raw beyond the limit",
       {.raw_bytes = kRawBytesMax + 1, .codec = CodecId::zstd, .payload_bytes = 9}},
      {"an absurd offset", {.offset = ~std::uint64_t{0}, .raw_bytes = 5, .payload_bytes = 5}},
  };
  for (const FrameCase& each : cases) {
    const ByteQueue record = encoded(each.frame);
    const auto header = decode_record_header(record.view().first(kRecordHeaderBytes));
    ASSERT_TRUE(header.has_value()) << each.why;
    EXPECT_FALSE(decode_frame_header(*header, body_of(record)).has_value()) << each.why;
  }
}

TEST(Records, RecordHeadersThatAreTooLargeAreRefused) {
  const auto header = [](std::uint8_t type, std::uint32_t bytes) {
    std::array<std::byte, kRecordHeaderBytes> raw{std::byte{type}};
    for (int i = 0; i < 4; ++i) raw[static_cast<std::size_t>(4 + i)] = std::byte(bytes >> (8 * i));
    return decode_record_header(raw).has_value();
  };
  EXPECT_TRUE(header(1, kControlBodyBytesMax));
  EXPECT_FALSE(header(1, kControlBodyBytesMax + 1));
  EXPECT_TRUE(header(8, kFrameHeaderBytes + kPayloadBytesMax));
  EXPECT_FALSE(header(8, kFrameHeaderBytes + kPayloadBytesMax + 1));
  EXPECT_FALSE(header(8, kFrameHeaderBytes - 1));
}

}  // namespace
}  // namespace longthrow::wire
