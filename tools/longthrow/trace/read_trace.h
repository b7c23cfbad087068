// SPDX-License-Identifier: Apache-2.0
// The trace of a node: from its files, or from a copy of them.
#pragma once

#include <string>
#include <vector>

#include "longthrow/error.h"
#include "proxy/trace/timeline.h"

namespace longthrow::cli {

struct FoundTrace {
  trace::TraceBook book;
  std::string place;     // where it was read
  std::string not_kept;  // why the daemon does not keep it now; "": it does
};

struct TracePlace {
  std::string path;     // a file, or a folder with the files of a node; "": that of the daemon
  std::string control;  // the socket of the daemon, which writes what it still has in memory
};

// Blocks on the daemon and on the disk. The error says what to do.
[[nodiscard]] Result<FoundTrace> read_trace(const TracePlace& place,
                                            trace::TraceBook::Wanted wanted);

// What is wrong with the trace, a sentence each.
[[nodiscard]] std::vector<std::string> notes_about_trace(const FoundTrace& found);

// "2026-01-31T12:01:07Z"
[[nodiscard]] std::string utc_second(std::int64_t wall);

}  // namespace longthrow::cli
