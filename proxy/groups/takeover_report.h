// SPDX-License-Identifier: Apache-2.0
// What a takeover answers about each copy; it is the same as in the status. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "longthrow/node.h"

namespace longthrow {

struct TakenGroup {
  std::string name;
  GroupStatus status;                // as it was before the fence
  std::uint64_t lost_bytes = 0;      // received, and not taken by the target
  std::uint64_t left_out_bytes = 0;  // received, and behind the end of the copy
};

class TakeoverReport {
 public:
  void add(const TakenGroup& group);
  // The command ends with exit code 0 only if the copies can be used: something was received, and
  // all of it is consistent.
  [[nodiscard]] Answer answer(const std::string& name) const;

 private:
  std::vector<std::string> lines_;
  bool any_copy_ = false;
  bool inconsistent_ = false;
  bool unknown_ = false;
};

}  // namespace longthrow
