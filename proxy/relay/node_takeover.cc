// SPDX-License-Identifier: Apache-2.0
// The node's part in a takeover: it makes the fence durable, and remembers the answer.
#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

void NodeImpl::begin_takeover(CommandId id, const Takeover& command, AnswerHandler handler) {
  Link* link = link_named(command.name);
  const auto of = link != nullptr ? TakeoverTask::Of::link : TakeoverTask::Of::group;
  if (link == nullptr) link = link_of_group(command.name);
  if (link == nullptr) return handler(unknown_link(command.name));
  if (tasks_.join_takeover(command.name, handler)) return;
  auto task = std::make_unique<TakeoverTask>(parts_.loop, *link, of, command.name, handler,
                                             [this, name = command.name](const Answer& answer) {
                                               keep_copies();
                                               tasks_.note_taken(name, answer);
                                             });
  if (const auto objection = task->objection(); objection && !command.force)
    return handler({.ok = false, .message = *objection});
  if (auto kept = keep_fence(of, command.name); !kept) {
    return handler({.ok = false,
                    .message = format("nothing was done: the fence could not be made durable: {}",
                                      kept.error().message)});
  }
  task->fence();
  if (task->advance()) return;
  tasks_.add(id, std::move(task));
  start_tasks();
}

Result<void> NodeImpl::keep_fence(TakeoverTask::Of of, const std::string& name) {
  const bool whole_link = of == TakeoverTask::Of::link;
  Fences fences = fences_;
  (whole_link ? fences.links : fences.groups).insert(name);
  fences.unsure_links.erase(name);
  const auto since = parts_.loop.wall_now().time_since_epoch();
  (whole_link ? fences.links_since_s : fences.groups_since_s)
      .try_emplace(name, std::chrono::floor<std::chrono::seconds>(since).count());
  if (auto saved = save_fences(config_.node.state_dir, fences); !saved) return saved;
  fences_ = std::move(fences);
  return {};
}

}  // namespace longthrow
