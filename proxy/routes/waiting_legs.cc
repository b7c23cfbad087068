// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/waiting_legs.h"

#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

WaitingLeg::WaitingLeg(WaitingLegs& all, std::string route, Socket socket)
    : all_(&all), route_(std::move(route)), socket_(socket) {
  readable_.bind<&WaitingLeg::on_readable>(this);
}

void WaitingLeg::on_readable(int result) {
  if (all_ != nullptr) all_->on_readable(*this, result);
}

WaitingLegs::~WaitingLegs() {
  for (const auto& leg : legs_) loop_.close(leg->socket_, CloseMode::reset);
}

WaitingLegs::Place WaitingLegs::add(const std::string& route, Socket leg) {
  if (legs_.size() >= kOfLinkMax || size(route) >= kOfRouteMax) {
    loop_.close(leg, CloseMode::reset);
    return Place::none;
  }
  WaitingLeg& added = *legs_.emplace_back(std::make_unique<WaitingLeg>(*this, route, leg));
  added.deadline_ = loop_.now() + kTimeMax;
  watch(added);
  return Place::given;
}

void WaitingLegs::watch(WaitingLeg& leg) { loop_.wait_readable(leg.readable_, leg.socket_); }

// The software has sent something, or is gone; or we have cancelled the wait to hand the leg over.
// An end behind unread bytes cannot be seen, so a leg with bytes is handed over in any case.
void WaitingLegs::on_readable(WaitingLeg& leg, int result) {
  if (result != -ECANCELED) {
    if (loop_.stats(leg.socket_).unread_bytes == 0) return forget(leg, Fate::reset);
    leg.said_since_ = loop_.now();
  }
  if (!try_admit(leg) && !leg.said_since_) watch(leg);
}

bool WaitingLegs::try_admit(WaitingLeg& leg) {
  if (owner_.on_leg_waited(leg.route_, leg.socket_, leg.said_since_) ==
      WaitingLegsOwner::Admission::later) {
    return false;
  }
  note_reached(Mark::leg_waited_and_goes_on);
  forget(leg, Fate::handed_over);
  return true;
}

void WaitingLegs::admit(const std::string& route) {
  for (WaitingLeg* leg : of_route(route)) {
    if (leg->readable_.in_flight()) {
      loop_.cancel(leg->readable_);
    } else {
      (void)try_admit(*leg);
    }
  }
}

// `leg` may be the one whose handler is running, so it is retired and not destroyed here.
void WaitingLegs::forget(WaitingLeg& leg, Fate fate) {
  if (fate == Fate::reset) loop_.close(leg.socket_, CloseMode::reset);
  leg.all_ = nullptr;
  const auto place = std::ranges::find(legs_, &leg, [](const auto& entry) { return entry.get(); });
  closing_list_.retire(std::move(*place));
  legs_.erase(place);
}

std::vector<WaitingLeg*> WaitingLegs::of_route(const std::string& route) const {
  std::vector<WaitingLeg*> list;
  for (const auto& leg : legs_) {
    if (leg->route_ == route) list.push_back(leg.get());
  }
  return list;
}

void WaitingLegs::count(const WaitingLeg& leg, Unread& unread) const {
  ++unread.legs;
  const std::uint64_t bytes = loop_.stats(leg.socket_).unread_bytes;
  if (bytes == 0) return;
  const TimePoint since = leg.said_since_.value_or(loop_.now());
  unread.bytes += bytes;
  unread.oldest_at = std::min(unread.oldest_at.value_or(since), since);
}

WaitingLegs::Unread WaitingLegs::drop(const std::string& route) {
  Unread lost;
  for (WaitingLeg* leg : of_route(route)) {
    count(*leg, lost);
    forget(*leg, Fate::reset);
  }
  return lost;
}

std::map<std::string, WaitingLegs::Ended> WaitingLegs::look() {
  std::map<std::string, Ended> ended;
  std::vector<WaitingLeg*> over;
  for (const auto& leg : legs_) {
    const bool is_late = leg->deadline_ <= loop_.now() && !planted(Plant::late_leg_waits_on);
    if (!is_late && !leg->said_since_) continue;
    if (!is_late && !loop_.stats(leg->socket_).over) continue;
    if (!is_late) note_reached(Mark::leg_ended_waiting);
    Ended& of_its_route = ended[leg->route_];
    count(*leg, is_late ? of_its_route.late : of_its_route.broken);
    over.push_back(leg.get());
  }
  for (WaitingLeg* leg : over) forget(*leg, Fate::reset);
  return ended;
}

std::size_t WaitingLegs::size(const std::string& route) const { return of_route(route).size(); }

WaitingLegs::Unread WaitingLegs::unread(const std::string& route) const {
  Unread unread;
  if (planted(Plant::waiting_bytes_hidden)) return unread;
  for (const WaitingLeg* leg : of_route(route)) count(*leg, unread);
  return unread;
}

}  // namespace longthrow
