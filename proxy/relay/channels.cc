// SPDX-License-Identifier: Apache-2.0
// The life of channels. What they report to the rest of the link is in channels_told.cc.
#include "proxy/relay/channels.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// Bounds the wait for a final mark: the peer may have lost it, or may never send it.
constexpr Duration kFinalMarkWait = std::chrono::seconds(5);

// Returns a copy: aborting a channel may change `list`.
std::vector<Channel*> those_of(const std::map<std::uint64_t, Channel*>& list,
                               bool (*wanted)(const Channel&)) {
  std::vector<Channel*> some;
  for (const auto& [serial, channel] : list) {
    if (wanted(*channel)) some.push_back(channel);
  }
  return some;
}

bool is_open(const Channel& channel) { return !channel.closed(); }
bool is_attached(const Channel& channel) { return channel.attached() && !channel.closed(); }

}  // namespace

Channels::Channels(const Parts& parts, Hooks hooks)
    : context_(parts.context),
      loop_(parts.context.parts.loop),
      config_(parts.config),
      log_(parts.log),
      stops_(parts.stops),
      buffer_(parts.buffer),
      routes_(parts.routes),
      peer_(parts.peer),
      ends_(parts.ends),
      hooks_(std::move(hooks)) {
  reap_timer_.bind<&Channels::reap>(this);
}

Channels::~Channels() { loop_.disarm(reap_timer_); }

// --- opening

Channel& Channels::add(ChannelCore& core, Route& route, Opener opener) {
  Group& group = routes_.groups().get(core.group->name);
  auto made = std::make_unique<Channel>(*this, core, route, group, opener);
  Channel& channel = *made;
  channel.serial = ends_.next_serial();
  channels_.emplace(channel.serial, std::move(made));
  route.channels.emplace(channel.serial, &channel);
  group.members.emplace(channel.serial, &channel);
  ++route.channels_total;
  group.copy.restored = false;
  // The next look counts the streams of the group. Until then there may be several.
  core.group->frames_as_of_max_ns = std::min(core.group->frames_as_of_max_ns, wall_ns());
  return channel;
}

void Channels::open(Route& route, Socket leg, std::optional<TimePoint> said_since) {
  Session& session = *peer_.session();
  if (!session.may_open_more()) return loop_.close(leg, CloseMode::reset);
  Channel& channel = add(session.open(route.name), route, Opener::here);
  channel.adopt_leg(leg);
  if (channel.group().held()) channel.stop_reading();
  if (said_since) {
    channel.note_given_since(*said_since);
    std::int64_t& as_of_max_ns = channel.core().group->frames_as_of_max_ns;
    as_of_max_ns = std::min(as_of_max_ns, channel.history().complete_at(0));
    ends_.drains().go_on(channel);
  }
  hooks_.wake();
}

void Channels::on_opened(ChannelCore& core) {
  Route& route = routes_.get(peer_.session()->route_name(core.route_id));
  Channel& channel = add(core, route, Opener::peer);
  if (core.too_many)
    return channel.abort({LossReason::refused, "the peer has more channels than this node serves"});
  if (!route.configured() || !route.config.target || stops_.shut(route)) {
    note_reached(Mark::opened_though_closed);
    return channel.abort(
        {LossReason::refused, "the peer opened a channel of a route that is closed here"});
  }
  channel.connect_leg({.target = *route.config.target,
                       .source = route.config.inside_source,
                       .usual_source = route.config.listen});
}

void Channels::on_event(const SessionEvent& event) {
  auto* channel = event.channel != nullptr ? static_cast<Channel*>(event.channel->user) : nullptr;
  switch (event.kind) {
    case SessionEvent::Kind::opened:
      on_opened(*event.channel);
      break;
    case SessionEvent::Kind::readable:
    case SessionEvent::Kind::end_acked:
      channel->on_readable();
      break;
    case SessionEvent::Kind::stopped:
      on_stopped(*channel);
      break;
    case SessionEvent::Kind::corrupt:
      channel->on_corrupt();
      break;
    case SessionEvent::Kind::routes_changed:
      hooks_.refresh();
      break;
    case SessionEvent::Kind::acked:
    case SessionEvent::Kind::credit:
      hooks_.wake();
      break;
  }
  if (channel != nullptr && channel->closed()) reap_soon();
}

// --- all of them

void Channels::on_link_down() {
  for (const auto& [serial, channel] : channels_) channel->on_link_down();
}

void Channels::resume_reading() {
  for (const auto& [serial, channel] : channels_) channel->resume_reading();
}

void Channels::stop_reading() {
  for (const auto& [serial, channel] : channels_) {
    if (!channel->group().held()) channel->stop_reading();
  }
}

// --- ends

void Channels::end_session(Session& session, const LossCause& cause) {
  for (const auto& [serial, channel] : channels_) {
    if (channel->attached()) ends_.note_unproven(*channel, ChannelEnd::How::cut, cause);
  }
  for (auto& core : session.release_all()) {
    auto* channel = static_cast<Channel*>(core->user);
    if (channel == nullptr) {  // the peer has just opened it: it has no leg yet
      ends_.note_without_leg(*core, session.route_name(core->route_id), cause);
      continue;
    }
    ends_.note_over(*channel, "the session has ended: " + cause.text);
    channel->detach(std::move(core));
  }
  reap_soon();
}

void Channels::abort_route(const Route& route, const LossCause& cause) {
  for (Channel* channel : those_of(route.channels, is_attached)) channel->abort(cause);
}

void Channels::abort_all(const LossCause& cause) {
  for (Channel* channel : open_ones()) channel->abort(cause);
}

void Channels::abort_delivered(const LossCause& cause) {
  for (Channel* channel : open_ones()) {
    if (!channel->closed() && channel->undelivered_bytes() == 0) channel->abort(cause);
  }
}

std::vector<Channel*> Channels::open_ones() const {
  std::vector<Channel*> open;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->closed()) open.push_back(channel.get());
  }
  return open;
}

void Channels::hand_over(const Group& group) {
  for (Channel* channel : those_of(group.members, is_open)) channel->end_after_delivery();
}

void Channels::abort_hand_over(const Group& group) {
  for (Channel* channel : those_of(group.members, is_open))
    channel->abort({LossReason::takeover, "its target did not take what was handed over"});
}

void Channels::tell_others() {
  if (ended_.empty()) return;
  while (!ended_.empty()) {  // telling others may end them
    for (Channel* channel : std::exchange(ended_, {})) channel->guide().on_end();
  }
  hooks_.refresh();
}

// Channels whose leg is closed wait for what is in flight, and for the far side: both tell it.
void Channels::reap() {
  tell_others();
  awaits_marks_ = false;
  bool any_gone = false;
  for (Channel* channel : std::exchange(closing_, {})) {
    if (!may_be_forgotten(*channel)) {
      closing_.push_back(channel);
    } else {
      any_gone = true;
      forget(*channel);
    }
  }
  if (any_gone) {
    routes_.prune();
    hooks_.refresh();
    if (channels_.empty()) hooks_.all_gone();
  }
}

bool Channels::may_be_forgotten(Channel& channel) {
  if (!channel.idle() || !channel.attached()) return channel.idle();
  return Session::finished(channel.core()) && !waits_for_final_mark(channel);
}

// `channel` is finished, but the peer may still be delivering its bytes. The peer says how many it
// has delivered when it has closed its leg.
bool Channels::waits_for_final_mark(Channel& channel) {
  const OutStream& out = channel.core().out;
  if (channel.account.over || out.delivered_offset >= out.accepted_offset()) return false;
  if (planted(Plant::gone_before_last_word)) return false;
  const bool gets_on =
      std::exchange(channel.account.final_offset, out.delivered_offset) != out.delivered_offset;
  const bool held =
      channel.core().group->out_epochs.holds_back(channel.core().id, out.accepted_offset());
  if (channel.account.final_since == TimePoint{} || gets_on || held || !peer_.up())
    channel.account.final_since = loop_.now();
  const bool watched = ends_.drains().watches(channel);
  const Duration wait_max = kFinalMarkWait + (watched ? config_.abort_linger : Duration(0));
  const bool waits = loop_.now() - channel.account.final_since < wait_max;
  awaits_marks_ = awaits_marks_ || waits;
  return waits;
}

void Channels::forget(Channel& channel) {
  buffer_.ingest().forget(channel.stream());
  ends_.note_gone(channel);
  channel.guide().retire();
  channel.route().channels.erase(channel.serial);
  channel.group().members.erase(channel.serial);
  if (channel.attached()) peer_.session()->release(channel.core());
  channels_.erase(channel.serial);
}

}  // namespace longthrow
