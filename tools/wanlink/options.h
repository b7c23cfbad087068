// SPDX-License-Identifier: Apache-2.0
// The command line of wanlink.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/error.h"
#include "tools/wanlink/device.h"
#include "tools/wanlink/link.h"

namespace longthrow::wanlink {

struct Options {
  struct Side {
    std::string network_namespace;
    DeviceOptions device;
  };
  std::array<Side, 2> sides;  // a, b
  LinkSettings link;
  bool realtime = false;
  int ready_fd = -1;       // "READY=1" is written here; -1: "ready" on stdout
  std::string control;     // path, or empty
  std::string stats_json;  // path, "-" or empty
  std::vector<std::string> command;

  // `--send PATH COMMAND`: nothing else counts then.
  std::string send_path;
  std::string send_command;
};

// What main does instead when the command line is no order to run: print and exit.
struct Exit {
  int status = 0;
};
// Prints help or what is wrong itself.
[[nodiscard]] std::expected<Options, Exit> parse_options(int argc, char** argv);

}  // namespace longthrow::wanlink
