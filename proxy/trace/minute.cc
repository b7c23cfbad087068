// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/minute.h"

#include <algorithm>
#include <map>
#include <utility>

#include "proxy/trace/block.h"
#include "proxy/trace/columns.h"
#include "proxy/trace/lag_buckets.h"

namespace longthrow::trace {
namespace {

constexpr std::size_t kMinutesInBlock = 60;

void count_lag(Row& minute, std::uint64_t ms, std::uint64_t seconds) {
  const std::uint32_t bucket = lag_bucket(ms);
  const auto at = std::ranges::lower_bound(minute.lags, bucket, {}, &LagCount::bucket);
  if (at != minute.lags.end() && at->bucket == bucket) {
    at->seconds += static_cast<std::uint32_t>(seconds);
  } else {
    minute.lags.insert(at, {bucket, static_cast<std::uint32_t>(seconds)});
  }
}

// A value of 0 is "not known" of a round trip; of a lag it is a value.
std::uint64_t mean(Column column, const Row& minute, const Row& row) {
  const std::uint64_t a = minute[column];
  const std::uint64_t b = row[column];
  if (column == Column::rtt_us && (a == 0 || b == 0)) return std::max(a, b);
  const double sum = static_cast<double>(a) * static_cast<double>(minute.span) +
                     static_cast<double>(b) * static_cast<double>(row.span);
  return static_cast<std::uint64_t>(sum / static_cast<double>(minute.span + row.span) + 0.5);
}

// The minutes of one link or group.
class Minutes {
 public:
  void add(const Block& seconds, std::string& out) {
    block_.kind = seconds.kind;
    block_.grain = Grain::minute;
    block_.name = seconds.name;
    block_.link = seconds.link;
    auto note = seconds.notes.begin();
    for (std::size_t i = 0; i < seconds.rows.size(); ++i) {
      add(seconds.rows[i], out);
      for (; note != seconds.notes.end() && note->row <= i; ++note) {
        if (block_.notes.size() < kNotesMax)
          block_.notes.push_back({block_.rows.size() - 1, note->text});
      }
    }
  }
  void end(std::string& out) {
    if (!block_.rows.empty()) out += encode_block(block_);
    block_.rows.clear();
    block_.notes.clear();
  }

 private:
  void add(const Row& row, std::string& out) {
    if (!block_.rows.empty() && can_add(block_.rows.back(), row))
      return add_to_minute(block_.rows.back(), row);
    const bool ends =
        !block_.rows.empty() &&
        (block_.rows.size() >= kMinutesInBlock || block_.notes.size() >= kNotesMax ||
         !same_clock(block_.rows.front(), row) || row.tick < block_.rows.back().end());
    if (ends) end(out);
    block_.rows.push_back(begin_minute(row));
  }

  Block block_;
};

}  // namespace

Row begin_minute(const Row& row) {
  Row minute = row;
  minute.lags.clear();
  count_lag(minute, row[Column::lag_ms], row.span);
  return minute;
}

bool can_add(const Row& minute, const Row& row) {
  return same_clock(minute, row) && minute.end() == row.tick &&
         minute_of(minute.tick) == minute_of(row.tick) && minute.span + row.span <= kSpanMax;
}

void add_to_minute(Row& minute, const Row& row) {
  for (const ColumnRule& rule : kColumnRules) {
    std::uint64_t& value = minute[rule.column];
    switch (rule.merge) {
      case Merge::sum:
        value = std::min(value + row[rule.column], kValueMax);
        break;
      case Merge::mean:
        value = mean(rule.column, minute, row);
        break;
      case Merge::last:
        value = row[rule.column];
        break;
      case Merge::most:
        value = std::max(value, row[rule.column]);
        break;
    }
  }
  count_lag(minute, row[Column::lag_ms], row.span);
  minute.span += row.span;
}

Downsampled downsample(std::string_view seconds) {
  Downsampled result;
  std::map<std::pair<Kind, std::string>, Minutes> all;
  BlockReader reader(seconds);
  while (const auto block = reader.next()) {
    if (block->grain == Grain::minute) {
      result.blocks += encode_block(*block);
    } else {
      all[{block->kind, block->name}].add(*block, result.blocks);
    }
  }
  for (auto& [key, minutes] : all) minutes.end(result.blocks);
  result.damaged = reader.damaged();
  return result;
}

}  // namespace longthrow::trace
