// SPDX-License-Identifier: Apache-2.0
// takeover answers when all that is here is handed over and the legs are closed, or nothing gets
// on.
#include "proxy/base/log.h"
#include "proxy/groups/takeover_report.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {
namespace {

// Beyond abort_linger, in which a leg ends by itself.
constexpr Duration kMargin = std::chrono::seconds(5);

Answer refused(std::string message) { return {.ok = false, .message = std::move(message)}; }

}  // namespace

std::optional<Answer> NodeImpl::refuse_takeover(const TakeoverTask& task, bool force) const {
  if (force) return std::nullopt;
  if (task.link->up()) {
    return refused(
        format("the link is up: the other site's node lives. Stop the replication there first, or "
               "say --force to cut it off from {}",
               task.name));
  }
  std::uint64_t source_bytes = 0;
  for (const std::string& group : task.groups) source_bytes += task.link->source_bytes(group);
  if (source_bytes == 0) return std::nullopt;
  return refused(format(
      "this node has accepted {} bytes for the other site that are not known to be delivered "
      "there, "
      "on streams that gave more from here to there than they got: a takeover here would destroy "
      "what is missing there. If the other site is to be made primary, take over there; else say "
      "--force",
      source_bytes));
}

void NodeImpl::begin_takeover(CommandId id, const Takeover& command, AnswerHandler handler) {
  Link* link = link_named(command.name);
  const bool whole_link = link != nullptr;
  if (!whole_link) link = link_of_group(command.name);
  if (link == nullptr) return handler(unknown_link(command.name));
  if (join_takeover(command.name, handler)) return;
  TakeoverTask task{.link = link, .name = command.name, .handler = std::move(handler)};
  task.groups = whole_link ? link->group_names() : std::set<std::string>{command.name};
  if (const auto refusal = refuse_takeover(task, command.force)) return task.handler(*refusal);
  Fences fences = fences_;
  (whole_link ? fences.links : fences.groups).insert(command.name);
  fences.unsure_links.erase(command.name);
  const auto since = parts_.loop.wall_now().time_since_epoch();
  (whole_link ? fences.links_since_s : fences.groups_since_s)
      .try_emplace(command.name, std::chrono::floor<std::chrono::seconds>(since).count());
  if (auto saved = save_fences(config_.node.state_dir, fences); !saved) {
    return task.handler(refused(format("nothing was done: the fence could not be made durable: {}",
                                       saved.error().message)));
  }
  fences_ = std::move(fences);
  link->fill_status(task.before);
  if (whole_link) {
    link->fence();
  } else {
    link->fence_group(command.name);
  }
  log_warning("takeover of {}: fenced", command.name);
  task.progress_at = parts_.loop.now();
  if (advance_takeover(task)) return;
  takeovers_.emplace(id, std::move(task));
  start_tasks();
}

bool NodeImpl::advance_takeover(TakeoverTask& task) {
  const TimePoint now = parts_.loop.now();
  Link::HandOver left;
  for (const std::string& group : task.groups) left.add(task.link->hand_over(group));
  if (left.bytes < std::exchange(task.left_bytes, left.bytes)) task.progress_at = now;
  if (left.legs > 0 && now - task.progress_at >= task.link->config().abort_linger + kMargin) {
    for (const std::string& group : task.groups) task.link->end_hand_over(group);
    left.legs = 0;
  }
  if (left.legs == 0) {
    end_takeover(task);
    return true;
  }
  task.pace.note(now, left.bytes);
  Answer::Progress progress{.left_bytes = left.bytes, .rate_bytes_s = task.pace.bytes_s()};
  if (progress.rate_bytes_s > 1)
    progress.eta_s = static_cast<double>(left.bytes) / progress.rate_bytes_s;
  task.handler({.done = false, .progress = progress});
  return false;
}

// Whether a copy is consistent was judged before its connections were ended; as of when it is, now.
void NodeImpl::end_takeover(TakeoverTask& task) {
  Status after;
  task.link->fill_status(after);
  keep_copies();
  TakeoverReport report;
  for (const std::string& group : task.groups) {
    GroupStatus status = task.before.groups[group];
    status.inbound = after.groups[group].inbound;
    report.add({.name = group,
                .status = std::move(status),
                .lost_bytes = task.link->hand_over(group).lost_bytes});
  }
  Answer answer = report.answer(task.name);
  for (const std::string& line : answer.details) log_warning("takeover of {}: {}", task.name, line);
  taken_[task.name] = answer;
  task.handler(std::move(answer));
}

// Asked for again: what it has ended must not be judged anew.
bool NodeImpl::join_takeover(const std::string& name, const AnswerHandler& handler) {
  if (const auto answer = taken_.find(name); answer != taken_.end()) {
    handler(answer->second);
    return true;
  }
  for (auto& [id, task] : takeovers_) {
    if (task.name != name) continue;
    task.handler = [first = std::move(task.handler), second = handler](const Answer& answer) {
      first(answer);
      second(answer);
    };
    return true;
  }
  return false;
}

}  // namespace longthrow
