// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/check_longthrow/judge.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/read_status.h"

namespace longthrow::check {
namespace {

constexpr std::chrono::milliseconds kPatience{8000};  // monitoring systems give up after 10 s

Verdict unknown(const std::string& why) { return {Level::unknown, "LONGTHROW UNKNOWN - " + why}; }

Verdict check(const std::string& control, const Wishes& wishes) {
  auto client = cli::Client::connect(control);
  if (!client) return unknown(client.error().message);
  if (auto sent = client->send({{"command", "status"}}); !sent)
    return unknown(sent.error().message);
  const auto answer = client->receive(kPatience);
  if (!answer) return unknown(answer.error().message);
  if (!cli::flag_at(*answer, "ok")) return unknown(cli::text_at(*answer, "message"));
  return judge(cli::read_status(cli::object_at(*answer, "status")), wishes);
}

int run(int argc, char** argv) {
  CLI::App app("Checks a Longthrow node for a monitoring system.", "check_longthrow");
  app.set_version_flag("--version", "check_longthrow " LONGTHROW_VERSION);
  std::string control = cli::kDefaultControl;
  Wishes wishes;
  app.add_option("--control", control, "The daemon's control socket")
      ->envname("LONGTHROW_CONTROL")
      ->type_name("SOCKET")
      ->capture_default_str();
  auto* link = app.add_option("--link", wishes.link, "This link and its groups alone");
  app.add_option("--group", wishes.group, "This group alone")->excludes(link);
  app.add_option("-w,--warning", wishes.lag.warning, "Warn when the peer is behind by SECONDS")
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("-c,--critical", wishes.lag.critical, "Critical when it is")
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--warning-age", wishes.age.warning, "Warn when our copy is older than SECONDS")
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--critical-age", wishes.age.critical, "Critical when it is")
      ->type_name("SECONDS")
      ->capture_default_str();
  app.footer(
      "Critical is also: a link that is down, a group that is not consistent. A warning is also: "
      "a\n"
      "link that is paused or fenced, a full buffer, a route that differs at the peer.\n"
      "Run it at both sites: only the DR side can say how old its copy is when the other is "
      "silent.\n"
      "The user of the monitoring system must be in the group of the control socket.\n"
      "Examples:\n"
      "  check_longthrow\n"
      "  check_longthrow --link dr -w 30 -c 300 --critical-age 900\n"
      "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Level::unknown);
  }
  const Verdict verdict = check(control, wishes);
  std::puts(verdict.line.c_str());
  return static_cast<int>(verdict.level);
}

}  // namespace
}  // namespace longthrow::check

int main(int argc, char** argv) {
  try {
    return longthrow::check::run(argc, argv);
  } catch (const std::exception& error) {
    std::printf("LONGTHROW UNKNOWN - %s\n", error.what());
    return static_cast<int>(longthrow::check::Level::unknown);
  }
}
