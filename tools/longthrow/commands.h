// SPDX-License-Identifier: Apache-2.0
// Runs one command line.
#pragma once

#include <iosfwd>

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {

inline constexpr int kDone = 0;
inline constexpr int kNotDone = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kNotConsistent = 3;  // done, but the copy that was taken over is not usable

// Where a command writes: results to `out`, errors to `err`.
struct Output {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  // `out` is one: lines may be rewritten
  bool colours = false;
  std::istream* answers = nullptr;  // where somebody can be asked; null: nobody is there
};

// Says on `err` why the command of `line` was not done, and gives the exit code.
int not_done(const CommandLine& line, const Output& output, const std::string& why,
             int code = kNotDone);

// Parses `argv` and runs it; returns the exit code.
[[nodiscard]] int run(int argc, const char* const* argv, const Output& output);

// genkey needs no daemon.
[[nodiscard]] int run_genkey(const CommandLine& line, const Output& output);
// Asks again and again with --wait, until the answer is good or --timeout is over.
[[nodiscard]] int run_restart_check(const CommandLine& line, const Output& output);
// Shows the history of events, and with --follow what comes.
[[nodiscard]] int run_events(const CommandLine& line, const Output& output);
// Makes a checkpoint, with what is frozen around it.
[[nodiscard]] int run_checkpoint(const CommandLine& line, const Output& output);
// Looks twice, and says what stands in the way.
[[nodiscard]] int run_explain(const CommandLine& line, const Output& output);
// Looks again and again: on a terminal live, else a frame.
[[nodiscard]] int run_top(const CommandLine& line, const Output& output);

// Replays the trace of a link.
[[nodiscard]] int run_plan(const CommandLine& line, const Output& output);
// Shows how far behind the copies were.
[[nodiscard]] int run_report(const CommandLine& line, const Output& output);

}  // namespace longthrow::cli
