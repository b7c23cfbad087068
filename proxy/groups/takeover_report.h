// SPDX-License-Identifier: Apache-2.0
// What the answer of a takeover says of each copy: the same as status. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "longthrow/node.h"

namespace longthrow {

struct TakenGroup {
  std::string name;
  GroupStatus status;            // judged before the takeover has ended anything
  std::uint64_t lost_bytes = 0;  // received, and not taken by the target
};

class TakeoverReport {
 public:
  void add(const TakenGroup& group);
  // Exit code 0 is for copies that may be used: something was received, and all of it is
  // consistent.
  [[nodiscard]] Answer answer(const std::string& name) const;

 private:
  std::vector<std::string> lines_;
  bool any_copy_ = false;
  bool inconsistent_ = false;
  bool unknown_ = false;
};

}  // namespace longthrow
