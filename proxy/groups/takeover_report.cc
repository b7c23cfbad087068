// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/takeover_report.h"

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

std::string copy_of(const TakenGroup& group) {
  const auto& inbound = group.status.inbound;
  const bool is_proof = inbound.proof == Proof::source || inbound.proof == Proof::freeze;
  const bool proven = is_proof && group.lost_bytes == 0;
  std::string text =
      format("the copy is as of {}{} (sender's clock)",
             group.lost_bytes > 0 ? "a moment before " : "", utc_text(*inbound.as_of));
  if (group.lost_bytes == 0)
    text += format(", {}: {}", proven ? "proven by" : "not proven", inbound.proof_reason);
  if (group.left_out_bytes > 0)
    text += format("; {} received bytes behind that are left out", group.left_out_bytes);
  return text;
}

}  // namespace

void TakeoverReport::add(const TakenGroup& group) {
  const GroupStatus& status = group.status;
  any_copy_ = any_copy_ || status.inbound.as_of;
  std::string trouble;
  if (status.consistent == Consistency::no) trouble = status.reason;
  if (group.lost_bytes > 0) {
    if (!trouble.empty()) trouble += "; ";
    trouble +=
        format("{} received bytes were not taken by the target and are lost", group.lost_bytes);
  }
  const bool unknown = trouble.empty() && status.consistent == Consistency::unknown;
  inconsistent_ = inconsistent_ || !trouble.empty();
  unknown_ = unknown_ || unknown;
  std::string line = format("group {}: ", group.name);
  if (!trouble.empty()) line += format("NOT CONSISTENT: {}; ", trouble);
  if (unknown) line += format("not known to be consistent: {}; ", status.reason);
  line +=
      status.inbound.as_of ? copy_of(group) : "nothing was received since this node has started";
  lines_.push_back(std::move(line));
}

Answer TakeoverReport::answer(const std::string& name) const {
  Answer answer{
      .message = format("{0} is taken over and fenced until `longthrow release {0}`", name),
      .details = lines_,
      .consistent = !inconsistent_ && !unknown_ && any_copy_};
  if (!any_copy_) {
    answer.message += "; nothing is known of a copy";
  } else if (inconsistent_) {
    answer.message += "; the copy is NOT CONSISTENT";
  } else if (unknown_) {
    answer.message += "; the copy is not known to be consistent";
  }
  return answer;
}

}  // namespace longthrow
