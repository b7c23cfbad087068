// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/drbd_stream.h"

#include "longthrow/error.h"
#include "proxy/base/planted.h"

namespace longthrow::drbd {

DrbdStream::DrbdStream(std::shared_ptr<DrbdRoute> route, StreamHost& host, Opener opener)
    : route_(std::move(route)), host_(host), watch_(opener) {
  route_->streams_.push_back(this);
}

void DrbdStream::on_given(ByteView bytes, TimePoint now) {
  watch_.on_outgoing(bytes);
  spoke_ = true;
  heed(now);
}

void DrbdStream::on_handed_over(ByteView bytes, TimePoint now) {
  watch_.on_incoming(bytes);
  heed(now);
}

void DrbdStream::heed(TimePoint now) {
  if (!attached_) return;
  if (kind() == StreamKind::data && watch_.handshaken() && !was_paired_) route_->settle(*this);
  if (partner_ == nullptr) return;
  if (kind() == StreamKind::data) {
    open_barriers_.on_sent(watch_.outgoing().barriers, now);
  } else {
    partner_->open_barriers_.on_acknowledged(watch_.incoming().barrier_acks);
  }
}

// --- the pair

void DrbdStream::pair_with(DrbdStream& meta) {
  LT_ASSERT(partner_ == nullptr && meta.partner_ == nullptr);
  partner_ = &meta;
  meta.partner_ = this;
  was_paired_ = meta.was_paired_ = true;
}

void DrbdStream::unpair() {
  if (partner_ == nullptr) return;
  std::exchange(partner_, nullptr)->partner_ = nullptr;
}

// DRBD never closes one half alone. But while it connects it may keep a meta connection that its
// peer has closed, behind bytes that it does not read yet, and the route would stay closed for it.
// It has said nothing on such a connection.
void DrbdStream::on_end_given() {
  if (kind() == StreamKind::meta && !spoke_)
    host_.end_soon({LossReason::pair_ended, "DRBD's peer has closed this connection"});
}

void DrbdStream::on_end() {
  if (partner_ != nullptr) route_->on_end_of_half(*this);
}

void DrbdStream::retire() {
  unpair();
  route_->retire(*this);
  route_.reset();
}

// --- ends

// The data stream's leg closes when all its bytes are handed over and acknowledged, or when they
// cannot be.
bool DrbdStream::holds_end() const {
  if (planted(Plant::held_end_let_go)) return false;
  return partner_ != nullptr && kind() == StreamKind::meta && !partner_->host_.leg_closed();
}

// Writes behind the last barrier are acknowledged by the next one.
StreamGuide::Applied DrbdStream::applied() const {
  if (partner_ == nullptr || kind() != StreamKind::data) return Applied::unknown;
  if (partner_->watch_.outgoing().barrier_acks < watch_.incoming().barriers)
    return partner_->host_.has_ended() ? Applied::unknown : Applied::no;
  return watch_.incoming().writes_open ? Applied::unknown : Applied::yes;
}

// --- answers

// Answers only between two packets.
ByteView DrbdStream::answer() {
  const bool may = route_ != nullptr && route_->answer_pings_ == AnswerPings::outage &&
                   partner_ != nullptr && kind() == StreamKind::meta;
  const PacketScanner& scanner = watch_.incoming_scanner();
  if (!may || pings_.outstanding(watch_) == 0 || !scanner.at_boundary() || scanner.opaque())
    return {};
  return pings_.answer(watch_);
}

StreamGuide::Step DrbdStream::next(std::span<const ByteView> pieces) const {
  const auto [write_bytes, skip_bytes] = pings_.next(pieces, watch_);
  return {.write_bytes = write_bytes, .skip_bytes = skip_bytes};
}

void DrbdStream::on_left_out(std::span<const ByteView> pieces) {
  for (const ByteView piece : pieces) watch_.on_incoming(piece);
  pings_.on_skipped();
}

// --- the copy

StreamGuide::Carries DrbdStream::carries() const {
  switch (kind()) {
    case StreamKind::data:
      return Carries::copy;
    case StreamKind::meta:
      return Carries::control;
    case StreamKind::unknown:
    case StreamKind::foreign:
      break;
  }
  return Carries::unknown;
}

// Counts blocks, not bytes: the target of a resync sends more bytes than it gets while it asks for
// blocks.
std::optional<StreamGuide::Changes> DrbdStream::changes() const {
  if (kind() != StreamKind::data || !watch_.readable()) return std::nullopt;
  return Changes{.given_bytes = watch_.outgoing().payload_bytes(),
                 .handed_bytes = watch_.incoming().payload_bytes()};
}

// DRBD sends the barrier behind its last writes at the latest when it has nothing else to send.
std::optional<StreamGuide::Barriers> DrbdStream::barriers() const {
  if (partner_ == nullptr || kind() != StreamKind::data) return std::nullopt;
  const std::uint64_t sent = watch_.outgoing().barriers;
  const std::uint64_t acknowledged = partner_->watch_.incoming().barrier_acks;
  return Barriers{.given = sent,
                  .one_follows = watch_.outgoing().writes_open,
                  .acknowledged = planted(Plant::barrier_taken_early) ? sent : acknowledged};
}

}  // namespace longthrow::drbd
