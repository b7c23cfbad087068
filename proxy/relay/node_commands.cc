// SPDX-License-Identifier: Apache-2.0
// The commands that an administrator gives to a node.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/groups/restart_verdict.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {
namespace {

Answer done(std::string message) { return {.message = std::move(message)}; }
Answer refused(std::string message) { return {.ok = false, .message = std::move(message)}; }

}  // namespace

Link* NodeImpl::link_named(const std::string& name) {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

Link* NodeImpl::link_of_group(const std::string& group) {
  for (auto& [name, link] : links_) {
    if (link->configured_group(group) != nullptr) return link.get();
  }
  return nullptr;
}

Answer NodeImpl::unknown_link(const std::string& name) const {
  std::string known;
  for (const auto& [link, unused] : links_) known += " " + link;
  return refused(
      format("there is no link \"{}\"; links:{}", name, known.empty() ? " none" : known));
}

Answer NodeImpl::unknown_group(const std::string& name) const {
  std::string known;
  for (const auto& [group, unused] : config_.groups) known += " " + group;
  return refused(
      format("there is no group \"{}\"; groups:{}", name, known.empty() ? " none" : known));
}

Node::CommandId NodeImpl::execute(Command command, AnswerHandler handler) {
  const CommandId id = next_command_++;
  if (auto* ping = std::get_if<Ping>(&command)) {
    Link* link = link_named(ping->link);
    if (link == nullptr) {
      handler(unknown_link(ping->link));
      return id;
    }
    link->peer().ping([handler = std::move(handler), name = ping->link](std::optional<double> ms) {
      Answer answer = ms ? done(format("link {}: {:.2f} ms", name, *ms))
                         : refused(format("link {} is not up; `longthrow status` says why", name));
      answer.rtt_ms = ms;
      handler(answer);
    });
    return id;
  }
  if (auto* drain = std::get_if<Drain>(&command)) {
    Link* link = link_of_group(drain->group);
    if (link == nullptr) {
      handler(unknown_group(drain->group));
      return id;
    }
    const TimePoint deadline =
        drain->timeout > Duration(0) ? parts_.loop.now() + drain->timeout : kNever;
    add_drain(id, *link,
              {.group = drain->group,
               .then = drain->hold ? DrainTask::Then::hold : DrainTask::Then::go_on,
               .deadline = deadline},
              std::move(handler));
    return id;
  }
  if (auto* pause = std::get_if<Pause>(&command)) {
    begin_pause(id, *pause, std::move(handler));
    return id;
  }
  if (const auto* checkpoint = std::get_if<MakeCheckpoint>(&command)) {
    begin_checkpoint(id, *checkpoint, std::move(handler));
    return id;
  }
  if (const auto* takeover = std::get_if<Takeover>(&command)) {
    begin_takeover(id, *takeover, std::move(handler));
    return id;
  }
  const Answer answer = std::visit(
      [&](const auto& each) -> Answer {
        if constexpr (requires { run(each); }) {
          return run(each);
        } else {
          return refused("not a command of this node");
        }
      },
      command);
  handler(answer);
  return id;
}

// --- settings

Answer NodeImpl::run(const SetMemlimit& command) {
  Link* link = link_named(command.link);
  if (link == nullptr) return unknown_link(command.link);
  if (auto set = link->set_memlimit(command.bytes); !set) return refused(set.error().message);
  log_info("link {}: memlimit is now {} bytes", command.link, command.bytes);
  return done(format("link {}: memlimit is now {} bytes", command.link, command.bytes));
}

Answer NodeImpl::run(const SetCompression& command) {
  Link* link = link_named(command.link);
  if (link == nullptr) return unknown_link(command.link);
  link->set_compression(command.setting);
  log_info("link {}: compression is now {}", command.link, to_string(command.setting));
  return done(format("link {}: compression is now {}", command.link, to_string(command.setting)));
}

Answer NodeImpl::run(const SetBandwidth& command) {
  Link* link = link_named(command.link);
  if (link == nullptr) return unknown_link(command.link);
  link->set_bandwidth(command.bytes_s);
  const std::string value =
      command.bytes_s == 0 ? "unlimited" : format("{} bytes/s", command.bytes_s);
  log_info("link {}: bandwidth is now {}", command.link, value);
  const bool until = link->peer().sender().bandwidth().minutes_to_change().has_value();
  return done(format("link {}: bandwidth is now {}{}", command.link, value,
                     until ? ", until bandwidth_schedule changes it" : ""));
}

// --- tasks

void NodeImpl::begin_pause(CommandId id, const Pause& command, AnswerHandler handler) {
  Link* link = link_named(command.link);
  if (link == nullptr) return handler(unknown_link(command.link));
  if (command.drain)
    return add_drain(id, *link, {.then = DrainTask::Then::pause}, std::move(handler));
  link->pause();
  handler({.message = format("link {0}: paused; `longthrow resume {0}` ends it", command.link)});
}

void NodeImpl::add_drain(CommandId id, Link& link, DrainTask::Wanted wanted,
                         AnswerHandler handler) {
  tasks_.add(id, std::make_unique<DrainTask>(parts_.loop, link, id, std::move(wanted),
                                             std::move(handler)));
  start_tasks();
}

void NodeImpl::on_task_timer() {
  tasks_.advance();
  start_tasks();
}

void NodeImpl::start_tasks() {
  if (tasks_.hurries()) {
    parts_.loop.arm(task_timer_, parts_.loop.now());
  } else if (!tasks_.empty() && !task_timer_.armed()) {
    parts_.loop.arm(task_timer_, parts_.loop.now() + kTaskTick);
  }
}

void NodeImpl::abandon(CommandId id) { tasks_.abandon(id); }

Answer NodeImpl::run(const Resume& command) {
  if (Link* link = link_named(command.name); link != nullptr && link->stops().paused()) {
    link->resume();
    return done(format("link {}: resumed", command.name));
  }
  Link* link = link_of_group(command.name);
  Group* group = link != nullptr ? link->configured_group(command.name) : nullptr;
  if (group != nullptr && group->held()) {
    link->end_hold(*group);
    return done(format("group {}: input flows again", command.name));
  }
  if (link == nullptr && link_named(command.name) == nullptr) return unknown_link(command.name);
  return done(format("{} was neither paused nor held", command.name));
}

// --- the fence

Answer NodeImpl::run(const Release& command) {
  Fences fences = fences_;
  const bool was_link = fences.links.erase(command.name) > 0;
  const bool was_group = fences.groups.erase(command.name) > 0;
  fences.links_since_s.erase(command.name);
  fences.unsure_links.erase(command.name);
  fences.groups_since_s.erase(command.name);
  if (!was_link && !was_group) return refused(format("{} is not fenced", command.name));
  if (auto saved = save_fences(config_.node.state_dir, fences); !saved)
    return refused(saved.error().message);
  fences_ = std::move(fences);
  tasks_.on_released(command.name);
  if (Link* link = link_named(command.name); was_link && link != nullptr) link->unfence();
  // Asks all links: the group may have left the configuration since it was fenced.
  for (auto& [name, link] : links_) {
    Group* group = was_group ? link->find_group(command.name) : nullptr;
    if (group != nullptr) link->unfence(*group);
  }
  log_info("{}: released", command.name);
  return done(format("{} is released: the peer may connect again", command.name));
}

Answer NodeImpl::run(const AcceptConsistent& command) {
  Link* link = link_of_group(command.group);
  if (link == nullptr) return unknown_group(command.group);
  Answer answer{.details = link->copies().accept(*link->configured_group(command.group))};
  for (const std::string& text : answer.details)
    log_warning("group {}: an administrator accepts its copies: {}", command.group, text);
  Status now;
  link->fill_status(now);
  const GroupStatus& status = now.groups[command.group];
  answer.ok = status.consistent == Consistency::yes;
  if (!answer.ok) {
    answer.message =
        format("group {} is {}: {}", command.group,
               status.consistent == Consistency::no ? "still not consistent"
                                                    : "still not known to be consistent",
               status.reason);
  } else if (answer.details.empty()) {
    answer.message = format("group {}: nothing stood against it", command.group);
  } else {
    answer.message =
        format("group {} counts as consistent here; the peer judges for itself", command.group);
  }
  return answer;
}

Answer NodeImpl::run(const Losses& command) {
  LossQuery query{.name = command.name, .since = command.since, .minor = command.minor};
  if (command.within) query.since = parts_.loop.wall_now() - *command.within;
  LossReport report = losses_.report(query);
  const std::string& name = command.name;
  const bool known = name.empty() || config_.links.contains(name) ||
                     config_.groups.contains(name) || config_.routes.contains(name);
  if (!known && report.losses.empty() && report.minor_left_out == 0) {
    return refused(format(
        "there is no link, group or route \"{}\", and no loss of that name in the ledger", name));
  }
  return {.losses = std::move(report)};
}

Answer NodeImpl::run(const RestartCheck&) {
  RestartReport report{.stop_timeout_s = seconds_of(config_.node.stop_timeout), .groups = {}};
  for (auto& [name, link] : links_) link->fill_restart(report);
  return restart_verdict(std::move(report));
}

}  // namespace longthrow
