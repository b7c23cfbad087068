// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/made_checkpoints.h"

#include <algorithm>
#include <utility>

#include "proxy/base/foreign_text.h"
#include "proxy/base/human.h"
#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/relay/link_numbers.h"

namespace longthrow {
namespace {

constexpr Duration kScheduledDeadline = std::chrono::seconds(10);

WallTime civil(std::int64_t ns) { return WallTime(Duration(ns)); }

// 20260131T120000Z
std::string name_of(WallTime time) {
  std::string name = utc_text(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  if (const auto dot = name.find('.'); dot != std::string::npos) name = name.substr(0, dot) + "Z";
  return name;
}

// The newest moment of a schedule that counts from midnight UTC.
WallTime moment_before(WallTime now, Duration every) {
  const WallTime midnight = std::chrono::floor<std::chrono::days>(now);
  return midnight + (now - midnight) / every * every;
}

}  // namespace

CheckpointRecord* MadeCheckpoints::current(const std::string& group) {
  const auto found = under_way_.find(group);
  return found != under_way_.end() ? book().find(group, Side::here, found->second) : nullptr;
}

Result<std::uint64_t> MadeCheckpoints::begin(const Group& group, const Wanted& wanted) {
  reap();
  if (makers_.contains(group.name) || under_way_.contains(group.name))
    return fail(format("group {} has a checkpoint under way: it comes first", group.name));
  const Session* session = parts_.peer.session();
  if (session == nullptr) return fail(format("link {} has no session with its peer", parts_.link));
  if (!session->peer_takes_checkpoints())
    return fail(format("the peer of link {} knows no checkpoints: upgrade it", parts_.link));
  const auto writes = LinkNumbers::writing_side(group);
  if (!writes) {
    return fail(
        format("nothing was written in group {} since its connections have begun: there is "
               "no place for a checkpoint yet",
               group.name));
  }
  if (*writes == Side::peer)
    return fail(
        format("no program of group {} writes here: ask for it at the site that does", group.name));
  const WallTime now = wall_now();
  const std::string name = wanted.name.empty() ? name_of(now) : wanted.name;
  if (!wire::is_checkpoint_name(name))
    return fail(
        "a checkpoint's name must be 1 to 64 letters, digits, \".\", \"_\" or \"-\", the "
        "first no \"-\"");
  const bool taken = std::ranges::any_of(book().all(), [&](const CheckpointRecord& record) {
    return record.group == group.name && record.made == Side::here && record.name == name;
  });
  if (taken) return fail(format("group {} has a checkpoint \"{}\" already", group.name, name));
  const std::uint64_t id = book().new_id(group.name, now);
  GroupCutter& cutter = parts_.epochs.cutter(group.name);
  cutter.begin_checkpoint();
  makers_[group.name] = std::make_unique<CheckpointMaker>(
      CheckpointMaker::Parts{.loop = parts_.context.parts.loop,
                             .positions = parts_.context.parts.sources,
                             .peer = parts_.peer,
                             .cutter = cutter,
                             .on_change = [this, its_group = group.name] { on_maker(its_group); }},
      CheckpointMaker::Wanted{.sources = wanted.sources,
                              .id = id,
                              .created = now,
                              .name = name,
                              .deadline = wanted.deadline});
  return id;
}

void MadeCheckpoints::give_up(const std::string& group, std::uint64_t id) {
  const auto found = makers_.find(group);
  if (found != makers_.end() && found->second->wanted().id == id)
    found->second->give_up("it was given up");
}

const CheckpointRecord* MadeCheckpoints::find(const std::string& group, std::uint64_t id) const {
  return book().find(group, Side::here, id);
}

void MadeCheckpoints::on_maker(const std::string& group) {
  const CheckpointMaker& maker = *makers_.at(group);
  const CheckpointMaker::Wanted& wanted = maker.wanted();
  if (maker.state() != CheckpointMaker::State::looking && find(group, wanted.id) == nullptr) {
    const bool placed = maker.state() == CheckpointMaker::State::placed;
    CheckpointRecord& record = book().add({.group = group,
                                           .link = parts_.link,
                                           .name = wanted.name,
                                           .id = wanted.id,
                                           .made = Side::here,
                                           .created = wanted.created,
                                           .proof = maker.proof()});
    under_way_[group] = wanted.id;
    if (placed) {
      log_info("group {}: checkpoint {}: placed, proven by: {}", group, wanted.name,
               to_string(maker.proof()));
      parts_.context.checkpoints.on_change();
    } else {
      finish(record, CheckpointState::failed, maker.why());
    }
  }
  parts_.on_idle();
}

void MadeCheckpoints::finish(CheckpointRecord& record, CheckpointState state,
                             const std::string& text) {
  record.state = state;
  record.text = text;
  if (!record.ended) record.ended = wall_now();
  record.took = std::max(Duration(0), wall_now() - record.created);
  if (state == CheckpointState::failed) {
    note_reached(Mark::checkpoint_failed);
    log_warning("group {}: checkpoint {} has failed: {}", record.group, record.name, text);
  } else {
    note_reached(Mark::checkpoint_done);
    log_info("group {}: checkpoint {}: done after {:.1f} s", record.group, record.name,
             seconds_of(*record.took));
  }
  book().note_over(record);
  under_way_.erase(record.group);
  parts_.epochs.cutter(record.group).end_checkpoint();
  parts_.context.checkpoints.on_change();
}

// Those whose place is found, or will not be. Not called from their own callbacks.
void MadeCheckpoints::reap() {
  std::erase_if(makers_, [](const auto& entry) {
    return entry.second->state() != CheckpointMaker::State::looking && entry.second->idle();
  });
}

bool MadeCheckpoints::idle() const {
  return std::ranges::all_of(makers_, [](const auto& entry) { return entry.second->idle(); });
}

void MadeCheckpoints::take_report(CheckpointRecord& record, const wire::CheckpointReport& report) {
  if (report.state <= record.state) return;
  if (report.state == CheckpointState::received) record.received = civil(report.civil_ns);
  if (report.state == CheckpointState::reached) record.reached = civil(report.civil_ns);
  record.state = report.state;
  record.applied = report.applied;
  record.hook = report.hook;
  if (!is_over(report.state)) return parts_.context.checkpoints.on_change();
  record.ended = civil(report.civil_ns);
  finish(record, report.state, escape_foreign(report.text));
}

void MadeCheckpoints::look_at_reports() {
  if (parts_.peer.session() == nullptr) return;
  for (auto& [name, state] : parts_.peer.session()->groups()) {
    CheckpointRecord* record = current(name);
    const auto& report = state.checkpoint_at_peer;
    if (record != nullptr && report && report->id == record->id) take_report(*record, *report);
  }
}

void MadeCheckpoints::look_at_fates() {
  if (parts_.peer.session() == nullptr) return;
  for (auto& [name, state] : parts_.peer.session()->groups()) {
    CheckpointRecord* record = current(name);
    if (record == nullptr) continue;
    const Group* group = parts_.routes.groups().find(name);
    if (group == nullptr || !group->configured()) {
      finish(*record, CheckpointState::failed, "the group has left the configuration");
    } else if (state.out_epochs.checkpoint() == CheckpointFate::overtaken) {
      finish(*record, CheckpointState::failed,
             "an epoch had to be closed for its size before all bytes of the checkpoint were sent");
    }
  }
}

void MadeCheckpoints::begin_scheduled() {
  for (const auto& [name, config] : config_) {
    if (!config.checkpoint_every) continue;
    const WallTime moment = moment_before(wall_now(), *config.checkpoint_every);
    const auto [seen, first] = scheduled_.try_emplace(name, moment);
    if (first || moment <= seen->second) {
      seen->second = moment;
      continue;
    }
    if (makers_.contains(name) || under_way_.contains(name)) continue;  // it comes first
    seen->second = moment;
    const Group* group = parts_.routes.groups().find(name);
    if (group == nullptr || LinkNumbers::writing_side(*group) != Side::here) continue;
    const auto begun =
        begin(*group, {.name = name_of(moment),
                       .deadline = parts_.context.parts.loop.now() + kScheduledDeadline});
    if (!begun) log_warning("checkpoint_every: {}", begun.error().message);
  }
}

// --- what happens

void MadeCheckpoints::on_news() {
  reap();
  look_at_reports();
}

void MadeCheckpoints::on_tick() {
  reap();
  look_at_fates();
  begin_scheduled();
}

void MadeCheckpoints::end(const std::string& why, const Group* group) {
  for (const auto& [name, maker] : makers_) {
    if (group == nullptr || group->name == name) maker->give_up(why);
  }
}

void MadeCheckpoints::end_session(const std::string& why) {
  end(why, nullptr);
  for (const auto& [name, id] : std::map(under_way_)) {
    if (CheckpointRecord* record = current(name); record != nullptr)
      finish(*record, CheckpointState::failed,
             format("{}: only the peer knows whether the copy has reached it", why));
  }
}

}  // namespace longthrow
