// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/history.h"

#include <utility>

namespace longthrow::cli {
namespace {

// One more value for each name that is there; a name that has gone is forgotten.
template <typename Map>
void extend(std::map<std::string, History::Series>& series, const Map& now) {
  std::erase_if(series, [&](const auto& entry) { return !now.contains(entry.first); });
  for (const auto& [name, object] : now) {
    History::Series& values = series[name];
    values.push_back(static_cast<double>(object.lag.bytes));
    if (values.size() > History::kLooksMax) values.pop_front();
  }
}

const History::Series& find_in(const std::map<std::string, History::Series>& series,
                               const std::string& name) {
  static const History::Series kNone;
  const auto found = series.find(name);
  return found == series.end() ? kNone : found->second;
}

}  // namespace

void History::add(Status status) {
  extend(link_lag_, status.links);
  extend(group_lag_, status.groups);
  before_ = std::exchange(now_, std::move(status));
}

const History::Series& History::link_lag(const std::string& name) const {
  return find_in(link_lag_, name);
}
const History::Series& History::group_lag(const std::string& name) const {
  return find_in(group_lag_, name);
}

}  // namespace longthrow::cli
