// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/frame_sender.h"

#include "proxy/base/log.h"
#include "proxy/base/week_time.h"

namespace longthrow {

void FrameSender::follow_schedule(const std::string& link) {
  const BandwidthWindow* before = bandwidth_.window();
  bandwidth_.on_tick(local_week_minute(loop_.wall_now()));
  const BandwidthWindow* window = bandwidth_.window();
  if (window == before) return;
  log_info("link {}: bandwidth_schedule: {}", link,
           window != nullptr ? window->text : "in no window, so bandwidth counts");
}

void FrameSender::send_express(Session& session) {
  Lane* express = uplink_.lanes().express();
  if (express == nullptr || !express->has_room()) return;
  record_.clear();
  session.poll_control(loop_.now(), record_);
  if (!record_.empty()) express->send(record_.view());
  while (express->has_room()) {
    const auto next = session.poll_express_frame();
    if (next.frame == nullptr) break;
    send_frame(*express, next);
  }
  while (express->queued_bytes() < kAheadQueueBytes) {
    const auto next = session.poll_ahead_frame();
    if (next.frame == nullptr) return;
    send_frame(*express, next);
  }
}

std::optional<TimePoint> FrameSender::send_bulk(Session& session, Ingest& ingest) {
  bucket_.set_rate(bandwidth_.rate_bytes_s());
  LaneSet& lanes = uplink_.lanes();
  bool sent = !lanes.bulk().empty();
  while (sent) {
    sent = false;
    for (std::size_t turn = 0; turn < lanes.bulk().size(); ++turn) {
      Lane& lane = lanes.next_bulk();
      if (!lane.has_room()) continue;
      if (!bucket_.may_send(loop_.now()))
        return session.bulk_frames_wait() ? std::optional(bucket_.ready_at()) : std::nullopt;
      const auto next = session.poll_bulk_frame(lane.id);
      if (next.frame == nullptr) {
        if (!session.connected() || !ingest.close_oldest_partial()) return std::nullopt;
        ingest.make_frames();
        send_express(session);  // first: a new frame may be of a quiet channel
        sent = true;
        continue;
      }
      send_frame(lane, next);
      uplink_.pacing().on_bulk_sent();
      sent = true;
    }
  }
  return std::nullopt;
}

void FrameSender::send_frame(Lane& lane, const Session::NextFrame& next) {
  const OutFrame& frame = *next.frame;
  record_.clear();
  wire::encode(frame.header, record_);
  if (frame.header.payload_bytes > 0)
    frame.payload.copy_to(record_.extend(frame.payload.size_bytes()));
  lane.send(record_.view());
  bucket_.sent(record_.size());
  sent_bytes_ += record_.size();
  if (next.again) sent_again_bytes_ += record_.size();
}

void FrameSender::send_heartbeats(Session& session, std::int64_t wall_ns) {
  for (const auto& [index, lane] : uplink_.lanes().bulk()) {
    if (!lane->has_room()) continue;
    record_.clear();
    wire::encode(session.make_heartbeat(loop_.now(), wall_ns), record_);
    lane->send(record_.view());
  }
}

}  // namespace longthrow
