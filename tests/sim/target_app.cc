// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "tests/sim/application.h"

namespace longthrow::sim {
namespace {
constexpr std::size_t kBufferBytes = 64 * kKiB;
constexpr Duration kTick = std::chrono::milliseconds(2);
}  // namespace

struct TargetApp::Session {
  Session(NetId socket_, Ledger& ledger) : socket(socket_), checker(ledger) {}
  NetId socket;
  StreamChecker checker;
  TimePoint began_at{};
  TimePoint stalled_until{};
  std::uint64_t reset_at = UINT64_MAX;
  std::uint64_t half_close_at = UINT64_MAX;
  std::uint64_t hang_at = UINT64_MAX;
  std::uint64_t arrived = 0;  // read by it
  std::uint64_t answered = 0;
  bool peer_ended = false;
  bool ended = false;
  EventId timer;
};

TargetApp::TargetApp(SimNetwork& network, Ledger& ledger, TargetOptions options)
    : network_(network),
      world_(network.world()),
      ledger_(ledger),
      options_(options),
      random_(world_.stream("target", options.port)),
      buffer_(kBufferBytes) {
  LT_ASSERT(options_.port != 0);
  listen(true);
}

TargetApp::~TargetApp() {
  listen(false);
  for (auto& [socket, session] : sessions_) {
    world_.cancel(session->timer);
    network_.close(socket, CloseMode::reset);
  }
}

Endpoint TargetApp::endpoint() const { return network_.endpoint(options_.host, options_.port); }

void TargetApp::listen(bool on) {
  if (on == (listener_ != 0)) return;
  if (!on) {
    network_.close(std::exchange(listener_, 0), CloseMode::graceful);
    return;
  }
  auto listener = network_.listen(options_.host, endpoint(), {.use = SocketUse::leg});
  LT_ASSERT(listener.has_value());
  listener_ = *listener;
  network_.watch(listener_, this);
}

void TargetApp::stall(TimePoint until) { stalled_until_ = std::max(stalled_until_, until); }

std::uint64_t TargetApp::received_bytes(const ChannelRecord& channel) const {
  for (const auto& [socket, session] : sessions_) {
    if (session->checker.channel() != &channel) continue;
    return session->checker.bytes() + network_.stats(socket).unread_bytes;
  }
  return std::max(channel.forward.read_bytes, channel.forward.reader_kernel_bytes);
}

std::uint64_t TargetApp::received_bytes() const {
  std::uint64_t bytes = ended_bytes_;
  for (const auto& [socket, session] : sessions_)
    bytes += session->arrived + network_.stats(socket).unread_bytes;
  return bytes;
}

std::uint64_t TargetApp::unnamed_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [socket, session] : sessions_) {
    if (session->checker.channel() == nullptr)
      bytes += session->arrived + network_.stats(socket).unread_bytes;
  }
  return bytes;
}

void TargetApp::half_close_all() {
  for (auto& [socket, session] : sessions_) half_close(*session);
}

void TargetApp::reset_all() {
  while (!sessions_.empty()) lose(*sessions_.begin()->second, 0);
}

void TargetApp::on_ready(NetId socket, unsigned) {
  if (socket == listener_) {
    accept_all();
  } else {
    pump(socket);
  }
}

void TargetApp::accept_all() {
  for (NetId socket = network_.accept(listener_); socket > 0; socket = network_.accept(listener_)) {
    ++connections_;
    auto session = std::make_unique<Session>(socket, ledger_);
    session->began_at = world_.now();
    if (random_.chance(options_.hang_ratio))
      session->hang_at = random_.log_between(kPatternHeaderBytes, options_.early_bytes_max);
    if (random_.chance(options_.reset_ratio)) {
      session->reset_at = random_.log_between(1, options_.early_bytes_max);
    }
    if (random_.chance(options_.early_half_close_ratio)) {
      session->half_close_at = random_.log_between(1, options_.early_bytes_max);
    }
    sessions_.emplace(socket, std::move(session));
    network_.keep_alive(socket);
    network_.watch(socket, this);
  }
}

void TargetApp::later(Session& session, Duration delay) {
  if (session.timer.set()) return;
  session.timer = world_.schedule_after(delay, "target.timer", [this, socket = session.socket] {
    const auto found = sessions_.find(socket);
    if (found == sessions_.end()) return;
    found->second->timer = EventId{};
    pump(socket);
  });
}

void TargetApp::pump(NetId socket) {
  const auto alive = [&] { return sessions_.contains(socket); };
  if (!alive()) return;
  Session& session = *sessions_.at(socket);
  if (!session.peer_ended) read(session);
  if (alive()) answer(session);
}

void TargetApp::read(Session& session) {
  while (!session.peer_ended) {
    if (session.arrived >= session.hang_at) {
      if (session.checker.channel() != nullptr)
        session.checker.channel()->forward.reader_hung = true;
      return;
    }
    const TimePoint stalled_until = std::max(stalled_until_, session.stalled_until);
    if (stalled_until > world_.now()) return later(session, stalled_until - world_.now());
    std::size_t most = kBufferBytes;
    if (options_.rate_bytes_s > 0) {
      const double seconds = std::chrono::duration<double>(world_.now() - session.began_at).count();
      const auto total =
          static_cast<std::uint64_t>(seconds * static_cast<double>(options_.rate_bytes_s));
      most = std::min<std::uint64_t>(most, total - std::min(total, session.checker.bytes()));
      if (most == 0) return later(session, kTick);
    }
    const int result = network_.read(session.socket, ByteSpan(buffer_).first(most));
    if (result == -EAGAIN) return;
    if (result < 0) return lose(session, result);
    if (result == 0) {
      session.peer_ended = true;
      return session.checker.on_end(0);
    }
    session.arrived += static_cast<std::uint64_t>(result);
    session.checker.on_bytes(ByteView(buffer_).first(static_cast<std::size_t>(result)));
    if (session.checker.bytes() >= session.reset_at) return lose(session, 0);
    if (session.checker.bytes() >= session.half_close_at) half_close(session);
    if (random_.chance(options_.stall_ratio)) {
      session.stalled_until = world_.now() + random_.between(Duration(0), options_.stall_max);
    }
  }
}

// Answers what is due; never makes reading wait, so that two programs cannot wait for each other.
void TargetApp::answer(Session& session) {
  ChannelRecord* channel = session.checker.channel();
  const auto due = static_cast<std::uint64_t>(static_cast<double>(session.checker.bytes()) *
                                              options_.answer_ratio);
  while (channel != nullptr && !session.ended && session.answered < due) {
    const ByteSpan bytes =
        ByteSpan(buffer_).first(std::min<std::uint64_t>(due - session.answered, kBufferBytes));
    fill_pattern(channel->id | kAnswerBit, session.answered, bytes);
    const int result = network_.write(session.socket, bytes);
    if (result == -EAGAIN) return;
    if (result < 0) return lose(session, result);
    session.answered += static_cast<std::uint64_t>(result);
    channel->back.written_bytes = session.answered;
  }
  if (!session.peer_ended) return;
  half_close(session);
  remove(session, CloseMode::graceful);
}

void TargetApp::half_close(Session& session) {
  ChannelRecord* channel = session.checker.channel();
  if (session.ended || channel == nullptr) return;
  session.ended = true;
  channel->back.fin_sent = true;
  network_.shutdown_send(session.socket);
}

// Failed with `error`, or resets by its own will (0).
void TargetApp::lose(Session& session, int error) {
  int result = error < 0 ? 1 : 0;
  while (!session.peer_ended && result > 0) {
    result = network_.read(session.socket, buffer_);
    if (result > 0) {
      session.arrived += static_cast<std::uint64_t>(result);
      session.checker.on_bytes(ByteView(buffer_).first(static_cast<std::size_t>(result)));
    }
  }
  if (error < 0 && !session.peer_ended) {
    session.checker.on_end(error == -EPIPE && result == 0 ? 0 : error);
  }
  if (ChannelRecord* channel = session.checker.channel(); channel != nullptr) {
    if (error < 0) {
      channel->back.writer_error = error;
    } else {
      channel->back.writer_reset = true;
      channel->forward.reader_gone = true;
      channel->forward.reader_kernel_bytes =
          session.arrived + network_.stats(session.socket).unread_bytes;
    }
  }
  remove(session, CloseMode::reset);
}

void TargetApp::remove(Session& session, CloseMode mode) {
  ended_bytes_ += session.arrived + network_.stats(session.socket).unread_bytes;
  network_.close(session.socket, mode);
  world_.cancel(session.timer);
  sessions_.erase(session.socket);
}

void TargetApp::end_hung() {
  for (auto entry = sessions_.begin(); entry != sessions_.end();) {
    Session& session = *(entry++)->second;
    if (session.arrived >= session.hang_at) {
      lose(session, 0);
    } else {
      session.hang_at = UINT64_MAX;
    }
  }
}

}  // namespace longthrow::sim
