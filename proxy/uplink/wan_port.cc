// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/wan_port.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/uplink/dial.h"

namespace longthrow {

WanPort::WanPort(Loop& loop, ClosingList& closing_list, WanPortOwner& owner, Endpoint local,
                 std::string congestion)
    : loop_(loop),
      closing_list_(closing_list),
      owner_(owner),
      local_(std::move(local)),
      congestion_(std::move(congestion)),
      refused_(loop) {
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
    // The program that has the port may be about to free it, so the first failure is not logged.
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
  while (!refused_.empty()) discard(refused_.take_oldest());
  for (Pending& pending : pending_) discard(std::move(pending.lane));
  pending_.clear();
}

void WanPort::discard(std::unique_ptr<Lane> lane) {
  lane->drop();
  closing_list_.retire(std::move(lane));
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
    owner_.on_wan_refused(*this, "a peer", engine.error());
    return;
  }
  const auto remote = loop_.remote_endpoint(Socket{result});
  const Origin origin = remote ? origin_of(*remote) : Origin{};
  make_room(origin);
  auto lane =
      std::make_unique<Lane>(loop_, Socket{result}, std::move(*engine), wire::HelloRole::acceptor);
  Lane& started = *lane;
  pending_.push_back({std::move(lane), loop_.now() + kHelloTimeout, origin});
  started.start(*this);
  arm_timer();
}

void WanPort::make_room(const Origin& newcomer) {
  while (strangers() >= kStrangersMax) {
    if (!refused_.empty()) {
      discard(refused_.take_oldest());
      continue;
    }
    std::vector<Origin> origins;
    for (const Pending& pending : pending_) origins.push_back(pending.origin);
    const auto place =
        pending_.begin() + static_cast<std::ptrdiff_t>(choose_evicted(origins, newcomer, known_));
    std::unique_ptr<Lane> evicted = std::move(place->lane);
    pending_.erase(place);
    const std::string remote = evicted->remote();
    discard(std::move(evicted));
    owner_.on_wan_refused(*this, remote,
                          {.message = "too many connections that have not said hello"});
  }
}

void WanPort::arm_timer() {
  if (stopped_ || pending_.empty() || timer_.armed()) return;
  loop_.arm(timer_, pending_.front().deadline);
}

void WanPort::on_timer() {
  while (!pending_.empty() && pending_.front().deadline <= loop_.now()) {
    std::unique_ptr<Lane> late = std::move(pending_.front().lane);
    pending_.erase(pending_.begin());
    const std::string remote = late->remote();
    discard(std::move(late));
    owner_.on_wan_refused(*this, remote, {.message = "no hello within 10 s"});
  }
  arm_timer();
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
  if (record.type == wire::RecordType::bye) {
    const auto bye = wire::decode_bye(record.body);
    if (!bye) return std::unexpected(bye.error());
    owner_.on_wan_bye(take(lane), *bye);
    return {};
  }
  if (record.type != wire::RecordType::hello) return breach("a record before the hello");
  const auto hello = wire::decode_hello(record.body);
  if (!hello) return std::unexpected(hello.error());
  if (hello->role != wire::HelloRole::dialler) return breach("a hello of the wrong role");
  if (auto bound = verify_binding(lane.engine(), *hello); !bound) return bound;
  lane.index = hello->lane;
  if (const auto remote = loop_.remote_endpoint(lane.socket())) known_.note(origin_of(*remote));
  owner_.on_wan_hello(take(lane), *hello);
  return {};
}

void WanPort::on_lane_closed(Lane& lane, const Error& why) {
  std::unique_ptr<Lane> closed = take(lane);
  const std::string remote = closed->remote();
  refused_.retire(std::move(closed));
  owner_.on_wan_refused(*this, remote, why);
}

}  // namespace longthrow
