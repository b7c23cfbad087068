// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/recorder.h"

#include <algorithm>
#include <cmath>

#include "proxy/trace/block.h"
#include "proxy/trace/columns.h"
#include "proxy/trace/minute.h"

namespace longthrow::trace {
namespace {

bool has_notice(const std::vector<Notice>& notices, NoticeKind what) {
  return std::ranges::any_of(notices, [&](const Notice& notice) { return notice.what == what; });
}

bool is_held(const std::string& name, const LinkStatus& link, const Status& status) {
  if (has_notice(link.notices, NoticeKind::held)) return true;
  return std::ranges::any_of(status.groups, [&](const auto& entry) {
    return entry.second.link == name && has_notice(entry.second.notices, NoticeKind::held);
  });
}

// A total that has become smaller began anew meanwhile.
std::uint64_t since(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

void set_lag(Row& row, const Lag& lag) {
  row[Column::lag_bytes] = lag.bytes;
  const double ms = std::isfinite(lag.seconds) ? std::max(lag.seconds, 0.0) * 1000 : 0.0;
  row[Column::lag_ms] = static_cast<std::uint64_t>(std::min(ms, 1e15));
}

std::int64_t wall_seconds(WallTime time) {
  return std::clamp<std::int64_t>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count(), 0, kWallMax);
}

void finish(Row& row) {
  for (const ColumnRule& rule : kColumnRules) {
    if (rule.merge == Merge::most) row[rule.column] = largest_of_second(rule, row);
  }
}

}  // namespace

// A look belongs to the tick that it is nearest to, and tells of the time since the one before.
std::string Recorder::look(const Status& status, TimePoint now, WallTime wall_now) {
  const auto tick =
      static_cast<std::uint64_t>(std::max<std::int64_t>(std::llround(seconds_of(now - began_)), 0));
  if (tick <= last_tick_ || tick > kTickMax) return {};
  const std::uint64_t apart = tick - last_tick_;
  Place place{.tick = last_tick_, .span = apart};
  if (apart > kApartMax) place.before = Place::Before::unknown;
  place.wall = std::max<std::int64_t>(wall_seconds(wall_now) - static_cast<std::int64_t>(apart), 0);
  std::string out;
  if (ends_block(place)) out = flush();
  last_tick_ = tick;
  left_out_ = 0;
  for (auto& [key, subject] : subjects_) subject.seen = false;
  for (const auto& [name, link] : status.links) look_at_link(name, link, status, place);
  for (const auto& [name, group] : status.groups) look_at_group(name, group, place);
  std::erase_if(subjects_, [](const auto& entry) {
    return !entry.second.seen && entry.second.block.rows.empty();
  });
  return out;
}

bool Recorder::ends_block(const Place& place) const {
  return std::ranges::any_of(subjects_, [&](const auto& entry) {
    const auto& rows = entry.second.block.rows;
    if (rows.empty()) return false;
    const Row& first = rows.front();
    return minute_of(first.tick) != minute_of(place.tick) || !same_clock(first, row_at(place));
  });
}

std::string Recorder::flush() {
  std::string out;
  for (auto& [key, subject] : subjects_) {
    if (!subject.block.rows.empty()) out += encode_block(subject.block);
    subject.block.rows.clear();
    subject.block.notes.clear();
  }
  return out;
}

Recorder::Subject* Recorder::subject(Kind kind, const std::string& name, const Place& place) {
  const auto found = subjects_.find({kind, name});
  if (found == subjects_.end() && subjects_.size() >= kSubjectsMax) {
    ++left_out_;
    return nullptr;
  }
  Subject& subject = subjects_[{kind, name}];
  subject.seen = true;
  subject.block.kind = kind;
  subject.block.name = name;
  if (place.before == Place::Before::known) subject.block.rows.push_back(row_at(place));
  return &subject;
}

Row Recorder::row_at(const Place& place) const {
  Row row;
  row.run = run_;
  row.tick = place.tick;
  row.wall = place.wall;
  row.span = place.span;
  return row;
}

void Recorder::look_at_link(const std::string& name, const LinkStatus& link, const Status& status,
                            const Place& place) {
  Subject* subject = this->subject(Kind::link, name, place);
  if (subject == nullptr) return;
  const Totals before = std::move(subject->totals);
  Totals& now = subject->totals;
  now = {.raw_in = link.raw_in_bytes,
         .framed_raw = link.compression.raw_bytes,
         .framed_stored = link.compression.stored_bytes,
         .wire_out = link.wire_out_bytes,
         .limited_by = link.limited_by,
         .resent = {}};
  std::uint64_t again = 0;
  for (const LaneStatus& lane : link.lanes) {
    const std::string key = lane.name + ' ' + lane.local + ' ' + lane.remote;
    const auto found = before.resent.find(key);
    again += since(found == before.resent.end() ? 0 : found->second, lane.tcp.sent_again_bytes);
    now.resent[key] = lane.tcp.sent_again_bytes;
  }
  if (place.before == Place::Before::unknown) return;

  using enum Column;
  Row& row = subject->block.rows.back();
  const auto while_true = [&](bool is) { return is ? place.span : 0; };
  row[raw_in] = since(before.raw_in, now.raw_in);
  row[framed_raw] = since(before.framed_raw, now.framed_raw);
  row[framed_stored] = since(before.framed_stored, now.framed_stored);
  row[wire_out] = since(before.wire_out, now.wire_out);
  row[resent] = again;
  // Frames may wait for a moment on a link that has room. It was full throughout if they waited at
  // both looks, and as much is left as was sent between them.
  const bool by_wan = before.limited_by == Limit::wan && now.limited_by == Limit::wan &&
                      link.buffer.used_bytes >= row[wire_out];
  row[wan_s] = while_true(by_wan);
  row[wan_wire] = by_wan ? row[wire_out] : 0;
  row[rtt_us] = static_cast<std::uint64_t>(std::clamp(link.rtt_ms.value_or(0.0), 0.0, 1e9) * 1000);
  row[up_s] = while_true(link.state == LinkState::up);
  row[paused_s] =
      while_true(link.paused_since.has_value() || has_notice(link.notices, NoticeKind::paused));
  row[full_s] = while_true(link.buffer.full);
  row[held_s] = while_true(is_held(name, link, status));
  row[memlimit] = link.buffer.limit_bytes;
  row[send_limit] = link.buffer.send_limit_bytes;
  row[bandwidth] = link.bandwidth.bytes_s;
  set_lag(row, link.lag);
  finish(row);
}

void Recorder::look_at_group(const std::string& name, const GroupStatus& group,
                             const Place& place) {
  Subject* subject = this->subject(Kind::group, name, place);
  if (subject == nullptr || place.before == Place::Before::unknown) return;
  Block& block = subject->block;
  block.link = group.link;
  using enum Column;
  Row& row = block.rows.back();
  row[held_s] = has_notice(group.notices, NoticeKind::held) ? place.span : 0;
  row[not_consistent_s] = group.consistent == Consistency::no ? place.span : 0;
  row[copy_unknown_s] = group.consistent == Consistency::unknown ? place.span : 0;
  set_lag(row, group.lag);
  finish(row);
  const std::string note = group.consistent == Consistency::yes ? "" : group.reason;
  if (note == subject->noted || block.notes.size() >= kNotesMax) return;
  subject->noted = note;
  block.notes.push_back({.row = block.rows.size() - 1, .text = note});
}

}  // namespace longthrow::trace
