// SPDX-License-Identifier: Apache-2.0
// Commands that promise something of what was given before them: drains and checkpoints.
#include "proxy/base/log.h"
#include "tests/sim/drbd_world.h"
#include "tests/sim/moments.h"
#include "tests/sim/operator.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
// A node looks at what it was asked every 250 ms.
constexpr Duration kAnswerMargin = seconds(5);
}  // namespace

// --- drains

// Exit 0 says: all that was accepted before it is delivered.
void Operator::drain(int side, TimePoint now) {
  const std::string group = some_group();
  const std::vector<Mark> marks = marks_of(side, group);
  Drain command{.group = group, .hold = random_.chance(0.3)};
  if (random_.chance(0.5))
    command.timeout = random_.log_between(Duration(seconds(1)), Duration(seconds(60)));
  const TimePoint answer_by =
      command.timeout > Duration(0) ? now + command.timeout + kAnswerMargin : kNever;
  std::vector<DrbdWrite> writes;
  if (drbd_ != nullptr) writes = drbd_->accepted(side, group);
  ask(Kind::drain, side, command, answer_by, [=, this](const Answer& answer) {
    if (answer.ok) judge_drain(side, group, marks, "drained");
    const bool by_barriers = answer.message.find("DRBD says so") != std::string::npos;
    if (answer.ok && by_barriers && drbd_ != nullptr) drbd_->judge_drained(writes);
  });
}

void Operator::judge_drain(int side, const std::string& group, const std::vector<Mark>& marks,
                           const std::string& called) {
  for (const Mark& mark : marks) {
    const std::uint64_t received = shadow_.received_bytes(*mark.record, mark.route);
    if (mark.bytes <= kPatternHeaderBytes || received >= mark.bytes) continue;
    violate_(
        format("G4: side {} called group {} {}, but of stream {:x} its target has {} of {} bytes",
               side, group, called, mark.record->id, received, mark.bytes));
  }
}

std::vector<Operator::Mark> Operator::marks_of(int side, const std::string& group) const {
  std::vector<Mark> marks;
  for (const ShadowStream& stream : shadow_.streams()) {
    const bool ended = stream.source->channel() != stream.record;
    if (stream.from != side || stream.group != group || stream.is_void || ended) continue;
    marks.push_back({stream.record, stream.route, stream.given_bytes});
  }
  return marks;
}

// --- checkpoints

void Operator::checkpoint(int side, TimePoint now) {
  const std::string group = some_group();
  const std::string name = format("c{}", next_checkpoint_++);
  marks_[name] = marks_of(side, group);
  MakeCheckpoint command{
      .group = group,
      .name = name,
      .frozen = random_.chance(0.2),
      .wait = random_.chance(0.5),
      .timeout = random_.log_between(Duration(milliseconds(100)), Duration(seconds(60)))};
  const TimePoint answer_by = command.wait ? kNever : now + command.timeout + kAnswerMargin;
  ask(Kind::checkpoint, side, command, answer_by, [=, this](const Answer& answer) {
    if (answer.ok && command.wait) judge_checkpoint(side, group, name);
  });
}

// Done says: the hook has run, and all was there that had been given before.
void Operator::judge_checkpoint(int side, const std::string& group, const std::string& name) {
  if (cluster_.options().hooks && !hooked_.contains(name))
    violate_(format("checkpoint {} of {} at side {} is called done, and no hook has run", name,
                    group, side));
  judge_drain(side, group, marks_.at(name), "at its checkpoint " + name);
}

// The copy is of one moment, and has all that was given before the checkpoint was asked for.
void Operator::on_hook_begin(int side, const HookRun& run) {
  hooked_.insert(run.checkpoint);
  if (const auto marks = marks_.find(run.checkpoint); marks != marks_.end())
    judge_drain(1 - side, run.group, marks->second, "at its checkpoint " + run.checkpoint);
  if (run.proof == Proof::source || run.proof == Proof::freeze) {
    const std::string wrong = no_common_moment(cluster_.options(), shadow_, side, run.group);
    if (!wrong.empty())
      violate_(format("G3: at checkpoint {} of {} the copy on side {} is called proven: {}",
                      run.checkpoint, run.group, side, wrong));
  }
  // What is no DRBD on a route of DRBD's is in no cut.
  auto& held = held_[{side, run.number}];
  for (const std::size_t route : copies_in(side, run.group)) {
    if (cluster_.options().routes[route].protocol != RouteProtocol::drbd)
      held[route] = shadow_.received_by_target(route);
  }
}

// Nothing was handed over meanwhile.
void Operator::on_hook_end(int side, const HookRun& run) {
  const auto held = held_.extract({side, run.number});
  if (held.empty()) return;
  for (const auto& [route, bytes] : held.mapped()) {
    if (const std::uint64_t now_bytes = shadow_.received_by_target(route); now_bytes != bytes)
      violate_(
          format("checkpoint {} of {}: while its hook ran at side {}, {} bytes have reached "
                 "the targets of route {}",
                 run.checkpoint, run.group, side, now_bytes - bytes, route));
  }
}

}  // namespace longthrow::sim
