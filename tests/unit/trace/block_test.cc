// SPDX-License-Identifier: Apache-2.0
// What is written is read, and what is damaged is never taken for something else.
#include "proxy/trace/block.h"

#include <algorithm>
#include <random>

#include "proxy/trace/lag_buckets.h"
#include "proxy/trace/varint.h"
#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

void expect_same(const Block& a, const Block& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.grain, b.grain);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.link, b.link);
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t i = 0; i < a.rows.size(); ++i) EXPECT_TRUE(same(a.rows[i], b.rows[i])) << i;
  ASSERT_EQ(a.notes.size(), b.notes.size());
  for (std::size_t i = 0; i < a.notes.size(); ++i) {
    EXPECT_EQ(a.notes[i].row, b.notes[i].row);
    EXPECT_EQ(a.notes[i].text, b.notes[i].text);
  }
}

Block busy_link() {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 60; ++i) {
    rows.push_back(second_at(120 + i, {{Column::raw_in, i * 7919 % 40 * 100'000},
                                       {Column::wire_out, i % 3 * 1'000'000},
                                       {Column::lag_ms, i},
                                       {Column::memlimit, 1 << 30}}));
  }
  return link_block(rows);
}

Block random_block(std::mt19937_64& random) {
  Block block{.kind = random() % 2 == 0 ? Kind::link : Kind::group,
              .grain = Grain::second,
              .name = std::string(random() % 20, 'n')};
  std::uint64_t tick = random() % 1'000'000;
  const std::uint64_t first = tick;
  for (std::size_t i = 0, count = 1 + random() % kRowsMax; i < count; ++i) {
    tick += random() % 4;
    Row row{.run = random(), .tick = tick};
    row.run = kRun;
    row.wall = kWall + static_cast<std::int64_t>(tick - first);
    row.span = 1 + random() % 10;
    for (const ColumnRule& rule : kColumnRules) {
      if (is_stored(rule, block.kind, block.grain))
        row[rule.column] = random() >> (random() % 61 + 3);
    }
    for (const ColumnRule& rule : kColumnRules) {
      if (rule.merge == Merge::most) row[rule.column] = largest_of_second(rule, row);
    }
    tick = row.end();
    block.rows.push_back(row);
  }
  return block;
}

TEST(TraceBlock, IsReadAsItWasWritten) {
  std::mt19937_64 random(1);
  std::vector<Block> blocks{
      busy_link(), group_block({second_at(5), second_at(9)}, {{1, "lost 5 bytes of r0"}, {1, ""}})};
  for (int i = 0; i < 30; ++i) blocks.push_back(random_block(random));
  std::string bytes;
  for (const Block& block : blocks) bytes += encode_block(block);
  std::uint64_t damaged = 1;
  const auto found = read_all(bytes, &damaged);
  EXPECT_EQ(damaged, 0U);
  ASSERT_EQ(found.size(), blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) expect_same(found[i], blocks[i]);
}

TEST(TraceBlock, AMinuteKeepsItsLargestSecondAndItsLags) {
  Row row = second_at(60, {{Column::raw_in, 600}});
  row.span = 60;
  row[Column::raw_in_max] = 70;
  row.lags = {{0, 50}, {lag_bucket(1500), 10}};
  Block block = link_block({row});
  block.grain = Grain::minute;
  const auto found = read_all(encode_block(block));
  ASSERT_EQ(found.size(), 1U);
  expect_same(found.front(), block);
}

TEST(TraceBlock, ALinkWithoutTrafficTakesNearlyNothing) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 60; ++i) rows.push_back(second_at(i));
  EXPECT_LT(encode_block(link_block(rows)).size(), 100U);
}

TEST(TraceBlock, CutAtEachByteTheWholeBlocksAreRead) {
  const std::string one = encode_block(busy_link());
  const std::string two = one + encode_block(group_block({second_at(1)}));
  for (std::size_t size = 0; size <= two.size(); ++size) {
    std::uint64_t damaged = 0;
    const auto found = read_all(std::string_view(two).substr(0, size), &damaged);
    const std::size_t whole = size < one.size() ? 0 : size < two.size() ? 1 : 2;
    ASSERT_EQ(found.size(), whole) << size;
    const bool torn = size != 0 && size != one.size() && size != two.size();
    ASSERT_EQ(damaged, torn ? 1U : 0U) << size;
  }
}

TEST(TraceBlock, WhatFollowsATornWriteIsRead) {
  const std::string whole = encode_block(busy_link());
  for (std::size_t size = 1; size < whole.size(); ++size) {
    std::uint64_t damaged = 0;
    const std::string bytes = whole.substr(0, size) + whole;
    const auto found = read_all(bytes, &damaged);
    ASSERT_EQ(found.size(), 1U) << size;
    ASSERT_EQ(damaged, 1U) << size;
  }
}

TEST(TraceBlock, WithAnyBitTurnedItIsLeftOutAndCounted) {
  const std::string whole = encode_block(busy_link());
  const std::string next = encode_block(group_block({second_at(1)}));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole + next;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    std::uint64_t damaged = 0;
    const auto found = read_all(bytes, &damaged);
    ASSERT_EQ(found.size(), 1U) << bit;
    ASSERT_EQ(found.front().name, "vm1") << bit;
    ASSERT_EQ(damaged, 1U) << bit;
  }
}

TEST(TraceBlock, RandomBytesAreNoBlocks) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = i % 2 == 0 ? "LTTR" : "";
    const std::size_t size = random() % 300;
    while (bytes.size() < size) bytes.push_back(static_cast<char>(random()));
    EXPECT_TRUE(read_all(bytes).empty());
  }
}

// Whoever makes a file can also make its checksums: what they say must be bounded.
TEST(TraceBlock, ForgedNumbersAreRefusedOrBounded) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string body;
    put_number(body, 1);
    put_number(body, random() % 2);
    put_number(body, random() % 2);
    put_text(body, "dr");
    put_text(body, "");
    put_number(body, random());
    put_number(body, random() >> (random() % 64));
    put_signed(body, static_cast<std::int64_t>(random() >> (random() % 64)));
    put_number(body, random() >> (50 + random() % 13));
    for (std::uint64_t k = random() % 80; k > 0; --k) put_number(body, random() >> (random() % 64));
    for (const Block& block : read_all(seal_block(body))) {
      EXPECT_LE(block.rows.size(), kRowsMax);
      for (const Row& row : block.rows) {
        EXPECT_LE(row.tick, kTickMax);
        EXPECT_LE(row.wall, kWallMax);
        for (const std::uint64_t value : row.values) EXPECT_LE(value, kValueMax);
      }
    }
  }
}

TEST(TraceBlock, ARunOfEqualRowsThatIsTooLongIsRefused) {
  std::string column;
  put_number(column, 1'000'000 * 2 + 1);
  NumberReader in(column);
  EXPECT_EQ(in.column(10), std::vector<std::uint64_t>(10));
  EXPECT_TRUE(in.bad());
}

TEST(TraceNumbers, OfAnySizeAreReadAsWritten) {
  for (const std::uint64_t value : {0UL, 1UL, 127UL, 128UL, 1UL << 62, ~0UL}) {
    std::string bytes;
    put_number(bytes, value);
    put_signed(bytes, -static_cast<std::int64_t>(value >> 1));
    NumberReader in(bytes);
    EXPECT_EQ(in.number(), value);
    EXPECT_EQ(in.signed_number(), -static_cast<std::int64_t>(value >> 1));
    EXPECT_TRUE(in.ended_well());
  }
  const std::string eleven_bytes = std::string(10, '\xFF') + "\x01";
  NumberReader in(eleven_bytes);
  (void)in.number();
  EXPECT_TRUE(in.bad());
}

TEST(LagBuckets, NeverTellLessAndAtMostSixPercentMore) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t ms = random() >> (4 + random() % 60);
    const std::uint32_t bucket = lag_bucket(ms);
    ASSERT_LT(bucket, kLagBuckets) << ms;
    ASSERT_GE(largest_lag_ms(bucket), ms);
    ASSERT_LE(static_cast<double>(largest_lag_ms(bucket)), static_cast<double>(ms) * 1.0626 + 1e-9);
    ASSERT_EQ(lag_bucket(largest_lag_ms(bucket)), bucket);
  }
}

}  // namespace
}  // namespace longthrow::trace
