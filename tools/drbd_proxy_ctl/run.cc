// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/run.h"

#include <algorithm>
#include <istream>
#include <ostream>

namespace longthrow::proxy_ctl {
namespace {

int run_command(const std::string& text, const std::string& control, const Output& output,
                bool& quit) {
  const auto command = parse_command(text);
  if (!command) {
    output.err << "drbd-proxy-ctl: " << command.error().message << "\n";
    return kRefused;
  }
  quit = std::holds_alternative<Quit>(command->what);
  return execute(*command, control, output);
}

int run_input(const std::string& control, std::istream& in, bool interactive,
              const Output& output) {
  int worst = kDone;
  bool quit = false;
  std::string line;
  while (!quit) {
    if (interactive) output.out << "drbd-proxy> " << std::flush;
    if (!std::getline(in, line)) break;
    worst = std::max(worst, run_command(line, control, output, quit));
  }
  return worst;
}

}  // namespace

int run(std::vector<std::string> arguments, std::string control, std::istream& in, bool interactive,
        const Output& output) {
  for (auto argument = arguments.begin(); argument != arguments.end();) {
    if (*argument == "--help" || *argument == "-h") {
      output.out << help_text();
      return kDone;
    }
    if (*argument == "--version" || *argument == "-v" || *argument == "-V") {
      output.out << kVersionText << "\n";
      return kDone;
    }
    if (*argument != "--control") {
      ++argument;
      continue;
    }
    if (std::next(argument) == arguments.end()) {
      output.err << "drbd-proxy-ctl: --control needs the path of a socket\n";
      return kRefused;
    }
    control = *std::next(argument);
    argument = arguments.erase(argument, argument + 2);
  }
  if (arguments.empty()) return run_input(control, in, interactive, output);
  const auto commands = split_arguments(arguments);
  if (!commands) {
    output.err << "drbd-proxy-ctl: " << commands.error().message << "\n";
    return kRefused;
  }
  int worst = kDone;
  for (const std::string& command : *commands) {
    bool quit = false;
    worst = std::max(worst, run_command(command, control, output, quit));
    if (quit) break;
  }
  return worst;
}

}  // namespace longthrow::proxy_ctl
