// SPDX-License-Identifier: Apache-2.0
// The one table of the columns: who has them, and how seconds become a minute. Its order is that of
// the file: a column that is added comes last, with a new version of the block.
#pragma once

#include "proxy/trace/row.h"

namespace longthrow::trace {

enum class Owner : std::uint8_t { link, group, both };
// `most`: the largest of another column's seconds, which a row of a second does not store.
enum class Merge : std::uint8_t { sum, mean, last, most };

struct ColumnRule {
  Column column;
  Owner owner = Owner::link;
  Merge merge = Merge::sum;
  Column of = Column::raw_in;  // of `most`
};

inline constexpr std::array<ColumnRule, kColumns> kColumnRules = [] {
  using enum Column;
  using enum Owner;
  using enum Merge;
  return std::array<ColumnRule, kColumns>{{
      {raw_in, link, sum},
      {framed_raw, link, sum},
      {framed_stored, link, sum},
      {wire_out, link, sum},
      {wan_wire, link, sum},
      {wan_s, link, sum},
      {rtt_us, link, mean},
      {resent, link, sum},
      {up_s, link, sum},
      {paused_s, link, sum},
      {full_s, link, sum},
      {memlimit, link, last},
      {send_limit, link, last},
      {bandwidth, link, last},
      {held_s, both, sum},
      {not_consistent_s, group, sum},
      {copy_unknown_s, group, sum},
      {lag_bytes, both, mean},
      {lag_ms, both, mean},
      {raw_in_max, link, most, raw_in},
      {wire_out_max, link, most, wire_out},
      {rtt_us_max, link, most, rtt_us},
      {lag_bytes_max, both, most, lag_bytes},
      {lag_ms_max, both, most, lag_ms},
  }};
}();

static_assert([] {
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (kColumnRules[i].column != static_cast<Column>(i)) return false;
  }
  return true;
}());

[[nodiscard]] constexpr bool has(const ColumnRule& rule, Kind kind) {
  return rule.owner == Owner::both || (rule.owner == Owner::link) == (kind == Kind::link);
}
// Whether a file stores the column in rows of this grain.
[[nodiscard]] constexpr bool is_stored(const ColumnRule& rule, Kind kind, Grain grain) {
  return has(rule, kind) && (grain == Grain::minute || rule.merge != Merge::most);
}
// What a row of seconds has as the largest of one second.
[[nodiscard]] inline std::uint64_t largest_of_second(const ColumnRule& rule, const Row& row) {
  const std::uint64_t value = row[rule.of];
  const bool is_rate = kColumnRules[static_cast<std::size_t>(rule.of)].merge == Merge::sum;
  return is_rate ? (value + row.span - 1) / row.span : value;
}

}  // namespace longthrow::trace
