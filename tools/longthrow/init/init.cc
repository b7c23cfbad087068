// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/init.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <ostream>

#include "proxy/base/log.h"
#include "proxy/base/random.h"
#include "proxy/config/units.h"
#include "proxy/control/status_json.h"
#include "proxy/tls/key_file.h"
#include "tools/longthrow/init/ask_plan.h"
#include "tools/longthrow/init/join.h"
#include "tools/longthrow/init/join_bundle.h"
#include "tools/longthrow/init/site_advice.h"
#include "tools/longthrow/init/site_files.h"

namespace longthrow::cli {
namespace {

std::string host_name() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return {};
  const std::string name = host.data();
  return name.substr(0, name.find('.'));
}

// When a key was made tells it from the next one when keys are rotated.
std::string key_identity(const SitePlan& plan) {
  const std::string day = control::utc_text(std::chrono::system_clock::now()).substr(0, 10);
  const std::string names = plan.name + "-" + plan.peer_name;
  return names.substr(0, kKeyIdentityBytesMax - day.size() - 1) + "-" + day;
}

std::string peer_host(const SitePlan& plan) {
  return plan.peer_address ? plan.peer_address->host : plan.peer_name;
}

void add_next_steps(const SitePlan& plan, InitReport& report) {
  if (!report.firewall.empty()) report.next.push_back(with_sudo(report.firewall));
  report.next.push_back(
      format("{}    # a secret: only over a safe way; delete it at both sites once "
             "the link is up",
             with_sudo(format("scp {} root@{}:", report.bundle, peer_host(plan)))));
  report.next.push_back(with_sudo(start_command(report.directory)));
  report.next.push_back(with_sudo(status_command(report.directory)) + "    # LINK " +
                        plan.peer_name + " up, once the other site has joined");
  const std::string file = std::filesystem::path(report.bundle).filename();
  report.join_command = format("sudo longthrow init --join {}", file);
}

void add_notes(const PlanWithReason& asked, InitReport& report) {
  const SitePlan& plan = asked.plan;
  if (!asked.memlimit_why.empty()) report.notes.push_back("memlimit " + asked.memlimit_why);
  if (!plan.accepts(Site::here)) return;
  if (report.firewall.empty()) {
    report.notes.push_back(format(
        "port {} is open to everybody: no address of the peer is known that the firewall could "
        "let in alone. Without the key nobody gets in",
        plan.address->port));
  } else {
    report.notes.emplace_back(
        "the firewall line acts until the next boot: /etc/nftables.conf keeps it (INSTALL.md)");
  }
}

InitReport report_of(const CommandLine& line, const PlanWithReason& asked) {
  const SitePlan& plan = asked.plan;
  InitReport report{.node = plan.name, .peer = plan.peer_name, .directory = line.init.directory};
  SystemRandom random;
  const Secret key = generate_key_line(key_identity(plan), random);
  if (const auto keys = parse_key_file(key.text(), "the new key"); keys && !line.dry_run)
    report.fingerprint = fingerprint(keys->front());
  const std::filesystem::path folder(report.directory);
  const JoinBundle bundle{.node = plan.peer_name,
                          .peer = plan.name,
                          .config = config_text(plan, Site::peer),
                          .key_file = key_file_name(plan),
                          .key = std::string(key.text()),
                          .firewall = firewall_command(plan, Site::peer),
                          .software = software_lines(plan, Site::peer)};
  report.bundle = folder / (plan.peer_name + ".join");
  report.files = {{.path = folder / key_file_name(plan),
                   .text = std::string(key.text()),
                   .secret = true,
                   .owner = NewFile::Owner::daemon},
                  {.path = folder / kConfigFile, .text = config_text(plan, Site::here)},
                  {.path = report.bundle, .text = bundle_text(bundle), .secret = true}};
  report.firewall = firewall_command(plan, Site::here);
  report.software = software_lines(plan, Site::here);
  add_notes(asked, report);
  add_next_steps(plan, report);
  return report;
}

}  // namespace

int run_init(const CommandLine& line, const Output& output) {
  const auto wrong = [&](const std::string& message) {
    output.err << "longthrow init: " << message << "\n";
    return kWrongUsage;
  };
  if (!line.init.join.empty()) return run_join(line, output);
  Questions questions(line.json ? nullptr : output.answers, output.out);
  const auto asked = ask_plan(line.init, questions, host_name(), read_memory_limits());
  if (!asked) return wrong(asked.error().message);
  InitReport report = report_of(line, *asked);
  if (line.dry_run && !line.json)
    output.out << "what " << asked->plan.peer_name << " would get:\n"
               << config_text(asked->plan, Site::peer) << "\n";
  return carry_out(line, output, std::move(report));
}

}  // namespace longthrow::cli
