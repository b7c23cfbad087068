// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/check_longthrow/expected.h"
#include "tools/check_longthrow/judge.h"
#include "tools/check_longthrow/limits.h"
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
  const json::object& status = cli::object_at(*answer, "status");
  return judge(cli::read_status(status), wishes, unexpected(status));
}

// What was typed.
struct Typed {
  std::vector<std::string> warning;
  std::vector<std::string> critical;
  std::string warning_age;
  std::string critical_age;
};

Result<void> take(const Typed& typed, Wishes& wishes) {
  const auto set = [&](Level level, const std::vector<std::string>& texts,
                       const std::string& age) -> Result<void> {
    for (const std::string& text : texts) {
      if (auto taken = set_limit(text, level, wishes); !taken) return taken;
    }
    return age.empty() ? Result<void>{} : set_limit("age=" + age, level, wishes);
  };
  if (auto taken = set(Level::critical, typed.critical, typed.critical_age); !taken) return taken;
  lower_warnings(wishes);
  if (auto taken = set(Level::warning, typed.warning, typed.warning_age); !taken) return taken;
  return check_limits(wishes);
}

void add_limits(CLI::App& app, Typed& into) {
  app.add_option("-w,--warning", into.warning,
                 "Warn when the peer is behind by LIMIT: seconds (60) or bytes; age=TIME: when our "
                 "copy is older")
      ->type_name("LIMIT[,LIMIT]")
      ->delimiter(',')
      ->take_all();
  app.add_option("-c,--critical", into.critical, "Critical when it is (600)")
      ->type_name("LIMIT[,LIMIT]")
      ->delimiter(',')
      ->take_all();
  app.add_option("--warning-age", into.warning_age, "Warn when our copy is older than TIME (60)")
      ->type_name("TIME");
  app.add_option("--critical-age", into.critical_age, "Critical when it is (600)")
      ->type_name("TIME");
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
  Typed limits;
  add_limits(app, limits);
  app.footer(
      "Critical is also: a link that is down, a group that is not consistent, a certificate that\n"
      "has expired. A warning is also: a link that is paused or fenced, a full buffer, a route\n"
      "that differs at the peer, a node that stops, a certificate that expires within 14 days, a\n"
      "reload that failed. Unknown is anything that this program does not expect: a status that\n"
      "lacks what a verdict is made of, too.\n"
      "Run it at both sites: only the DR side can say how old its copy is when the other is "
      "silent.\n"
      "The user of the monitoring system must be in the group of the control socket.\n"
      "Examples:\n"
      "  check_longthrow\n"
      "  check_longthrow --link dr -w 30 -c 300 --critical-age 900\n"
      "  check_longthrow -w 30s,100MiB,age=5m -c 5m,1GiB,age=15m\n"
      "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Level::unknown);
  }
  const auto taken = take(limits, wishes);
  const Verdict verdict = taken ? check(control, wishes) : unknown(taken.error().message);
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
