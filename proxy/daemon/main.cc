// SPDX-License-Identifier: Apache-2.0
// longthrowd: one node of a pair. In the foreground, log on stderr.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "proxy/base/log.h"
#include "proxy/daemon/check_configuration.h"
#include "proxy/daemon/daemon.h"
#include "proxy/daemon/help_config.h"
#include "proxy/daemon/signal_thread.h"

int main(int argc, char** argv) {
  constexpr int kWrongUsage = 2;
  CLI::App app("One node of a Longthrow pair, the long-throw replication buffer.", "longthrowd");
  std::string config = "/etc/longthrow/longthrow.toml";
  bool check = false;
  bool help_config = false;
  app.set_version_flag("--version", "longthrowd " LONGTHROW_VERSION);
  app.add_option("--config", config, "The configuration file; conf.d/*.toml beside it is read, too")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check", check, "Only say whether a node could start with it");
  app.add_flag("--help-config", help_config, "Describe every key of the configuration file");
  app.footer(
      "Examples:\n"
      "  longthrowd --check --config alpha.toml\n"
      "  longthrowd --config alpha.toml\n"
      "It stays in the foreground and logs on stderr. SIGHUP reloads, SIGTERM drains and ends,\n"
      "a second SIGTERM ends at once. Exit code: 0 done, 1 not done (says why), 2 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  if (help_config) {
    std::fputs(longthrow::config_help().c_str(), stdout);
    return 0;
  }
  try {
    if (check) return longthrow::check_configuration(config);
    longthrow::prepare_signals();
    return longthrow::run_daemon(config);
  } catch (const std::exception& error) {  // out of memory or threads
    longthrow::log_error("longthrowd: {}", error.what());
    return 1;
  }
}
