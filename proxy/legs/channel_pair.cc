// SPDX-License-Identifier: Apache-2.0
// What a channel does because it carries DRBD: recognises its stream, and minds its partner.
#include <algorithm>

#include "proxy/legs/channel.h"

namespace longthrow {
namespace {

// DRBD closes its two connections one after the other: the second has this time to end by itself,
// with all that is still unread in its leg.
constexpr Duration kPartnerGrace = std::chrono::seconds(2);

}  // namespace

void Channel::heed_watch() {
  if (!attached()) return;
  if (watch_->kind() == drbd::StreamKind::meta) {
    host_.channel_is_express(*this);
  } else if (watch_->kind() == drbd::StreamKind::data && watch_->handshaken() && !was_paired_) {
    host_.channel_is_settled(*this);
  }
  if (partner_ == nullptr) return;
  if (watch_->kind() == drbd::StreamKind::data) {
    barriers_.on_sent(watch_->outgoing().barriers, loop_.now());
  } else {
    partner_->barriers_.on_acknowledged(watch_->incoming().barrier_acks);
  }
}

void Channel::pair(Channel& data, Channel& meta) {
  LT_ASSERT(data.partner_ == nullptr && meta.partner_ == nullptr);
  data.partner_ = &meta;
  meta.partner_ = &data;
  data.was_paired_ = meta.was_paired_ = true;
}

void Channel::unpair() {
  if (partner_ == nullptr) return;
  Channel& other = *std::exchange(partner_, nullptr);
  other.partner_ = nullptr;
}

bool Channel::open_at_both_ends() const {
  return open() && attached() && !read_ended_ && !aborting_ && !discard_reads_ && !write_failed_ &&
         !core_->in.end_kind().has_value();
}

bool Channel::ending_of_pair() const { return was_paired_ && (closed() || read_ended_); }

// The data stream's leg closes when all its bytes are handed over and acknowledged, or cannot be.
bool Channel::end_is_held() const {
  return partner_ != nullptr && drbd_kind() == drbd::StreamKind::meta && !partner_->closed();
}

// What TCP has acknowledged may still lie unread in DRBD's socket, and a reset would destroy it.
bool Channel::applied() const {
  if (partner_ == nullptr || drbd_kind() != drbd::StreamKind::data) return true;
  return partner_->watch_->outgoing().barrier_acks >= watch_->incoming().barriers ||
         partner_->read_ended_;
}

// Only between two packets, and only when nothing that the peer has said is left to hand over.
bool Channel::answer_ping() {
  const bool may = attached() && partner_ != nullptr && !write_failed_ && !last_offset_ &&
                   !fin_written_ && !aborting_ && !core_->in.discarding() &&
                   drbd_kind() == drbd::StreamKind::meta && host_.answers_pings(*this);
  if (!may || pings_.outstanding(*watch_) == 0) return false;
  const drbd::PacketScanner& scanner = watch_->incoming_scanner();
  if (!scanner.at_boundary() || scanner.opaque()) return false;
  const ByteView answer = pings_.answer(*watch_);
  answering_ = true;
  write_asked_bytes_ = answer.size();
  loop_.send(write_, leg_, std::span(&answer, 1));
  return true;
}

void Channel::answer_now() {
  if (open() && !write_.in_flight() && core_->in.ready_bytes() == 0) (void)answer_ping();
}

// The peer's DRBD has got the pings, too, and answers them: what was answered here already is left
// out. Returns how many of the pinned pieces are to be written; 0: none are pinned any more.
std::size_t Channel::cut_answers(std::span<ByteView> pieces) {
  const auto [write_bytes, skip_bytes] = pings_.next(pieces, *watch_);
  const auto shorten = [&](std::size_t bytes) {
    std::size_t count = 0;
    while (bytes > 0) {
      ByteView& piece = pieces[count++];
      piece = piece.first(std::min(bytes, piece.size()));
      bytes -= piece.size();
    }
    return count;
  };
  if (write_bytes > 0) return shorten(write_bytes);
  for (const ByteView piece : pieces.first(shorten(skip_bytes))) watch_->on_incoming(piece);
  hand_over(skip_bytes);
  if (skip_bytes > 0) pings_.on_skipped();
  return 0;
}

void Channel::on_partner_ends() {
  if (closed()) return;
  loop_.arm(partner_timer_, loop_.now() + kPartnerGrace);
  pump_write();
}

void Channel::on_partner_timer() {
  if (closed() || aborting_ || read_ended_) return;
  if (unread_bytes() > 0) {
    loop_.arm(partner_timer_, loop_.now() + kPartnerGrace);
    return;
  }
  abort({LossReason::pair_ended, "DRBD's other connection of the pair was closed"});
}

}  // namespace longthrow
