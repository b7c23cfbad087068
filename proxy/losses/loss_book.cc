// SPDX-License-Identifier: Apache-2.0
#include "proxy/losses/loss_book.h"

#include <algorithm>

#include "proxy/base/foreign_text.h"
#include "proxy/base/log.h"
#include "proxy/base/marks.h"

namespace longthrow {
namespace {

// Joins a later loss with the first. A value that one of them lacks is lacking then.
void join(Loss& first, const Loss& more) {
  first.channels += more.channels;
  first.perhaps_delivered_bytes += more.perhaps_delivered_bytes;
  if (first.bytes && more.bytes) {
    *first.bytes += *more.bytes;
  } else {
    first.bytes.reset();
  }
  if (first.oldest_s && more.oldest_s) {
    const double between_s = seconds_of(more.at - first.at);
    first.oldest_s = std::max(*first.oldest_s, *more.oldest_s - between_s);
  } else {
    first.oldest_s.reset();
  }
}

bool answers(const Loss& loss, const LossQuery& query) {
  const bool named = query.name.empty() || loss.link == query.name || loss.group == query.name ||
                     loss.route == query.name || loss.link.empty();
  return named && (!query.since || loss.at >= *query.since);
}

}  // namespace

void LossBook::restore(Kept kept) {
  since_ = kept.since;
  forgotten_ = kept.forgotten;
  forgotten_full_ = full_ = kept.forgotten_full;
  forgotten_bytes_ = full_bytes_ = kept.forgotten_bytes;
  losses_.assign(kept.losses.begin(), kept.losses.end());
  for (const Loss& loss : losses_) {
    next_number_ = std::max(next_number_, loss.number + 1);
    if (loss.weight == LossWeight::minor) continue;
    ++full_;
    full_bytes_ += loss.bytes.value_or(0);
  }
  next_number_ = std::max(next_number_, forgotten_ + 1);
}

void LossBook::note(TimePoint now, Loss loss) {
  if (loss.bytes == 0U) return;
  loss.text = one_line(loss.text.substr(0, kTextBytesMax));
  const Key key{loss.link, loss.group, loss.route, loss.place, loss.reason, loss.weight};
  const auto waits = waiting_.find(key);
  count(loss, waits == waiting_.end() ? 1 : 0);
  if (waits != waiting_.end()) note_reached(Mark::losses_joined);
  if (waits != waiting_.end()) return join(waits->second.loss, loss);
  waiting_.emplace(key, Waiting{.loss = std::move(loss), .due_at = when_due(now, key)});
}

void LossBook::count(const Loss& loss, std::uint64_t entries) {
  if (loss.weight == LossWeight::minor) return;
  full_ += entries;
  full_bytes_ += loss.bytes.value_or(0);
  LossCount& sum = counts_[{loss.link, loss.group, loss.reason}];
  sum.link = loss.link;
  sum.group = loss.group;
  sum.reason = loss.reason;
  sum.losses += entries;
  sum.bytes += loss.bytes.value_or(0);
}

// A loss is told at once if the last of its kind is long ago.
TimePoint LossBook::when_due(TimePoint now, const Key& key) {
  const bool is_minor = std::get<LossWeight>(key) == LossWeight::minor;
  std::erase_if(paces_, [&](const auto& entry) {
    return entry.second.told_at + 2 * entry.second.pause <= now;
  });
  const Duration first = is_minor ? kMinorPause : kFirstPause;
  const auto known = paces_.find(key);
  if (known == paces_.end()) {
    const TimePoint due = is_minor ? now + first : now;
    paces_[key] = {.told_at = due, .pause = first};
    return due;
  }
  Pace& pace = known->second;
  const TimePoint due = std::max(now, pace.told_at + pace.pause);
  pace = {.told_at = due, .pause = std::min(pace.pause * 2, kLastPause)};
  return due;
}

TimePoint LossBook::due_at() const {
  TimePoint due = kNever;
  for (const auto& [key, waiting] : waiting_) due = std::min(due, waiting.due_at);
  return due;
}

std::vector<Loss> LossBook::take_due(TimePoint now) {
  std::vector<Loss> due;
  std::erase_if(waiting_, [&](auto& entry) {
    if (entry.second.due_at > now) return false;
    due.push_back(std::move(entry.second.loss));
    return true;
  });
  std::ranges::stable_sort(due, {}, &Loss::at);
  for (Loss& loss : due) {
    loss.number = next_number_++;
    enter(loss);
  }
  return due;
}

void LossBook::enter(Loss loss) {
  losses_.push_back(std::move(loss));
  if (losses_.size() > kLossesMax) forget_oldest();
}

void LossBook::forget_oldest() {
  while (losses_.size() > kLossesMax / 2) {
    const Loss& oldest = losses_.front();
    ++forgotten_;
    if (oldest.weight == LossWeight::full) {
      ++forgotten_full_;
      forgotten_bytes_ += oldest.bytes.value_or(0);
    }
    losses_.pop_front();
  }
  forgot_ = true;
}

bool LossBook::take_forgot() { return std::exchange(forgot_, false); }

LossBook::Kept LossBook::all() const {
  return {.since = since_,
          .losses = {losses_.begin(), losses_.end()},
          .forgotten = forgotten_,
          .forgotten_full = forgotten_full_,
          .forgotten_bytes = forgotten_bytes_};
}

LossReport LossBook::report(const LossQuery& query) const {
  LossReport report{.since = since_, .forgotten = forgotten_, .forgotten_bytes = forgotten_bytes_};
  for (const Loss& loss : losses_) {
    if (!answers(loss, query)) continue;
    if (loss.weight == LossWeight::minor && !query.minor) {
      ++report.minor_left_out;
    } else {
      report.losses.push_back(loss);
    }
  }
  return report;
}

LossSummary LossBook::summary() const {
  LossSummary summary{.since = since_, .losses = full_, .bytes = full_bytes_};
  for (const Loss& loss : losses_) {
    if (loss.weight == LossWeight::full) summary.last = loss;
  }
  for (const auto& [key, waiting] : waiting_) {
    const Loss& loss = waiting.loss;
    if (loss.weight == LossWeight::minor) continue;
    if (!summary.last || loss.at >= summary.last->at) summary.last = loss;
  }
  for (const auto& [key, sum] : counts_) summary.counts.push_back(sum);
  return summary;
}

std::string describe(const Loss& loss) {
  if (loss.link.empty()) return format("loss {}: {}", loss.number, loss.text);
  std::string text = format("loss {}: route {} (group {}, link {}): ", loss.number, loss.route,
                            loss.group, loss.link);
  text += loss.bytes ? format("{} bytes", *loss.bytes) : "an unknown number of bytes";
  text += format(" of {} connection{} {}", loss.channels, loss.channels == 1 ? "" : "s",
                 loss.place == LossPlace::to_peer
                     ? "that this node had accepted are not known to be delivered"
                     : "that had arrived here were not taken by the program here");
  if (loss.perhaps_delivered_bytes > 0)
    text += format(" (the peer may have had {} of them)", loss.perhaps_delivered_bytes);
  text += loss.oldest_s ? format(", the oldest {:.1f} s old", *loss.oldest_s) : "";
  return text + format(": {}: {}", to_string(loss.reason), loss.text);
}

}  // namespace longthrow
