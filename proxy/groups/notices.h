// SPDX-License-Identifier: Apache-2.0
// What an administrator has stopped, since when, and by which command. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "longthrow/status_words.h"
#include "longthrow/time.h"
#include "proxy/wire/records.h"

namespace longthrow {

// What one node has stopped of one link or one group.
class NoticeBoard {
 public:
  struct Entry {
    WallTime since{};
    std::string by;  // "`longthrow pause dr`"
  };
  using Entries = std::map<NoticeKind, Entry>;

  // False: that kind was stopped already; its entry stays as it was.
  bool put(NoticeKind kind, Entry entry) {
    return entries_.try_emplace(kind, std::move(entry)).second;
  }
  // False: that kind was not stopped.
  bool take(NoticeKind kind) { return entries_.erase(kind) > 0; }
  [[nodiscard]] const Entry* find(NoticeKind kind) const {
    const auto found = entries_.find(kind);
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const Entries& entries() const { return entries_; }

 private:
  Entries entries_;
};

// "paused since 2026-01-31T12:00:00Z by `longthrow pause dr`"
[[nodiscard]] std::string describe(NoticeKind kind, const NoticeBoard::Entry& entry);

}  // namespace longthrow
