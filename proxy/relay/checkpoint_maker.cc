// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/checkpoint_maker.h"

#include <utility>

#include "proxy/base/log.h"

namespace longthrow {

CheckpointMaker::CheckpointMaker(Parts parts, Wanted wanted)
    : parts_(std::move(parts)), wanted_(std::move(wanted)), placer_(wanted_.sources) {
  collect_.operation.bind<&CheckpointMaker::on_collected>(this);
  timer_.bind<&CheckpointMaker::look>(this);
  parts_.loop.arm(timer_, parts_.loop.now());
}

void CheckpointMaker::become(State state) {
  state_ = state;
  parts_.loop.disarm(timer_);
  if (parts_.positions != nullptr && !idle()) parts_.positions->cancel(collect_);
  parts_.on_change();
}

void CheckpointMaker::give_up(const std::string& why) {
  if (state_ != State::looking) return;
  why_ = why;
  become(State::failed);
}

void CheckpointMaker::look() {
  if (state_ != State::looking || !idle()) return;
  if (parts_.loop.now() >= wanted_.deadline)
    return give_up(format("no place for it was found in time: {}", placer_.obstacle()));
  parts_.loop.arm(timer_, parts_.loop.now() + kPause);
  parts_.cutter.look_at_members();
  placer_.set_members(parts_.cutter.ends_of_members());
  if (placer_.members().empty()) return;
  ask_sources();
}

void CheckpointMaker::ask_sources() {
  asked_ = placer_.members();
  collect_.readings.clear();
  collect_.sockets = parts_.cutter.source_sockets(std::move(collect_.sockets));
  if (parts_.positions != nullptr) return parts_.positions->collect(collect_);
  judge(GroupCutter::unsupported(collect_.sockets), parts_.loop.now(), parts_.loop.now());
}

void CheckpointMaker::on_collected(int result) {
  if (state_ != State::looking) return parts_.on_change();
  if (result < 0) collect_.readings.clear();
  parts_.cutter.look_at_members();
  placer_.set_members(parts_.cutter.ends_of_members());
  if (placer_.members() == asked_) judge(collect_.readings, collect_.began, collect_.ended);
}

void CheckpointMaker::judge(std::span<const SourceReading> readings, TimePoint began,
                            TimePoint ended) {
  auto cut = placer_.on_look(
      {.began = began, .ended = ended, .readings = readings, .received = parts_.cutter.received()});
  if (cut) place(*std::move(cut));
}

// A cut that lies before one that was made meanwhile is refused: the next look gives another.
void CheckpointMaker::place(Cut cut) {
  wire::Checkpoint mark{.id = wanted_.id,
                        .civil_ns = wanted_.created.time_since_epoch().count(),
                        .name = wanted_.name};
  if (!parts_.cutter.add_checkpoint(cut, std::move(mark))) return;
  proof_ = cut.proof;
  become(State::placed);
}

}  // namespace longthrow
