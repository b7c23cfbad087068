// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/drain_task.h"

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// Says which bytes were certainly not delivered, and of which this is not known.
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

void DrainTask::begin() {
  std::set<std::string> names{wanted_.group};
  if (wanted_.group.empty()) names = link().group_names();
  const bool holds = wanted_.then == Then::hold;
  for (const std::string& name : names) {
    its_link().drains().watch(id_, *its_link().find_group(name),
                              holds ? DrainBook::Input::held : DrainBook::Input::flows);
  }
  // The drain begins before the hold: the hold resets connections that wait for the link, and their
  // loss must fail the drain.
  if (holds) its_link().hold(*its_link().find_group(wanted_.group));
}

bool DrainTask::advance() {
  if (turns_to_begin_ > 0) {
    if (--turns_to_begin_ > 0) return false;
    if (!wanted_.group.empty() && its_link().configured_group(wanted_.group) == nullptr) {
      refuse(format("group {} was removed by a reload", wanted_.group));
      return true;
    }
    begin();
  }
  const DrainLeft left = its_link().drain_left(id_);
  const bool late = loop_.now() >= wanted_.deadline && !planted(Plant::drain_without_end);
  if (left.none() || left.failed() || late) {
    end(left);
    return true;
  }
  pace_.note(loop_.now(), left.bytes);
  answer(progress(left));
  return false;
}

void DrainTask::end(const DrainLeft& left) {
  its_link().drains().forget(id_);
  if (left.failed() || left.pair_ended || !left.none()) return end_in_vain(left);
  Answer done{.message = left.by_barriers
                             ? "all that was accepted before is on the peer's disk: DRBD says so"
                             : "all that was accepted before is delivered",
              .progress = Answer::Progress{}};
  if (wanted_.then == Then::pause) {
    its_link().pause();
    done.message += "; the link is paused";
  } else if (wanted_.then == Then::hold) {
    done.message += format("; input is held until `longthrow resume {}`", wanted_.group);
  }
  answer(std::move(done));
}

void DrainTask::end_in_vain(const DrainLeft& left) {
  note_reached(Mark::drain_in_vain);
  end_hold();
  std::string text = not_drained(left);
  const bool pauses = wanted_.then == Then::pause;
  if (pauses) text += "; the link is not paused";
  log_warning("drain of {}: {}", pauses ? "a link" : wanted_.group, text);
  refuse(std::move(text));
}

void DrainTask::end_hold() {
  Group* group = wanted_.then == Then::hold ? its_link().find_group(wanted_.group) : nullptr;
  if (group != nullptr) its_link().end_hold(*group);
}

Answer DrainTask::progress(const DrainLeft& left) const {
  Answer::Progress progress{.left_bytes = left.bytes};
  if (std::string why = standstill(); !why.empty())
    return {.done = false, .message = std::move(why), .progress = progress};
  progress.rate_bytes_s = pace_.bytes_s();
  if (progress.rate_bytes_s > 1)
    progress.eta_s = static_cast<double>(left.bytes) / progress.rate_bytes_s;
  return {.done = false, .progress = progress};
}

bool DrainTask::abandon() {
  note_reached(Mark::drain_abandoned);
  if (turns_to_begin_ == 0) end_hold();
  its_link().drains().forget(id_);
  return true;
}

void DrainTask::hinder(Hindrance why) {
  its_link().drains().forget(id_);
  refuse(why == Hindrance::node_stops ? "the node is stopping"
                                      : format("link {} was removed by a reload", link().name()));
}

}  // namespace longthrow
