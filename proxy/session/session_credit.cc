// SPDX-License-Identifier: Apache-2.0
// Credit. INVARIANT of the receiver: what its groups may still send and what it holds of them, in
// sum, is no more than the receive share. So a group that comes later is given nothing that the
// others have been promised: what they do not need is recalled first.
#include <algorithm>
#include <set>

#include "proxy/session/session.h"

namespace longthrow {

void Session::set_receive_window(std::uint64_t bytes_per_group, std::uint64_t share_bytes) {
  if (window_bytes_ == bytes_per_group && share_bytes_ == share_bytes) return;
  window_bytes_ = bytes_per_group;
  share_bytes_ = share_bytes;
  credit_due_ = true;
}

// Only what is configured here may take of the receive share.
const Session::RouteIds* Session::granted_route(const wire::RouteEntry& entry) const {
  const RouteIds* ids = local_route_of_wire_name(entry.name);
  return ids != nullptr && ids->route.group_on_wire() == entry.group ? ids : nullptr;
}

std::uint64_t Session::promised_charge_bytes() const {
  std::map<std::string, std::uint64_t> limits;
  for (const auto& [name, its_group] : groups_) limits[name] = its_group.granted_bytes;
  for (const auto& [id, route] : peer_routes_) {
    const RouteIds* ids = granted_route(route.entry);
    const auto found = ids != nullptr ? groups_.find(ids->route.group) : groups_.end();
    if (found == groups_.end()) continue;
    std::uint64_t& limit = limits[found->first];
    limit = std::max(limit, found->second.consumed_charge_bytes + window_bytes_);
  }
  std::uint64_t promised = 0;
  for (const auto& [name, its_group] : groups_) {
    promised += limits[name] - std::min(limits[name], its_group.received_charge_bytes);
  }
  return promised;
}

std::uint64_t Session::outstanding_charge_bytes() const {
  std::uint64_t outstanding = 0;
  for (const auto& [name, its_group] : groups_) outstanding += its_group.outstanding_bytes();
  return outstanding;
}

bool Session::put_credit(ByteQueue& out) {
  wire::Credit credit;
  std::set<std::uint32_t> said;
  const std::uint64_t outstanding = outstanding_charge_bytes();
  std::uint64_t free = share_bytes_ - std::min(share_bytes_, outstanding);
  credit_short_ = outstanding > share_bytes_;
  for (const auto& [id, route] : peer_routes_) {
    const RouteIds* ids = granted_route(route.entry);
    if (ids == nullptr || !said.insert(route.entry.group_id).second) continue;
    GroupState& its_group = group(ids->route.group);
    const std::uint64_t wanted = its_group.consumed_charge_bytes + window_bytes_;
    if (wanted > its_group.granted_bytes) {
      const std::uint64_t more = std::min(wanted - its_group.granted_bytes, free);
      free -= more;
      its_group.granted_bytes += more;
      if (more > 0) its_group.recalled = false;  // the answer will speak of an older grant
      if (its_group.granted_bytes < wanted) credit_short_ = true;
    }
    // What is said again would undo what the peer is just giving back.
    if (!its_group.recalled && credit.grants.size() < wire::kRoutesMax) {
      credit.grants.push_back({route.entry.group_id, its_group.granted_bytes});
    }
  }
  if (!credit.grants.empty()) wire::encode(credit, out);
  const bool recalls = credit_short_ && put_recall(out);
  return recalls || !credit.grants.empty();
}

// Asks each group that has more than its window, or is no longer configured, for what it has not
// used.
bool Session::put_recall(ByteQueue& out) {
  wire::CreditRecall recall;
  for (const auto& [id, route] : peer_routes_) {
    GroupState& its_group = group_of(route.entry);
    const std::uint64_t window = granted_route(route.entry) != nullptr ? window_bytes_ : 0;
    const std::uint64_t limit =
        std::max(its_group.consumed_charge_bytes + window, its_group.received_charge_bytes);
    if (its_group.recalled || its_group.granted_bytes <= limit) continue;
    if (recall.limits.size() == wire::kRoutesMax) break;
    its_group.recalled = true;
    recall.limits.push_back({route.entry.group_id, limit});
  }
  if (!recall.limits.empty()) wire::encode(recall, out);
  return !recall.limits.empty();
}

Result<void> Session::on_credit(const wire::Credit& credit) {
  for (const wire::CreditGrant& grant : credit.grants) {
    for (auto& [name, its_group] : groups_) {
      if (its_group.id != grant.group_id || grant.limit_bytes <= its_group.credit_limit_bytes)
        continue;
      its_group.credit_limit_bytes = grant.limit_bytes;
      emit(SessionEvent::Kind::credit);
    }
  }
  return {};
}

Result<void> Session::on_credit_recall(const wire::CreditRecall& recall) {
  for (const wire::CreditGrant& asked : recall.limits) {
    for (auto& [name, its_group] : groups_) {
      if (its_group.id != asked.group_id) continue;
      const std::uint64_t had = its_group.credit_limit_bytes;
      its_group.credit_limit_bytes =
          std::min(had, std::max(asked.limit_bytes, its_group.credit_used_bytes));
      returns_due_[its_group.id] = {its_group.id, its_group.credit_limit_bytes, had};
    }
  }
  return {};
}

Result<void> Session::on_credit_return(const wire::CreditReturn& returned) {
  for (const wire::ReturnedCredit& its : returned.groups) {
    for (const auto& [id, route] : peer_routes_) {
      if (route.entry.group_id != its.group_id) continue;
      GroupState& its_group = group_of(route.entry);
      its_group.recalled = false;
      const bool current = its.had_bytes == its_group.granted_bytes;
      if (!current || its.limit_bytes > its_group.granted_bytes) continue;
      if (its.limit_bytes < its_group.received_charge_bytes) {
        return fail("credit was given back that was used");
      }
      its_group.granted_bytes = its.limit_bytes;
      break;
    }
  }
  if (credit_short_) credit_due_ = true;
  return {};
}

void Session::put_returns(ByteQueue& out) {
  wire::CreditReturn returned;
  for (const auto& [id, its] : returns_due_) returned.groups.push_back(its);
  returns_due_.clear();
  wire::encode(returned, out);
}

}  // namespace longthrow
