// SPDX-License-Identifier: Apache-2.0
// SourcePositions of this host's kernel: socket diagnostics on a thread of their own, since a
// request may sleep for a socket's lock (socket_diagnostics.h).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/source_positions.h"

namespace longthrow {

// What the thread does for one collect: SocketDiagnostics::read in the order of a sweep. Another
// one is for tests.
using ReadSources =
    std::function<void(std::span<SourceSocket> sockets, std::vector<SourceReading>& readings)>;

// The thread ("lt-sources") starts with the first collect and takes one collect after another. All
// calls, and the destructor, belong to the loop's thread; `loop` outlives it. The destructor
// completes what is in flight with -ECANCELED. It does not wait for a thread that sleeps in the
// kernel: that one is detached, and uses only what it owns.
[[nodiscard]] std::unique_ptr<SourcePositions> make_source_diagnostics(Loop& loop);
[[nodiscard]] std::unique_ptr<SourcePositions> make_source_diagnostics(Loop& loop,
                                                                       ReadSources read);

}  // namespace longthrow
