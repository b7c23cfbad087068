// SPDX-License-Identifier: Apache-2.0
// What an administrator has stopped: since when, and by which command. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "longthrow/time.h"
#include "proxy/wire/records.h"

namespace longthrow {

using wire::NoticeKind;

// Of one link, as one node says it. Group "": the whole link.
class NoticeBoard {
 public:
  struct Entry {
    WallTime since{};
    std::string by;  // "`longthrow pause dr`"
  };
  using Entries = std::map<std::pair<NoticeKind, std::string>, Entry>;

  // False: it is there already, and stays as it was.
  bool put(NoticeKind kind, const std::string& group, Entry entry) {
    return entries_.try_emplace({kind, group}, std::move(entry)).second;
  }
  // False: there was none.
  bool take(NoticeKind kind, const std::string& group) { return entries_.erase({kind, group}) > 0; }
  [[nodiscard]] const Entry* find(NoticeKind kind, const std::string& group) const {
    const auto found = entries_.find({kind, group});
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Entries& entries() const { return entries_; }

 private:
  Entries entries_;
};

[[nodiscard]] std::string to_string(NoticeKind kind);
// "paused since 2026-01-31T12:00:00Z by `longthrow pause dr`"
[[nodiscard]] std::string describe(NoticeKind kind, const NoticeBoard::Entry& entry);

}  // namespace longthrow
