// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/group_table.h"

namespace longthrow {

Group& GroupTable::get(const std::string& name) {
  std::unique_ptr<Group>& group = all_[name];
  if (group == nullptr) group = std::make_unique<Group>(name);
  return *group;
}

Group* GroupTable::find(const std::string& name) {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : found->second.get();
}

const Group* GroupTable::find(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : found->second.get();
}

void GroupTable::prune() {
  std::erase_if(all_, [](const auto& entry) { return entry.second->unused(); });
}

}  // namespace longthrow
