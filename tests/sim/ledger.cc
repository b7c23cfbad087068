// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ledger.h"

#include <algorithm>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {
constexpr std::size_t kViolationsMax = 100;

std::string describe(const ChannelRecord& channel, const char* direction,
                     const DirectionRecord& record, const char* what) {
  return format("stream {:x} {}: {} (written {}{}{}{}, read {}{}{})", channel.id, direction, what,
                record.written_bytes, record.fin_sent ? ", fin sent" : "",
                record.writer_reset ? ", reset by writer" : "",
                record.writer_error != 0 ? format(", writer failed {}", record.writer_error) : "",
                record.read_bytes, record.fin_seen ? ", fin seen" : "",
                record.reader_error != 0 ? format(", reader failed {}", record.reader_error) : "");
}

template <typename Visit>
void for_directions(const std::map<StreamId, ChannelRecord>& channels, Visit visit) {
  for (const auto& [id, channel] : channels) {
    visit(channel, "forward", channel.forward);
    visit(channel, "back", channel.back);
  }
}
}  // namespace

ChannelRecord& Ledger::open(StreamId id, TimePoint now) {
  const auto [entry, fresh] = channels_.try_emplace(id);
  LT_ASSERT(fresh);
  entry->second.id = id;
  entry->second.started_at = now;
  return entry->second;
}
ChannelRecord* Ledger::find(StreamId id) {
  const auto found = channels_.find(id);
  return found != channels_.end() ? &found->second : nullptr;
}
void Ledger::violate(std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back(std::move(what));
}

std::vector<std::string> Ledger::check_fidelity() const {
  std::vector<std::string> result = violations_;
  for_directions(channels_, [&](const auto& channel, const char* direction, const auto& record) {
    if (record.read_bytes > record.written_bytes) {
      result.push_back(describe(channel, direction, record, "more read than written"));
    }
    if (record.fin_seen && !record.fin_sent) {
      result.push_back(describe(channel, direction, record, "clean end that nobody sent"));
    }
    if (record.fin_seen && record.read_bytes != record.written_bytes) {
      result.push_back(describe(channel, direction, record, "clean end of a truncated stream"));
    }
  });
  return result;
}

std::vector<std::string> Ledger::check_settled() const {
  std::vector<std::string> result;
  for_directions(channels_, [&](const auto& channel, const char* direction, const auto& record) {
    if (record.writer_ended() && record.reader_seen && !record.reader_ended()) {
      result.push_back(
          describe(channel, direction, record, "the reader was never told of the end"));
    }
    // A target that failed must become known to its source; a source's failure is told by its own
    // end. A target that never read enough to know the stream is a stranger to it.
    const bool known = &record == &channel.forward || channel.forward.reader_seen;
    if (known && record.reader_error != 0 && !record.writer_ended()) {
      result.push_back(
          describe(channel, direction, record, "the writer was never told of the end"));
    }
  });
  for (const auto& [id, channel] : channels_) {
    if (channel.forward.writer_ended() && !channel.forward.reader_seen &&
        !channel.back.reader_ended() && !channel.forward.writer_error) {
      result.push_back(describe(channel, "forward", channel.forward,
                                "reached no target and its source was never told"));
    }
  }
  return result;
}

std::vector<std::string> Ledger::check_complete(TimePoint since) const {
  std::vector<std::string> result;
  for (const auto& [id, channel] : channels_) {
    if (channel.started_at < since || !channel.orderly || channel.forward.reader_gone) continue;
    if (!channel.forward.fin_sent || !channel.forward.fin_seen ||
        channel.forward.read_bytes != channel.forward.written_bytes) {
      result.push_back(describe(channel, "forward", channel.forward, "did not arrive whole"));
    } else if (channel.back.fin_sent && !channel.back.fin_seen) {
      result.push_back(describe(channel, "back", channel.back, "did not arrive whole"));
    }
  }
  return result;
}

std::vector<std::string> Ledger::check_given(TimePoint since) const {
  std::vector<std::string> result;
  for (const auto& [id, channel] : channels_) {
    const DirectionRecord& record = channel.forward;
    if (channel.started_at < since || record.reader_gone || record.writer_error != 0) continue;
    if (record.writer_ended() && record.read_bytes < record.given_bytes) {
      result.push_back(describe(channel, "forward", record,
                                format("its end came before {} bytes that the node's kernel had",
                                       record.given_bytes - record.read_bytes)
                                    .c_str()));
    }
  }
  return result;
}

std::uint64_t Ledger::bytes_delivered() const {
  std::uint64_t total = 0;
  for (const auto& [id, channel] : channels_) {
    total += channel.forward.read_bytes + channel.back.read_bytes;
  }
  return total;
}

ChannelRecord* Ledger::claim_tiny(ByteView bytes) {
  for (auto& [id, channel] : channels_) {
    DirectionRecord& record = channel.forward;
    if (!record.reader_seen && record.fin_sent && record.written_bytes == bytes.size() &&
        !pattern_mismatch(id, 0, bytes)) {
      return &channel;
    }
  }
  return nullptr;
}

// Tiny streams cannot be told apart, so a claim may have taken a twin: `source` and the twin then
// trade what their targets did.
void Ledger::trade_tiny(ChannelRecord& source) {
  if (source.back.fin_sent || source.forward.written_bytes >= kPatternHeaderBytes) return;
  for (auto& [id, twin] : channels_) {
    if (&twin == &source || !twin.back.fin_sent || twin.back.fin_seen ||
        twin.forward.written_bytes != source.forward.written_bytes) {
      continue;
    }
    std::swap(twin.back.fin_sent, source.back.fin_sent);
    std::swap(twin.back.written_bytes, source.back.written_bytes);
    std::swap(twin.forward.fin_seen, source.forward.fin_seen);
    std::swap(twin.forward.read_bytes, source.forward.read_bytes);
    std::swap(twin.forward.reader_seen, source.forward.reader_seen);
    return;
  }
}

std::string Ledger::whose_bytes(ByteView bytes) const {
  const ByteView sample = bytes.first(std::min<std::size_t>(bytes.size(), 80));
  for (const auto& [id, channel] : channels_) {
    for (const StreamId stream : {id, id | kAnswerBit}) {
      if (const auto offset = pattern_locate(stream, sample); offset.has_value()) {
        return format("offset {} of stream {:x}", *offset, stream);
      }
    }
  }
  return "bytes of no stream";
}

// --- StreamChecker ---

StreamChecker::StreamChecker(Ledger& ledger, ChannelRecord& channel)
    : ledger_(ledger), direction_(Ledger::Direction::back), channel_(&channel) {
  record().reader_seen = true;
}

DirectionRecord& StreamChecker::record() {
  return direction_ == Ledger::Direction::forward ? channel_->forward : channel_->back;
}

void StreamChecker::on_bytes(ByteView bytes) {
  if (channel_ == nullptr && !broken_) {
    const std::size_t wanted = kPatternHeaderBytes - header_.size();
    const ByteView part = bytes.first(std::min(wanted, bytes.size()));
    header_.insert(header_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (header_.size() == kPatternHeaderBytes) {
      identify();
      if (channel_ != nullptr) verify(header_);
    }
  }
  if (channel_ != nullptr) verify(bytes);
}

void StreamChecker::identify() {
  const auto id = pattern_stream(header_);
  ChannelRecord* found = id.has_value() ? ledger_.find(*id) : nullptr;
  if (found == nullptr) {
    broken_ = true;
    return ledger_.violate("a target got a stream that begins with " +
                           ledger_.whose_bytes(header_));
  }
  if (found->forward.reader_seen) {
    broken_ = true;
    return ledger_.violate(format("stream {:x} was delivered twice", found->id));
  }
  channel_ = found;
  channel_->forward.reader_seen = true;
}

void StreamChecker::verify(ByteView bytes) {
  if (broken_) return;
  const StreamId id =
      channel_->id | (direction_ == Ledger::Direction::back ? kAnswerBit : StreamId{0});
  if (const auto at = pattern_mismatch(id, offset_, bytes); at.has_value()) {
    broken_ = true;
    ledger_.violate(format("stream {:x}: wrong byte at offset {}: {}", id, offset_ + *at,
                           ledger_.whose_bytes(bytes.subspan(*at))));
  }
  offset_ += bytes.size();
  record().read_bytes = offset_;
  if (offset_ > record().written_bytes && !broken_) {
    broken_ = true;
    ledger_.violate(
        format("stream {:x}: {} bytes read of {} written", id, offset_, record().written_bytes));
  }
}

void StreamChecker::on_end(int result) {
  if (channel_ == nullptr && result == 0 && !broken_) {
    channel_ = ledger_.claim_tiny(header_);
    if (channel_ == nullptr) {
      return ledger_.violate(
          format("clean end of a stream of {} bytes that nobody sent", header_.size()));
    }
    channel_->forward.reader_seen = true;
    verify(header_);
  }
  if (channel_ == nullptr) return;
  DirectionRecord& self = record();
  if (result < 0) {
    self.reader_error = result;
    return;
  }
  if (direction_ == Ledger::Direction::back) ledger_.trade_tiny(*channel_);
  self.fin_seen = true;
  if (!self.fin_sent || self.read_bytes != self.written_bytes) {
    ledger_.violate(format("stream {:x}: clean end at offset {} of {}, {}", channel_->id,
                           self.read_bytes, self.written_bytes,
                           self.fin_sent ? "truncated" : "which its writer never sent"));
  }
}

}  // namespace longthrow::sim
