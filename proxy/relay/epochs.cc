// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/epochs.h"

#include <algorithm>
#include <array>

namespace longthrow {
namespace {

constexpr std::array kAllProofs{Proof::source, Proof::freeze, Proof::observed, Proof::none};

}  // namespace

Epochs::Epochs(const NodeParts& node, RouteTable& routes, Peer& peer, std::function<void()> wake,
               std::function<void()> on_idle)
    : loop_(node.loop),
      sources_(node.sources),
      routes_(routes),
      peer_(peer),
      wake_(std::move(wake)),
      on_idle_(std::move(on_idle)) {}

GroupCutter& Epochs::cutter(const std::string& group) {
  const auto [place, inserted] = cutters_.try_emplace(group);
  if (inserted) {
    place->second = std::make_unique<GroupCutter>(
        GroupCutter::Parts{loop_, sources_, routes_, peer_, wake_, on_idle_}, group);
    place->second->set_rhythm(rhythm(group));
  }
  return *place->second;
}

void Epochs::configure(std::map<std::string, GroupConfig> groups) {
  config_ = std::move(groups);
  for (const auto& [name, its_cutter] : cutters_) its_cutter->set_rhythm(rhythm(name));
}

CutRhythm Epochs::rhythm(const std::string& group) const {
  const auto found = config_.find(group);
  const GroupConfig config = found != config_.end() ? found->second : GroupConfig{};
  return {config.cut_interval, config.cut_deadline};
}

void Epochs::on_read(const Channel& channel) {
  const std::string& group = channel.group().name;
  if (channel.group().routes > 1 || cutters_.contains(group)) cutter(group).on_read(channel);
}

void Epochs::on_tick() {
  if (Session* session = peer_.session(); session != nullptr) session->unstick_epochs();
  for (const auto& [name, its_cutter] : cutters_) {
    if (peer_.session() == nullptr) continue;
    its_cutter->look_at_members();
    its_cutter->cut_what_waits();
  }
  // A group of one stream has a cutter only for a checkpoint.
  std::erase_if(cutters_, [&](const auto& entry) {
    const auto& [name, its_cutter] = entry;
    const Group* group = routes_.groups().find(name);
    const bool is_cut = group != nullptr && group->routes > 1;
    return !is_cut && !its_cutter->in_checkpoint() && its_cutter->idle();
  });
}

void Epochs::end_session() {
  for (const auto& [name, state] : peer_.session()->groups()) {
    Group* group = routes_.groups().find(name);
    if (group == nullptr) continue;
    for (const Proof proof : kAllProofs) group->cuts[proof] += state.out_epochs.count(proof);
  }
  for (const auto& [name, its_cutter] : cutters_) its_cutter->forget_members();
}

void Epochs::stop() {
  for (const auto& [name, its_cutter] : cutters_) its_cutter->cancel();
}

bool Epochs::idle() const {
  return std::ranges::all_of(cutters_, [](const auto& entry) { return entry.second->idle(); });
}

void Epochs::fill(const Group& group, GroupStatus& status) const {
  std::map<Proof, std::uint64_t> cuts = group.cuts;
  if (peer_.session() != nullptr) {
    const auto& groups = peer_.session()->groups();
    if (const auto state = groups.find(group.name); state != groups.end()) {
      const OutEpochs& epochs = state->second.out_epochs;
      status.epoch = epochs.epoch();
      for (const Proof proof : kAllProofs) cuts[proof] += epochs.count(proof);
    }
  }
  status.cuts = {.source = cuts[Proof::source],
                 .freeze = cuts[Proof::freeze],
                 .observed = cuts[Proof::observed],
                 .unproven = cuts[Proof::none]};
  const auto found = cutters_.find(group.name);
  if (found != cutters_.end()) status.cuts.obstacle = found->second->obstacle();
}

}  // namespace longthrow
