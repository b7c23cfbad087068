// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/takeover_task.h"

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/groups/takeover_report.h"

namespace longthrow {

TakeoverTask::TakeoverTask(Loop& loop, Link& link, Of of, std::string name,
                           Node::AnswerHandler handler, OnTaken on_taken)
    : Task(link, std::move(handler)),
      loop_(loop),
      of_(of),
      name_(std::move(name)),
      names_(of == Of::link ? link.group_names() : std::set<std::string>{name_}),
      on_taken_(std::move(on_taken)) {}

std::optional<std::string> TakeoverTask::objection() const {
  if (link().peer().up()) {
    return format(
        "the link is up: the other site's node lives. Stop the replication there first, or say "
        "--force to cut it off from {}",
        name_);
  }
  std::uint64_t source_bytes = 0;
  for (const Group* group : groups()) source_bytes += LinkNumbers::source_bytes(*group);
  if (source_bytes == 0) return std::nullopt;
  return format(
      "this node has accepted {} bytes for the other site that are not known to be delivered "
      "there, on streams that gave more from here to there than they got: a takeover here would "
      "destroy what is missing there. If the other site is to be made primary, take over there; "
      "else say --force",
      source_bytes);
}

void TakeoverTask::fence() {
  link().fill_status(before_);
  // A group that has left the configuration has no copy that anybody wants to use.
  std::erase_if(before_.groups, [this](const auto& entry) {
    return its_link().configured_group(entry.first) == nullptr;
  });
  if (of_ == Of::link) {
    its_link().fence();
  } else {
    for (Group* group : groups()) its_link().fence(*group);
  }
  log_warning("takeover of {}: fenced", name_);
  progress_at_ = loop_.now();
}

bool TakeoverTask::advance() {
  const TimePoint now = loop_.now();
  LeftToHandOver left;
  for (const Group* group : groups()) left.add(Link::left_to_hand_over(*group));
  if (left.bytes < std::exchange(left_bytes_, left.bytes)) progress_at_ = now;
  if (left.legs > 0 && now - progress_at_ >= link().config().abort_linger + kMargin) {
    for (const Group* group : groups()) its_link().abort_hand_over(*group);
    left.legs = 0;
  }
  if (left.legs == 0 || planted(Plant::takeover_answers_at_once)) {
    end();
    return true;
  }
  pace_.note(now, left.bytes);
  Answer::Progress progress{.left_bytes = left.bytes, .rate_bytes_s = pace_.bytes_s()};
  if (progress.rate_bytes_s > 1)
    progress.eta_s = static_cast<double>(left.bytes) / progress.rate_bytes_s;
  answer({.done = false, .progress = progress});
  return false;
}

// The groups of the takeover that still exist.
std::vector<Group*> TakeoverTask::groups() const {
  std::vector<Group*> groups;
  for (const std::string& name : names_) {
    if (Group* group = its_link().find_group(name); group != nullptr) groups.push_back(group);
  }
  return groups;
}

// Reports `consistent` as it was before the fence ended the connections, and `as of` as it is now.
void TakeoverTask::end() {
  Status after;
  link().fill_status(after);
  TakeoverReport report;
  for (const std::string& name : names_) {
    const auto before = before_.groups.find(name);
    if (before == before_.groups.end()) continue;
    GroupStatus status = before->second;
    // A reload may have removed the group meanwhile: then `as of` from before stands.
    if (after.groups[name].inbound.as_of) status.inbound = after.groups[name].inbound;
    const Group* group = its_link().find_group(name);
    report.add({.name = name,
                .status = std::move(status),
                .lost_bytes = group != nullptr ? group->taken_lost_bytes : 0,
                .left_out_bytes = group != nullptr ? group->taken_left_out_bytes : 0});
  }
  Answer final = report.answer(name_);
  for (const std::string& line : final.details) log_warning("takeover of {}: {}", name_, line);
  on_taken_(final);
  answer(std::move(final));
}

bool TakeoverTask::abandon() {
  handler() = [](const Answer&) {};
  return false;
}

void TakeoverTask::hinder(Hindrance why) {
  refuse(why == Hindrance::node_stops ? "it is fenced, but the node is stopping"
                                      : format("link {} was removed by a reload", link().name()));
}

void TakeoverTask::on_released() {
  note_reached(Mark::takeover_released_midway);
  refuse(
      format("{} was released before all was handed over: this takeover does not judge what its "
             "targets have",
             name_));
}

void TakeoverTask::join(const Node::AnswerHandler& second) {
  note_reached(Mark::takeover_joined);
  handler() = [first = std::move(handler()), second](const Answer& answer) {
    first(answer);
    second(answer);
  };
}

}  // namespace longthrow
