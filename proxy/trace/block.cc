// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/block.h"

#include <algorithm>
#include <span>
#include <utility>

#include "proxy/base/checksum.h"
#include "proxy/trace/columns.h"
#include "proxy/trace/lag_buckets.h"
#include "proxy/trace/varint.h"

namespace longthrow::trace {
namespace {

constexpr std::string_view kMagic = "LTTR";
constexpr std::uint64_t kSeed = 0x7472616365303031;
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHeadBytes = 8;  // magic, length
constexpr std::size_t kSealBytes = 8;
constexpr std::size_t kBodyBytesMax = 256 * 1024;  // kRowsMax minutes have less

void put_fixed(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
std::uint64_t fixed_at(std::string_view bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
    value |= static_cast<std::uint64_t>(byte) << (8 * i);
  }
  return value;
}
std::uint64_t seal_of(std::string_view body) {
  return checksum64(std::as_bytes(std::span(body)), kSeed);
}

void put_lags(std::string& out, const Row& row) {
  put_number(out, row.lags.size());
  std::uint32_t last = 0;
  for (const LagCount& lag : row.lags) {
    put_number(out, lag.bucket - last);
    put_number(out, lag.seconds);
    last = lag.bucket;
  }
}

void put_notes(std::string& out, const std::vector<Note>& notes) {
  const std::size_t count = std::min(notes.size(), kNotesMax);
  put_number(out, count);
  for (std::size_t i = 0; i < count; ++i) {
    put_number(out, notes[i].row);
    put_text(out, std::string_view(notes[i].text).substr(0, kNoteBytesMax));
  }
}

template <typename Get>
void put_rows(std::string& out, const std::vector<Row>& rows, Get get) {
  std::vector<std::uint64_t> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(std::min(get(row), kValueMax));
  put_column(out, values);
}

std::string body_of(const Block& block) {
  std::string out;
  const Row& first = block.rows.front();
  put_number(out, kVersion);
  put_number(out, static_cast<std::uint64_t>(block.kind));
  put_number(out, static_cast<std::uint64_t>(block.grain));
  put_text(out, std::string_view(block.name).substr(0, kNameBytesMax));
  put_text(out, std::string_view(block.link).substr(0, kNameBytesMax));
  put_number(out, first.run);
  put_number(out, first.tick);
  put_signed(out, first.wall);
  put_number(out, block.rows.size());
  std::uint64_t end = first.tick;
  put_rows(out, block.rows, [&](const Row& row) {
    return row.tick - std::exchange(end, row.end());  // what is not known before the row
  });
  put_rows(out, block.rows, [](const Row& row) { return row.span; });
  for (const ColumnRule& rule : kColumnRules) {
    if (!is_stored(rule, block.kind, block.grain)) continue;
    put_rows(out, block.rows, [&](const Row& row) { return row[rule.column]; });
  }
  if (block.grain == Grain::minute) {
    for (const Row& row : block.rows) put_lags(out, row);
  }
  put_notes(out, block.notes);
  return out;
}

// --- reading

bool read_places(NumberReader& in, Block& block) {
  Row first;
  first.run = in.number();
  first.tick = in.number_up_to(kTickMax);
  first.wall = in.signed_number();
  const std::uint64_t count = in.number_up_to(kRowsMax);
  if (in.bad() || count == 0 || first.wall < 0 || first.wall > kWallMax) return false;
  const auto gaps = in.column(count);
  const auto spans = in.column(count);
  block.rows.assign(count, first);
  std::uint64_t tick = first.tick;
  for (std::size_t i = 0; i < count; ++i) {
    if (gaps[i] > kTickMax || spans[i] == 0 || spans[i] > kSpanMax) return false;
    tick += gaps[i];
    block.rows[i].tick = tick;
    block.rows[i].span = spans[i];
    block.rows[i].wall = first.wall + static_cast<std::int64_t>(tick - first.tick);
    tick += spans[i];
    if (tick > kTickMax || block.rows[i].wall > kWallMax) return false;
  }
  return !in.bad();
}

void read_values(NumberReader& in, Block& block) {
  for (const ColumnRule& rule : kColumnRules) {
    if (!is_stored(rule, block.kind, block.grain)) continue;
    const auto values = in.column(block.rows.size());
    for (std::size_t i = 0; i < values.size(); ++i) block.rows[i][rule.column] = values[i];
  }
  if (block.grain == Grain::minute) return;
  for (Row& row : block.rows) {
    for (const ColumnRule& rule : kColumnRules) {
      if (rule.merge == Merge::most) row[rule.column] = largest_of_second(rule, row);
    }
  }
}

bool read_lags(NumberReader& in, Row& row) {
  row.lags.resize(in.number_up_to(row.span));
  std::uint64_t bucket = 0;
  std::uint64_t seconds = 0;
  for (LagCount& lag : row.lags) {
    bucket += in.number_up_to(kLagBuckets);
    if (bucket >= kLagBuckets) return false;
    lag.bucket = static_cast<std::uint32_t>(bucket);
    lag.seconds = static_cast<std::uint32_t>(in.number_up_to(row.span));
    seconds += lag.seconds;
  }
  return !in.bad() && seconds <= row.span;
}

// Whether `body` is what body_of() writes.
bool read_body(std::string_view body, Block& block) {
  NumberReader in(body);
  if (in.number() != kVersion) return false;
  block.kind = static_cast<Kind>(in.number_up_to(1));
  block.grain = static_cast<Grain>(in.number_up_to(1));
  block.name = in.text(kNameBytesMax);
  block.link = in.text(kNameBytesMax);
  if (in.bad() || !read_places(in, block)) return false;
  read_values(in, block);
  if (block.grain == Grain::minute &&
      !std::ranges::all_of(block.rows, [&](Row& row) { return read_lags(in, row); })) {
    return false;
  }
  block.notes.resize(in.number_up_to(kNotesMax));
  for (Note& note : block.notes) {
    note.row = in.number_up_to(block.rows.size() - 1);
    note.text = in.text(kNoteBytesMax);
  }
  return in.ended_well();
}

}  // namespace

std::string encode_block(const Block& block) { return seal_block(body_of(block)); }

std::string seal_block(std::string_view body) {
  std::string out(kMagic);
  put_fixed(out, body.size(), 4);
  out += body;
  put_fixed(out, seal_of(body), kSealBytes);
  return out;
}

BlockReader::Found BlockReader::take(Block& block) {
  if (bytes_.size() < kHeadBytes + kSealBytes) return Found::no;
  const std::uint64_t size = fixed_at(bytes_, kMagic.size(), 4);
  if (size > kBodyBytesMax || size > bytes_.size() - kHeadBytes - kSealBytes) return Found::no;
  const std::string_view body = bytes_.substr(kHeadBytes, size);
  if (fixed_at(bytes_, kHeadBytes + size, kSealBytes) != seal_of(body)) return Found::no;
  block = Block{};
  if (!read_body(body, block)) return Found::no;
  bytes_.remove_prefix(kHeadBytes + size + kSealBytes);
  return Found::whole;
}

std::optional<Block> BlockReader::next() {
  Block block;
  while (!bytes_.empty()) {
    if (bytes_.starts_with(kMagic) && take(block) == Found::whole) {
      in_damage_ = false;
      return block;
    }
    if (!std::exchange(in_damage_, true)) ++damaged_;
    const std::size_t at = bytes_.find(kMagic, 1);
    bytes_.remove_prefix(at == std::string_view::npos ? bytes_.size() : at);
  }
  return std::nullopt;
}

}  // namespace longthrow::trace
