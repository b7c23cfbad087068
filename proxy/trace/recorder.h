// SPDX-License-Identifier: Apache-2.0
// Makes the trace of a node's status, looked at once a second. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "longthrow/status.h"
#include "proxy/trace/row.h"

namespace longthrow::trace {

// One for each process.
class Recorder {
 public:
  // Beyond it links and groups are left out, and counted.
  static constexpr std::size_t kSubjectsMax = 256;
  // Looks that are further apart tell nothing of the time between them.
  static constexpr std::uint64_t kApartMax = 10;

  // `run` names the process: another number for each.
  Recorder(std::uint64_t run, TimePoint began) : run_(run), began_(began) {}

  // `now` and `wall_now` are the same moment. Returns blocks that are to be appended to the trace,
  // when a minute has ended; else "".
  [[nodiscard]] std::string look(const Status& status, TimePoint now, WallTime wall_now);
  // What has not been returned yet. The next look goes on behind it.
  [[nodiscard]] std::string flush();
  // Links and groups that the last look has left out.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  // Totals of the look before; 0: it was not there then.
  struct Totals {
    std::uint64_t raw_in = 0;
    std::uint64_t framed_raw = 0;
    std::uint64_t framed_stored = 0;
    std::uint64_t wire_out = 0;
    Limit limited_by = Limit::source;
    std::map<std::string, std::uint64_t> resent;  // by connection
  };
  struct Subject {
    Block block;
    Totals totals;
    std::string noted;  // the last note
    bool seen = false;  // in this look
  };
  // Of the look under way.
  struct Place {
    std::uint64_t tick = 0;
    std::uint64_t span = 0;
    std::int64_t wall = 0;
    // Of a link: what has passed since the look before is not known how.
    enum class Before : std::uint8_t { known, unknown } before = Before::known;
  };

  [[nodiscard]] bool ends_block(const Place& place) const;
  Subject* subject(Kind kind, const std::string& name, const Place& place);
  void look_at_link(const std::string& name, const LinkStatus& link, const Status& status,
                    const Place& place);
  void look_at_group(const std::string& name, const GroupStatus& group, const Place& place);
  [[nodiscard]] Row row_at(const Place& place) const;

  std::uint64_t run_;
  TimePoint began_;
  std::uint64_t last_tick_ = 0;
  std::uint64_t left_out_ = 0;
  std::map<std::pair<Kind, std::string>, Subject> subjects_;
};

}  // namespace longthrow::trace
