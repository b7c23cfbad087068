// SPDX-License-Identifier: Apache-2.0
// drain, and pause --drain: they succeed only if every byte that was accepted before is delivered.
#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {
namespace {

Answer refused(std::string message) { return {.ok = false, .message = std::move(message)}; }

// What of it is certain.
std::string never_known(const DrainLeft& left) {
  if (left.lost_bytes == 0)
    return format("{} bytes are not known to be delivered", left.unknown_bytes);
  std::string text = format("{} bytes were not delivered", left.lost_bytes);
  if (left.unknown_bytes > 0)
    text += format(", and {} more are not known to be delivered", left.unknown_bytes);
  return text;
}

std::string not_drained(const DrainLeft& left) {
  if (left.failed()) {
    std::string text = format("not drained: {}: {}", never_known(left), left.lost_reason);
    if (left.bytes > 0) text += format("; {} bytes more are left", left.bytes);
    return text;
  }
  if (left.bytes > 0) return format("not drained in time: {} bytes are left", left.bytes);
  if (left.pair_ended) {
    return "all is delivered, but a connection of DRBD has ended meanwhile, and whether its last "
           "writes are on the peer's disk is not known";
  }
  return format(
      "all is delivered, but the peer's DRBD has not said in time that it is on its disk: {} "
      "barriers are without an answer",
      left.barriers);
}

}  // namespace

void NodeImpl::begin_pause(CommandId id, const Pause& command, AnswerHandler handler) {
  Link* link = link_named(command.link);
  if (link == nullptr) return handler(unknown_link(command.link));
  if (!command.drain) {
    link->pause();
    return handler(
        {.message = format("link {0}: paused; `longthrow resume {0}` ends it", command.link)});
  }
  add_drain(id, {.link = link, .pause_after = true, .handler = std::move(handler)});
}

void NodeImpl::add_drain(CommandId id, DrainTask task) {
  drains_.emplace(id, std::move(task));
  start_tasks();
}

void NodeImpl::begin_drain(CommandId id, const DrainTask& task) {
  std::set<std::string> groups{task.group};
  if (task.pause_after) groups = task.link->group_names();
  for (const std::string& group : groups) task.link->watch_drain(id, group, task.hold);
  // What the hold itself resets, connections that wait for the link, fails the drain.
  if (task.hold) task.link->hold_group(task.group, true);
}

bool NodeImpl::advance_drain(CommandId id, DrainTask& task) {
  if (task.turns_to_begin > 0) {
    if (--task.turns_to_begin > 0) return false;
    if (!task.pause_after && link_of_group(task.group) != task.link) {
      task.handler(unknown_group(task.group));  // a reload came between
      return true;
    }
    begin_drain(id, task);
  }
  const DrainLeft left = task.link->drain_left(id);
  const bool failed = left.failed() || parts_.loop.now() >= task.deadline;
  if (left.none() || failed) {
    end_drain(id, task, left);
    return true;
  }
  task.pace.note(parts_.loop.now(), left.bytes);
  task.handler(drain_progress(task, left));
  return false;
}

void NodeImpl::end_drain(CommandId id, DrainTask& task, const DrainLeft& left) {
  task.link->forget_drain(id);
  if (left.failed() || left.pair_ended || !left.none()) {
    if (task.hold) task.link->hold_group(task.group, false);
    std::string text = not_drained(left);
    if (task.pause_after) text += "; the link is not paused";
    log_warning("drain of {}: {}", task.pause_after ? "a link" : task.group, text);
    return task.handler(refused(std::move(text)));
  }
  Answer answer{.message = left.by_barriers
                               ? "all that was accepted before is on the peer's disk: DRBD says so"
                               : "all that was accepted before is delivered",
                .progress = Answer::Progress{}};
  if (task.pause_after) {
    task.link->pause();
    answer.message += "; the link is paused";
  }
  if (task.hold)
    answer.message += format("; input is held until `longthrow resume {}`", task.group);
  task.handler(answer);
}

Answer NodeImpl::drain_progress(DrainTask& task, const DrainLeft& left) {
  Answer::Progress progress{.left_bytes = left.bytes};
  if (!task.link->up()) {
    return {.done = false,
            .message = task.link->paused()
                           ? "the link is paused: nothing is delivered until it is resumed"
                           : format("the link is down: {}", task.link->down_reason()),
            .progress = progress};
  }
  progress.rate_bytes_s = task.pace.bytes_s();
  if (progress.rate_bytes_s > 1) {
    progress.eta_s = static_cast<double>(left.bytes) / progress.rate_bytes_s;
  }
  return {.done = false, .progress = progress};
}

void NodeImpl::abandon(CommandId id) {
  // It goes on without its asker: it is fenced, and what is here is worth handing over.
  if (const auto takeover = takeovers_.find(id); takeover != takeovers_.end())
    takeover->second.handler = [](const Answer&) {};
  const auto task = drains_.find(id);
  if (task == drains_.end()) return;
  const bool begun = task->second.turns_to_begin == 0;
  if (begun && task->second.hold) task->second.link->hold_group(task->second.group, false);
  task->second.link->forget_drain(id);
  drains_.erase(task);
}

}  // namespace longthrow
