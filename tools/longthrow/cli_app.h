// SPDX-License-Identifier: Apache-2.0
// What may be typed after `longthrow`, with the help that goes with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/longthrow/init/options.h"

namespace CLI {
class App;
}

namespace longthrow::cli {

// What was typed of plan.
struct PlanWords {
  std::string bandwidth;
  std::string memlimit;
  std::string outage;
  std::string plot;  // a file to write; empty: none
};

// What was typed of report.
struct ReportWords {
  std::string month;
  std::string until;
  std::string html;  // a file to write; empty: none
};

// What was typed.
struct CommandLine {
  std::string control;  // --control, else $LONGTHROW_CONTROL, else the default
  std::string command;  // the subcommand's name
  bool json = false;

  std::string name;     // the link, the group, or either
  std::string setting;  // set
  std::string value;
  bool save = false;
  std::string timeout;  // drain, restart-check --wait; empty: none
  bool wait = false;    // restart-check, checkpoint
  bool hold = false;
  bool drain = false;             // pause
  bool force = false;             // takeover
  bool dry_run = false;           // reload, init
  int count = 3;                  // ping
  std::optional<double> watch_s;  // status
  std::string output;             // genkey
  std::string identity;
  std::string fingerprint;              // a file to show the fingerprint of
  std::string since;                    // losses, events, report; empty: the beginning
  std::string link;                     // events
  std::string group;                    // events
  std::optional<std::uint32_t> newest;  // events: only so many
  bool follow = false;                  // events
  bool minor = false;                   // losses
  std::string checkpoint;               // its name; empty: the time
  std::string freeze;                   // checkpoint: a shell's command; empty: none
  std::string thaw;
  std::string freeze_timeout = "30s";
  std::string drbd_conf;  // doctor; empty: drbdadm's own
  std::string over;       // explain: between the looks; empty: the usual
  double interval_s = 1;  // top
  bool once = false;      // top
  std::string trace;      // plan, report: its file; empty: the daemon's
  PlanWords plan;
  ReportWords report;
  InitOptions init;
};

// Parsing fills `into`, which outlives the app.
[[nodiscard]] std::unique_ptr<CLI::App> make_app(CommandLine& into);

}  // namespace longthrow::cli
