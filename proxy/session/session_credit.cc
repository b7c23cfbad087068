// SPDX-License-Identifier: Apache-2.0
// Credit. INVARIANT of the receiver: the bytes that the peer may still send and the bytes that are
// held, over all groups, are no more than the receive share. So a group that comes later gets
// nothing that was promised to the others: the receiver first recalls what those do not need.
#include <algorithm>
#include <vector>

#include "proxy/base/marks.h"
#include "proxy/session/credit_shares.h"
#include "proxy/session/session.h"

namespace longthrow {

void Session::set_receive_window(std::uint64_t bytes_per_group, std::uint64_t share_bytes) {
  if (receive_.window_bytes == bytes_per_group && receive_.share_bytes == share_bytes) return;
  receive_.window_bytes = bytes_per_group;
  receive_.share_bytes = share_bytes;
  due_.credit = due_.epochs = true;
}

// The groups that get credit, by our name, each with the peer's id.
std::map<std::string, std::uint32_t> Session::granted_groups() const {
  std::map<std::string, std::uint32_t> granted;
  for (const auto& [id, route] : peer_routes_.all()) {
    const LocalRoutes::Numbered* ids = local_routes_.same_group(route.entry);
    if (ids != nullptr && groups_.contains(ids->route.group))
      granted.emplace(ids->route.group, route.entry.group_id);
  }
  return granted;
}

std::uint64_t Session::promised_charge_bytes() const {
  std::uint64_t promised = 0;
  for (const auto& [name, its_group] : groups_) {
    promised += its_group.granted_bytes -
                std::min(its_group.granted_bytes, its_group.received_charge_bytes);
  }
  std::uint64_t more = 0;
  for (const auto& [name, id] : granted_groups()) {
    const GroupState& its_group = groups_.at(name);
    const std::uint64_t wanted = its_group.consumed_charge_bytes + receive_.window_bytes;
    more += wanted - std::min(wanted, its_group.granted_bytes);
  }
  return promised + std::min(more, free_charge_bytes());
}

std::uint64_t Session::free_charge_bytes() const {
  return receive_.share_bytes - std::min(receive_.share_bytes, outstanding_charge_bytes());
}

std::uint64_t Session::credit_level() const {
  const auto granted = granted_groups();
  std::vector<HeldCredit> held;
  for (const auto& [name, its_group] : groups_) {
    held.push_back({its_group.received_charge_bytes - its_group.consumed_charge_bytes,
                    granted.contains(name)});
  }
  return credit_level_bytes(receive_.share_bytes, receive_.window_bytes, held);
}

std::uint64_t Session::outstanding_charge_bytes() const {
  std::uint64_t outstanding = 0;
  for (const auto& [name, its_group] : groups_) outstanding += its_group.outstanding_bytes();
  return outstanding;
}

// When credit is short, the groups that have least get theirs first: none is left out for long.
bool Session::put_credit(ByteQueue& out) {
  wire::Credit credit;
  std::uint64_t free = free_charge_bytes();
  const std::uint64_t level = credit_level();
  receive_.short_of_share =
      outstanding_charge_bytes() > receive_.share_bytes || level < receive_.window_bytes;
  std::vector<std::pair<std::uint32_t, GroupState*>> in_turn;
  for (const auto& [name, id] : granted_groups()) in_turn.emplace_back(id, &group(name));
  std::ranges::stable_sort(in_turn, {},
                           [](const auto& entry) { return entry.second->outstanding_bytes(); });
  for (const auto& [group_id, its_group_in_turn] : in_turn) {
    GroupState& its_group = *its_group_in_turn;
    const std::uint64_t wanted = its_group.consumed_charge_bytes + level;
    if (wanted > its_group.granted_bytes) {
      const std::uint64_t more = std::min(wanted - its_group.granted_bytes, free);
      free -= more;
      its_group.granted_bytes += more;
      if (more > 0) its_group.recalled = false;  // the peer will answer for an older grant
      if (its_group.granted_bytes < wanted) {
        note_reached(Mark::credit_short);
        receive_.short_of_share = true;
      }
    }
    // Saying the grant again would undo what the peer is just giving back.
    if (!its_group.recalled && credit.grants.size() < wire::kRoutesMax) {
      credit.grants.push_back({group_id, its_group.granted_bytes});
    }
  }
  if (!credit.grants.empty()) wire::encode(credit, out);
  const bool recalls = receive_.short_of_share && put_recall(out);
  return recalls || !credit.grants.empty();
}

// Asks back the unused credit of each group that has more than it may have now, or is no longer
// configured.
bool Session::put_recall(ByteQueue& out) {
  wire::CreditRecall recall;
  const std::uint64_t level = credit_level();
  for (const auto& [id, route] : peer_routes_.all()) {
    GroupState& its_group = group_of(route.entry);
    const std::uint64_t window = local_routes_.same_group(route.entry) != nullptr ? level : 0;
    const std::uint64_t limit =
        std::max(its_group.consumed_charge_bytes + window, its_group.received_charge_bytes);
    if (its_group.recalled || its_group.granted_bytes <= limit) continue;
    if (recall.limits.size() == wire::kRoutesMax) break;
    its_group.recalled = true;
    note_reached(Mark::credit_recalled);
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
      due_.returns[its_group.id] = {its_group.id, its_group.credit_limit_bytes, had};
    }
  }
  return {};
}

Result<void> Session::on_credit_return(const wire::CreditReturn& returned) {
  for (const wire::ReturnedCredit& its : returned.groups) {
    for (const auto& [id, route] : peer_routes_.all()) {
      if (route.entry.group_id != its.group_id) continue;
      GroupState& its_group = group_of(route.entry);
      its_group.recalled = false;
      const bool current = its.had_bytes == its_group.granted_bytes;
      if (!current) note_reached(Mark::return_of_older_grant);
      if (!current || its.limit_bytes > its_group.granted_bytes) continue;
      if (its.limit_bytes < its_group.received_charge_bytes) {
        return breach("credit was given back that was used");
      }
      its_group.granted_bytes = its.limit_bytes;
      break;
    }
  }
  if (receive_.short_of_share) due_.credit = true;
  return {};
}

void Session::put_returns(ByteQueue& out) {
  wire::CreditReturn returned;
  for (const auto& [id, its] : due_.returns) returned.groups.push_back(its);
  due_.returns.clear();
  wire::encode(returned, out);
}

}  // namespace longthrow
