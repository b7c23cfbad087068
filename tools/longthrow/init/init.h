// SPDX-License-Identifier: Apache-2.0
// `longthrow init`: the first configuration of two sites, at one of them; then, with --join, at the
// other.
#pragma once

#include <string>
#include <vector>

#include "tools/longthrow/commands.h"
#include "tools/longthrow/init/new_files.h"
#include "tools/longthrow/init/run_check.h"

namespace longthrow::cli {

// What was done at a site, and what is still to do.
struct InitReport {
  std::string node;
  std::string peer;
  std::string directory;
  std::string fingerprint;  // of the key
  std::vector<NewFile> files;
  Written written;
  CheckReport check;
  std::string bundle;        // the file for the other site; "": this is the other site
  std::string join_command;  // to be typed there
  std::string firewall;
  std::vector<std::string> software;
  std::vector<std::string> notes;
  std::vector<std::string> next;  // commands
};

[[nodiscard]] int run_init(const CommandLine& line, const Output& output);

// Writes the files, has them checked, and shows the report; with --dry-run it only shows them. The
// exit code.
[[nodiscard]] int carry_out(const CommandLine& line, const Output& output, InitReport report);

}  // namespace longthrow::cli
