// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a link or a group, and the words for it.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/explain/cause.h"
#include "proxy/explain/measure.h"

namespace longthrow::explain {

struct Finding {
  Cause cause = Cause::nothing;
  Side where = Side::here;
  std::string why;  // a main clause: "the link is paused here since ..."
};

// What an administrator has stopped. `whose`: "the link", "the group's input"; `name` is what the
// command takes that ends it.
[[nodiscard]] Finding stopped_by(const Notice& notice, std::string_view whose,
                                 const std::string& name);
// The first of `notices` of this kind, at this node or at either; null: there is none.
[[nodiscard]] const Notice* find_notice(const std::vector<Notice>& notices, NoticeKind kind);
[[nodiscard]] const Notice* find_notice(const std::vector<Notice>& notices, NoticeKind kind,
                                        Side where);

// Nothing is given: no program is connected, or those that are say nothing. `group` empty: of the
// whole link.
[[nodiscard]] Finding idle(const Status& status, const std::string& link, const std::string& group);

// Whether bytes wait longer than a healthy link needs. What is merely under way is no lag that
// anything is the cause of, even if some frame has just waited for its turn.
[[nodiscard]] bool waits_long(const Numbers& numbers);

// The target beside this node takes the bytes much more slowly than they come, in both looks.
[[nodiscard]] bool target_here_is_slow(const Numbers& numbers, std::uint64_t undelivered_before);
[[nodiscard]] Finding slow_target_here(const Numbers& numbers);
// The peer takes no more: its target is slow, or its memory is small for what is under way.
// `groups`: of these; empty: it goes without saying.
[[nodiscard]] Finding judge_credit(const Numbers& numbers, const std::string& groups);
[[nodiscard]] Finding nothing();

// Of a link that is up, whose frames wait for the WAN.
[[nodiscard]] Finding judge_wan(const std::string& name, const LinkStatus& link,
                                const Numbers& numbers);
[[nodiscard]] Finding judge_link(const Looks& looks, const std::string& name,
                                 const Numbers& numbers);
[[nodiscard]] Finding judge_group(const Looks& looks, const std::string& name,
                                  const Numbers& numbers, const Finding& of_link);

// "12.3 MiB/s"; "an unknown rate".
[[nodiscard]] std::string rate_text(std::optional<double> bytes_s);
[[nodiscard]] std::string percent(double share);  // "0.4 %"

}  // namespace longthrow::explain
