// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "tests/sim/application.h"

namespace longthrow::sim {
namespace {
constexpr std::size_t kBufferBytes = 64 * kKiB;
constexpr Duration kTick = std::chrono::milliseconds(2);
}  // namespace

SourceApp::SourceApp(SimNetwork& network, Ledger& ledger, SourceOptions options)
    : network_(network),
      world_(network.world()),
      ledger_(ledger),
      options_(std::move(options)),
      random_(world_.stream("source", options_.first_number)),
      buffer_(kBufferBytes),
      read_buffer_(kBufferBytes) {
  LT_ASSERT(options_.write_bytes_max > 0 && options_.burst_bytes > 0);
  later(random_.between(Duration(0), options_.retry_delay));
}

SourceApp::~SourceApp() {
  world_.cancel(timer_);
  if (socket_ != 0) network_.close(socket_, CloseMode::reset);
}

std::uint64_t SourceApp::acknowledged_bytes() const {
  return socket_ != 0 ? network_.acknowledged_bytes(socket_) : 0;
}

std::string SourceApp::address() const {
  const auto local = network_.local_endpoint(socket_);
  return socket_ != 0 && local.has_value() ? to_string(*local) : "";
}

void SourceApp::later(Duration delay) {
  world_.cancel(timer_);
  timer_ = world_.schedule_after(delay, "source.timer", [this] {
    timer_ = EventId{};
    if (socket_ == 0) {
      connect();
    } else {
      pump();
    }
  });
}

void SourceApp::connect() {
  if (streams_ >= options_.streams_max) return;
  auto socket = network_.connect(options_.host, options_.target, {.use = SocketUse::leg});
  if (!socket.has_value()) return later(options_.retry_delay);
  socket_ = *socket;
  connected_ = ended_ = peer_ended_ = false;
  network_.keep_alive(socket_);
  network_.watch(socket_, this);
}

void SourceApp::on_ready(NetId socket, unsigned) {
  if (socket != socket_ || network_.connecting(socket)) return;
  if (!connected_) {
    if (network_.take_error(socket) != 0) {
      ++failed_connects_;
      return leave();
    }
    begin();
  }
  pump();
}

void SourceApp::begin() {
  connected_ = true;
  const auto number = options_.first_number + static_cast<std::uint32_t>(streams_++);
  const StreamId id = make_stream_id(world_.seed(), number) |
                      (options_.compressible ? kCompressibleBit : StreamId{0}) |
                      (options_.meta ? kMetaBit : StreamId{0});
  latest_ = channel_ = &ledger_.open(id, world_.now());
  channel_->orderly = options_.ending == SourceEnding::half_close;
  answers_.emplace(ledger_, *channel_);
  began_at_ = world_.now();
}

void SourceApp::pump() {
  const NetId socket = socket_;
  if (!ended_) write();
  if (socket_ == socket && (ended_ || options_.reads_while_writing)) read();
}

// How much the rate lets it write now.
std::uint64_t SourceApp::allowance() {
  if (options_.rate_bytes_s == 0) return UINT64_MAX;
  const double seconds = std::chrono::duration<double>(world_.now() - began_at_).count();
  const auto total =
      static_cast<std::uint64_t>(seconds * static_cast<double>(options_.rate_bytes_s)) +
      options_.burst_bytes;
  return total - std::min(total, channel_->forward.written_bytes);
}

// The next `most` bytes of the stream, or what is left over of those made before.
ByteView SourceApp::next_bytes(std::size_t most) {
  const std::uint64_t offset = channel_->forward.written_bytes;
  if (made_channel_ != channel_ || offset >= made_end_) {
    made_channel_ = channel_;
    made_end_ = offset + most;
    fill_pattern(channel_->id, offset, ByteSpan(buffer_).first(most));
    made_begin_ = offset;
  }
  const ByteView made = ByteView(buffer_).subspan(offset - made_begin_, made_end_ - offset);
  return made.first(std::min(made.size(), most));
}

void SourceApp::write() {
  DirectionRecord& record = channel_->forward;
  while (record.written_bytes < options_.bytes) {
    if (pause_until_ > world_.now()) return later(pause_until_ - world_.now());
    const std::uint64_t most =
        std::min({options_.bytes - record.written_bytes, allowance(),
                  std::uint64_t{options_.write_bytes_max}, std::uint64_t{kBufferBytes}});
    // Not byte by byte as the allowance trickles in.
    const std::uint64_t enough =
        std::min(options_.bytes - record.written_bytes, std::uint64_t{options_.write_bytes_max});
    if (most < std::min(enough, options_.rate_bytes_s / 100 + 1)) return later(kTick);
    const ByteView bytes = next_bytes(random_.between(std::uint64_t{1}, most));
    const int result = network_.write(socket_, bytes);
    if (result == -EAGAIN) return;
    if (result < 0) return lose(result);
    record.written_bytes += static_cast<std::uint64_t>(result);
    channel_->writes.push_back({world_.now(), record.written_bytes});
    if (random_.chance(options_.pause_ratio)) {
      pause_until_ = world_.now() + random_.between(Duration(0), options_.pause_max);
    }
  }
  end(options_.ending);
}

void SourceApp::finish_held(SourceEnding ending) {
  if (socket_ != 0 && connected_ && !ended_) end(ending);
}

void SourceApp::end(SourceEnding ending) {
  DirectionRecord& record = channel_->forward;
  switch (ending) {
    case SourceEnding::hold:
      return;
    case SourceEnding::half_close:
      ended_ = true;
      record.fin_sent = true;
      record.given_bytes = network_.acknowledged_bytes(socket_);
      network_.shutdown_send(socket_);
      if (peer_ended_) leave();
      return;
    case SourceEnding::close:
    case SourceEnding::reset: {
      ended_ = true;
      channel_->back.reader_gone = true;
      record.given_bytes = network_.acknowledged_bytes(socket_);
      // A close with answers unread resets, as the kernel has it.
      const bool clean =
          network_.close(std::exchange(socket_, 0),
                         ending == SourceEnding::close ? CloseMode::graceful : CloseMode::reset);
      record.fin_sent = clean;
      record.writer_reset = !clean;
      return leave();
    }
  }
}

void SourceApp::read() {
  while (!peer_ended_) {
    const int result = network_.read(socket_, read_buffer_);
    if (result == -EAGAIN) return;
    if (result < 0) return lose(result);
    if (result > 0) {
      answers_->on_bytes(ByteView(read_buffer_).first(static_cast<std::size_t>(result)));
      continue;
    }
    peer_ended_ = true;
    answers_->on_end(0);
  }
  if (ended_) leave();
}

// Takes what had arrived before the failure. After it, a read gives 0 also for a reset: only a
// broken pipe means that there was a clean end before.
void SourceApp::lose(int error) {
  int result = 1;
  while (!peer_ended_ && result > 0) {
    result = network_.read(socket_, read_buffer_);
    if (result > 0)
      answers_->on_bytes(ByteView(read_buffer_).first(static_cast<std::size_t>(result)));
  }
  channel_->forward.writer_error = error;
  channel_->forward.given_bytes = network_.acknowledged_bytes(socket_);
  if (!peer_ended_) answers_->on_end(error == -EPIPE && result == 0 ? 0 : error);
  leave();
}

void SourceApp::leave() {
  if (socket_ != 0) network_.close(std::exchange(socket_, 0), CloseMode::graceful);
  channel_ = nullptr;
  answers_.reset();
  pause_until_ = TimePoint{};
  later(random_.between(options_.retry_delay / 2, options_.retry_delay));
}

}  // namespace longthrow::sim
