// SPDX-License-Identifier: Apache-2.0
// Says in one sentence why the lag of a link or of a group grows, why its source is slowed, or that
// nothing stands in the way. Pure: it judges what `limited_by` and TCP's counters say in one look
// at a node, or better in two looks a second or so apart. Losses, windows and rates show only
// between two.
#pragma once

#include <map>
#include <string>

#include "proxy/explain/cause.h"
#include "proxy/explain/measure.h"

namespace longthrow::explain {

struct Verdict {
  Cause cause = Cause::nothing;
  Side where = Side::here;
  Effect effect = Effect::keeps_up;
  std::string sentence;
  Numbers numbers;
};

struct Explanation {
  std::map<std::string, Verdict> links;
  std::map<std::string, Verdict> groups;  // all of them
};

// `before`: an earlier look at the same node, or null.
[[nodiscard]] Explanation explain(const Status* before, const Status& now);

// Whether the group's verdict tells more than that of its link.
[[nodiscard]] bool differs(const Verdict& group, const Verdict& link);

}  // namespace longthrow::explain
