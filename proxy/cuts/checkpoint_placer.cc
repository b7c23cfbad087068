// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/checkpoint_placer.h"

#include <utility>

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

bool cannot_be_read(const SourceProver::Verdict& verdict) {
  return !verdict && verdict.error().obstacle == CutObstacle::unreadable &&
         never_readable(verdict.error().state);
}

}  // namespace

void CheckpointPlacer::set_members(const Members& members) {
  if (members == members_) return;
  for (const auto& [channel, end] : members_) {
    if (!members.contains(channel)) prover_.remove(channel);
  }
  for (const auto& [channel, end] : members) {
    prover_.add(channel);
    if (end) prover_.end(channel, *end);
  }
  members_ = members;
  seen_.reset();
}

std::optional<Cut> CheckpointPlacer::on_look(const Look& look) {
  const SourceProver::Verdict verdict = prover_.judge(look.readings);
  return sources_ == Sources::run ? place_running(look, verdict) : place_standing(look, verdict);
}

std::optional<Cut> CheckpointPlacer::place_running(const Look& look,
                                                   const SourceProver::Verdict& verdict) {
  // Every moment of a single stream is a moment of its group.
  if (members_.size() == 1)
    return Cut{.proof = Proof::source, .offsets = look.received, .as_of = look.ended};
  if (verdict) return Cut{.proof = Proof::source, .offsets = *verdict, .as_of = look.began};
  obstacle_ = describe(verdict.error());
  if (!cannot_be_read(verdict)) return std::nullopt;
  const auto before = std::exchange(seen_, Seen{.at = look.began, .offsets = look.received});
  if (!before || before->offsets != look.received) return std::nullopt;
  return Cut{.proof = Proof::observed, .offsets = look.received, .as_of = before->at};
}

// What the sources have written must all be here.
std::optional<Cut> CheckpointPlacer::place_standing(const Look& look,
                                                    const SourceProver::Verdict& verdict) {
  const bool observed = cannot_be_read(verdict);
  if (!verdict) obstacle_ = describe(verdict.error());
  const bool stands = verdict ? *verdict == look.received : observed;
  if (!stands) {
    if (verdict) obstacle_ = "bytes of its sources are still on their way to this node";
    seen_.reset();
    return std::nullopt;
  }
  if (!seen_ || seen_->offsets != look.received) {
    if (seen_) obstacle_ = "its sources still write";
    seen_ = Seen{.at = look.ended, .offsets = look.received};
    return std::nullopt;
  }
  const Duration rest = planted(Plant::frozen_without_rest) ? Duration(0) : kRest;
  if (look.began - seen_->at < rest) return std::nullopt;
  return Cut{.proof = observed ? Proof::observed : Proof::freeze,
             .offsets = look.received,
             .as_of = look.began};
}

}  // namespace longthrow
