// SPDX-License-Identifier: Apache-2.0
// The groups of one link, by name. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "proxy/groups/group.h"

namespace longthrow {

class GroupTable {
 public:
  using All = std::map<std::string, std::unique_ptr<Group>>;

  // Makes the group if there is none of that name.
  [[nodiscard]] Group& get(const std::string& name);
  // Null: there is none of that name.
  [[nodiscard]] Group* find(const std::string& name);
  [[nodiscard]] const Group* find(const std::string& name) const;
  [[nodiscard]] const All& all() const { return all_; }
  // Forgets groups that are unused.
  void prune();

 private:
  All all_;
};

}  // namespace longthrow
