// SPDX-License-Identifier: Apache-2.0
// Checkpoints: the commands about them, and how the state directory keeps them.
#include "proxy/base/log.h"
#include "proxy/groups/checkpoint_file.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {
namespace {

constexpr Duration kPlaceTimeout = std::chrono::seconds(30);

}  // namespace

void NodeImpl::begin_checkpoint(CommandId id, const MakeCheckpoint& command,
                                AnswerHandler handler) {
  Link* link = link_of_group(command.group);
  if (link == nullptr) return handler(unknown_group(command.group));
  const Duration timeout = command.timeout > Duration(0) ? command.timeout : kPlaceTimeout;
  const auto begun =
      link->checkpoints().made.begin(*link->configured_group(command.group),
                                     {.name = command.name,
                                      .sources = command.frozen ? CheckpointPlacer::Sources::stand
                                                                : CheckpointPlacer::Sources::run,
                                      .deadline = parts_.loop.now() + timeout});
  if (!begun) return handler({.ok = false, .message = begun.error().message});
  tasks_.add(id, std::make_unique<CheckpointTask>(
                     *link,
                     CheckpointTask::Wanted{.group = command.group,
                                            .id = *begun,
                                            .until = command.wait ? CheckpointTask::Until::over
                                                                  : CheckpointTask::Until::placed},
                     std::move(handler)));
  start_tasks();
}

Answer NodeImpl::run(const ListCheckpoints& command) {
  if (!command.group.empty() && link_of_group(command.group) == nullptr)
    return unknown_group(command.group);
  CheckpointReport report{.not_kept = checkpoints_.not_kept};
  for (const CheckpointRecord& record : checkpoints_.book.all()) {
    if (command.group.empty() || record.group == command.group)
      report.checkpoints.push_back(record);
  }
  return {.checkpoints = std::move(report)};
}

void NodeImpl::on_checkpoints_changed() {
  const auto saved = save_checkpoints(config_.node.state_dir, checkpoints_.book.all());
  std::string why = saved ? std::string() : saved.error().message;
  if (!why.empty() && why != checkpoints_.not_kept)
    log_warning("cannot keep what is known of checkpoints: {}", why);
  checkpoints_.not_kept = std::move(why);
  if (!tasks_.empty()) parts_.loop.arm(task_timer_, parts_.loop.now());
}

}  // namespace longthrow
