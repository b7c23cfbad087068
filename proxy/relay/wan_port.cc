// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/wan_port.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/relay/dial.h"

namespace longthrow {

WanPort::WanPort(Loop& loop, Graveyard& graveyard, WanPortOwner& owner, Endpoint local,
                 std::string congestion)
    : loop_(loop),
      graveyard_(graveyard),
      owner_(owner),
      local_(local),
      congestion_(std::move(congestion)) {
  accept_.bind<&WanPort::on_accepted>(this);
  timer_.bind<&WanPort::on_timer>(this);
  listen_timer_.bind<&WanPort::start_when_possible>(this);
}

WanPort::~WanPort() {
  loop_.disarm(timer_);
  loop_.disarm(listen_timer_);
  if (!stopped_) loop_.close(listener_, CloseMode::reset);
}

Result<void> WanPort::start() {
  const auto listener = loop_.listen(local_, {.use = SocketUse::lane, .congestion = congestion_});
  if (!listener) return std::unexpected(listener.error());
  listener_ = *listener;
  stopped_ = false;
  if (const auto bound = loop_.local_endpoint(listener_)) local_ = *bound;
  loop_.accept(accept_, listener_);
  return {};
}

void WanPort::start_when_possible() {
  if (const auto started = start(); !started) {
    // Who has it now may be about to let it go: the first failure is not worth a line.
    if (!waits_for_.empty() && !waits_said_) {
      log_error("WAN port {}: {}; trying again every second", to_string(local_),
                started.error().message);
      waits_said_ = true;
    }
    waits_for_ = started.error().message;
    loop_.arm(listen_timer_, loop_.now() + kListenAgain);
    return;
  }
  waits_for_.clear();
  log_info("WAN port {}: listening", to_string(local_));
}

void WanPort::stop() {
  loop_.disarm(listen_timer_);
  if (stopped_) return;
  stopped_ = true;
  loop_.close(listener_, CloseMode::reset);
  loop_.disarm(timer_);
  for (Pending& pending : pending_) {
    pending.lane->drop();
    graveyard_.bury(std::move(pending.lane));
  }
  pending_.clear();
}

void WanPort::on_accepted(int result) {
  if (stopped_) {
    if (result >= 0) loop_.close(Socket{result}, CloseMode::reset);
    return;
  }
  if (result < 0) {
    log_error("WAN port {}: cannot accept: {}", to_string(local_), std::strerror(-result));
    return;
  }
  auto engine = owner_.wan_engine(*this);
  if (!engine) {
    loop_.close(Socket{result}, CloseMode::reset);
    owner_.on_wan_refused(*this, "a peer", engine.error().message);
    return;
  }
  if (pending_.size() >= kPendingMax) {
    std::unique_ptr<Lane> oldest = std::move(pending_.front().lane);
    pending_.erase(pending_.begin());
    const std::string remote = oldest->remote();
    oldest->drop();
    graveyard_.bury(std::move(oldest));
    owner_.on_wan_refused(*this, remote, "too many connections that have not said hello");
  }
  auto lane = std::make_unique<Lane>(loop_, Socket{result}, std::move(*engine), false);
  Lane& started = *lane;
  pending_.push_back({std::move(lane), loop_.now() + kHelloTimeout});
  if (!timer_.armed()) loop_.arm(timer_, pending_.front().deadline);
  started.start(*this);
}

void WanPort::on_timer() {
  while (!pending_.empty() && pending_.front().deadline <= loop_.now()) {
    std::unique_ptr<Lane> late = std::move(pending_.front().lane);
    pending_.erase(pending_.begin());
    const std::string remote = late->remote();
    late->drop();
    graveyard_.bury(std::move(late));
    owner_.on_wan_refused(*this, remote, "no hello within 10 s");
  }
  if (!pending_.empty()) loop_.arm(timer_, pending_.front().deadline);
}

std::unique_ptr<Lane> WanPort::take(Lane& lane) {
  const auto place = std::ranges::find_if(
      pending_, [&](const Pending& pending) { return pending.lane.get() == &lane; });
  LT_ASSERT(place != pending_.end());
  std::unique_ptr<Lane> taken = std::move(place->lane);
  pending_.erase(place);
  return taken;
}

Result<void> WanPort::on_lane_record(Lane& lane, const wire::RecordView& record) {
  if (record.type != wire::RecordType::hello) return fail("a record before the hello");
  const auto hello = wire::decode_hello(record.body);
  if (!hello) return std::unexpected(hello.error());
  if (hello->role != wire::HelloRole::dialler) return fail("a hello of the wrong role");
  if (auto bound = verify_binding(lane.engine(), *hello); !bound) return bound;
  lane.index = hello->lane;
  owner_.on_wan_hello(take(lane), *hello);
  return {};
}

void WanPort::on_lane_closed(Lane& lane, const std::string& reason) {
  std::unique_ptr<Lane> closed = take(lane);
  const std::string remote = closed->remote();
  graveyard_.bury(std::move(closed));
  owner_.on_wan_refused(*this, remote, reason);
}

}  // namespace longthrow
