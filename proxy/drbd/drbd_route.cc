// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/drbd_route.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/drbd/drbd_stream.h"

namespace longthrow::drbd {
namespace {

DrbdStatus::Direction direction_of(const StreamCounters& counters) {
  DrbdStatus::Direction direction{
      .barriers = counters.barriers, .barrier_acks = counters.barrier_acks, .volumes = {}};
  for (const auto& [number, volume] : counters.volumes) {
    direction.volumes[number] = {.writes = volume.writes,
                                 .write_bytes = volume.write_bytes,
                                 .resync_bytes = volume.resync_bytes};
  }
  return direction;
}

void merge(DisksByVolume& known, const DisksByVolume& newer) {
  for (const auto& [volume, disks] : newer) {
    if (disks.here != DiskState::unknown) known[volume].here = disks.here;
    if (disks.peer != DiskState::unknown) known[volume].peer = disks.peer;
    known[volume].here_ahead = disks.here_ahead;
    known[volume].peer_ahead = disks.peer_ahead;
  }
}

// Only final states make a copy unusable; attaching and negotiating are passing.
bool cannot_be_used(DiskState disk) {
  using enum DiskState;
  return disk == inconsistent || disk == outdated || disk == failed || disk == diskless;
}

}  // namespace

std::unique_ptr<StreamGuide> DrbdRoute::guide(StreamHost& host, Opener opener) {
  return std::make_unique<DrbdStream>(std::static_pointer_cast<DrbdRoute>(shared_from_this()), host,
                                      opener);
}

std::string DrbdRoute::poll_line() {
  if (lines_.empty()) return {};
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

// --- pairs

// DRBD's two nodes may connect at the same time. When features have passed both ways on the data
// stream, at most one meta stream is left that is open at both ends. Either node may have opened
// it.
DrbdStream* DrbdRoute::meta_for(const DrbdStream& data) const {
  DrbdStream* meta = nullptr;
  for (DrbdStream* stream : streams_) {
    const bool fits = stream != &data && stream->partner_ == nullptr &&
                      stream->kind() == StreamKind::meta && stream->host_.open_at_both_ends();
    if (fits) meta = stream;  // the newest
  }
  return meta;
}

void DrbdRoute::settle(DrbdStream& data) {
  DrbdStream* meta = meta_for(data);
  if (meta == nullptr) return;
  data.pair_with(*meta);
  if (lines_.size() < kLinesMax) {
    lines_.push_back(format("DRBD's connection: data channel {}, meta channel {}",
                            data.host_.channel_id(), meta->host_.channel_id()));
  }
}

void DrbdRoute::on_end_of_half(DrbdStream& stream) {
  DrbdStream& other = *stream.partner_;
  const bool wrong_meta = stream.kind() == StreamKind::meta && other.host_.open_at_both_ends() &&
                          meta_for(other) != nullptr;
  if (wrong_meta) {  // the nodes saw the crossed attempts in different orders
    note_reached(Mark::pair_settled_again);
    stream.unpair();
    settle(other);
  } else {
    note_reached(Mark::pair_ended_by_half);
    other.host_.end_soon(
        {LossReason::pair_ended, "DRBD's other connection of the pair was closed"});
  }
}

bool DrbdRoute::may_open() const {
  if (planted(Plant::old_pair_let_in)) return true;
  return std::ranges::none_of(streams_,
                              [](const DrbdStream* stream) { return stream->ending_of_pair(); });
}

void DrbdRoute::retire(DrbdStream& stream) {
  std::erase(streams_, &stream);
  past_.sent.add(stream.watch_.outgoing());
  past_.received.add(stream.watch_.incoming());
  past_.pings_answered += stream.pings_.answered();
  merge(past_.disks, stream.watch_.disks());
}

// --- disks

DisksByVolume DrbdRoute::disks() const {
  DisksByVolume disks = past_.disks;
  for (const DrbdStream* stream : streams_) merge(disks, stream->watch_.disks());
  return disks;
}

std::string DrbdRoute::trouble() const {
  for (const auto& [volume, each] : disks()) {
    const bool peer = cannot_be_used(each.peer);
    const DiskState disk = peer ? each.peer : each.here;
    if (!cannot_be_used(disk)) continue;
    const bool resync = disk == DiskState::inconsistent;
    return format("{} DRBD says that its disk of volume {} is {}{}",
                  peer ? "the peer's" : "the local", volume, to_string(disk),
                  resync ? ": a resync is running, or was interrupted" : "");
  }
  return {};
}

// A value if DRBD has not told the state of its disks, or has told it in words that are not known
// here.
std::string DrbdRoute::unknown() const {
  const DisksByVolume known = disks();
  if (known.empty()) return "DRBD has not yet said how its disks are, or this node cannot read it";
  for (const auto& [volume, each] : known) {
    const bool here = each.here == DiskState::unknown;
    if (here || each.peer == DiskState::unknown) {
      return format("DRBD has not said yet how {} disk of volume {} is",
                    here ? "the local" : "the peer's", volume);
    }
  }
  return {};
}

bool DrbdRoute::stands_still() const {
  return std::ranges::any_of(disks(), [](const auto& each) { return each.second.peer_ahead; });
}

void DrbdRoute::fill(RouteStatus& route, TimePoint now) const {
  DrbdStatus& status = route.drbd.emplace();
  status.answers_pings = answer_pings_ == AnswerPings::outage;
  status.pings_answered = past_.pings_answered;
  StreamCounters sent = past_.sent;
  StreamCounters received = past_.received;
  for (const DrbdStream* stream : streams_) {
    sent.add(stream->watch_.outgoing());
    received.add(stream->watch_.incoming());
    status.pings_answered += stream->pings_.answered();
    const bool leads = stream->partner_ != nullptr && stream->kind() == StreamKind::data;
    if (!leads || stream->ending_of_pair()) continue;
    status.paired = true;
    status.barriers_open = stream->open_barriers_.open();
    const auto oldest = stream->open_barriers_.oldest();
    const Duration age = oldest ? now - *oldest : Duration(0);
    status.lag_s = seconds_of(age);
  }
  status.sent = direction_of(sent);
  status.received = direction_of(received);
  for (const auto& [volume, each] : disks()) {
    status.disks[volume] = {.here = std::string(to_string(each.here)),
                            .peer = std::string(to_string(each.peer))};
    if (each.here_ahead) status.ahead = Side::here;
    if (each.peer_ahead) status.ahead = Side::peer;
  }
}

}  // namespace longthrow::drbd
