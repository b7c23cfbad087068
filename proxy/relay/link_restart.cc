// SPDX-License-Identifier: Apache-2.0
// What a restart of the node would cost the groups of a link.
#include <algorithm>

#include "proxy/relay/link.h"

namespace longthrow {
namespace {

// As long as the newest word of a peer that holds nothing may be old. Peers speak with every
// heartbeat; the one that is missing may be on its way.
Duration usual_silence(const LinkConfig& config, std::optional<Duration> rtt) {
  return 2 * config.heartbeat + rtt.value_or(Duration(0)) + std::chrono::seconds(1);
}

void add_channel(const Channel& channel, GroupRestart& cost) {
  cost.to_target_bytes += channel.undelivered_bytes();
  if (!channel.closed()) {
    ++cost.connections;
    if (channel.guide().applied() == StreamGuide::Applied::no) ++cost.unapplied_channels;
  }
  if (!channel.attached() || channel.core().out.stopped) return;
  const std::uint64_t delivered = channel.core().out.delivered_offset;
  cost.to_peer_bytes += channel.read_bytes() - std::min(channel.read_bytes(), delivered) +
                        channel.unread_before_stop();
  if (const auto barriers = channel.guide().barriers()) {
    const std::uint64_t given = barriers->given + (barriers->one_follows ? 1 : 0);
    cost.barriers_open += given - std::min(given, barriers->acknowledged);
  }
}

// Whether the peer may give something for the group, as far as this node knows.
bool peer_may_send(const Group& group) {
  return std::ranges::any_of(group.members, [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && !channel.closed() &&
           channel.guide().carries() != StreamGuide::Carries::control;
  });
}

std::optional<double> peer_silence_s(Peer& peer, const Group& group, const LinkConfig& config,
                                     TimePoint now) {
  if (peer.session() == nullptr || !peer_may_send(group)) return std::nullopt;
  Session& session = *peer.session();
  session.settle_as_of();
  const auto state = session.groups().find(group.name);
  const auto peer_ns = session.peer_wall_ns();
  if (state == session.groups().end() || !peer_ns || state->second.as_of_wall_ns == 0) return 0.0;
  std::int64_t behind_ns = 0;  // both times are the peer's, who may say anything
  if (__builtin_sub_overflow(*peer_ns, state->second.as_of_wall_ns, &behind_ns)) return 0.0;
  const Duration behind = std::clamp(Duration(behind_ns), Duration(0), CopyAge::kAgeMax) +
                          (now - session.peer_wall_at());
  if (behind <= usual_silence(config, session.rtt())) return std::nullopt;
  return seconds_of(behind);
}

}  // namespace

void Link::fill_restart(RestartReport& report) {
  for (const auto& [name, group] : routes_.groups().all()) {
    if (!group->configured() && group->members.empty()) continue;
    GroupRestart& cost = report.groups[name];
    cost.link = name_;
    for (const auto& [serial, channel] : group->members) add_channel(*channel, cost);
    for (const Route* route : routes_.configured()) {
      if (route->group != group.get()) continue;
      const WaitingLegs::Unread waiting = doors_.waiting().unread(route->name);
      cost.connections += waiting.legs;
      cost.to_peer_bytes += waiting.bytes;
    }
    cost.peer_silent_s = peer_silence_s(peer_, *group, config_, context_.parts.loop.now());
  }
}

}  // namespace longthrow
