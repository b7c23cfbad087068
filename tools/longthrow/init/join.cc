// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/join.h"

#include <ostream>
#include <regex>

#include "proxy/base/log.h"
#include "proxy/config/load.h"
#include "proxy/config/units.h"
#include "proxy/tls/key_file.h"
#include "proxy/tls/private_file.h"
#include "tools/longthrow/init/ask_plan.h"
#include "tools/longthrow/init/join_bundle.h"
#include "tools/longthrow/init/site_advice.h"
#include "tools/longthrow/init/site_files.h"

namespace longthrow::cli {
namespace {

// The other site knows nothing of the memory here.
Result<std::string> with_memlimit(const std::string& config, const std::string& memlimit) {
  if (memlimit.empty()) return config;
  const auto size = parse_memlimit(memlimit);
  if (!size) return fail("--memlimit: " + size.error().message);
  static const std::regex kLine("(\nmemlimit = )\"[^\"\n]*\"");
  return std::regex_replace(config, kLine, format("$1\"{}\"", show_size(*size)));
}

// Flags that speak of a new plan: the plan was made at the other site.
std::string foreign_flag(const InitOptions& options) {
  if (!options.name.empty()) return "--name";
  if (!options.peer.empty()) return "--peer";
  if (!options.dials.empty()) return "--dials";
  if (!options.address.empty()) return "--address";
  if (!options.peer_address.empty()) return "--peer-address";
  if (!options.replicate.empty()) return "--replicate";
  if (!options.server.empty()) return "--server";
  if (!options.bandwidth.empty()) return "--bandwidth";
  if (!options.writes.empty()) return "--writes";
  if (!options.outage.empty()) return "--outage";
  return {};
}

Result<InitReport> report_of(const CommandLine& line, const JoinBundle& bundle) {
  const Result<std::string> config = with_memlimit(bundle.config, line.init.memlimit);
  if (!config) return std::unexpected(config.error());
  const std::filesystem::path folder(line.init.directory);
  const std::string file = folder / kConfigFile;
  // Nothing is written that could not be read again.
  if (const auto parsed = parse_config({{file, *config}}, bundle.node); !parsed)
    return fail(to_string(parsed.error().front()));
  InitReport report{.node = bundle.node, .peer = bundle.peer, .directory = line.init.directory};
  if (const auto keys = parse_key_file(bundle.key, bundle.key_file); keys)
    report.fingerprint = fingerprint(keys->front());
  report.files = {{.path = folder / bundle.key_file,
                   .text = bundle.key,
                   .secret = true,
                   .owner = NewFile::Owner::daemon},
                  {.path = file, .text = *config}};
  report.firewall = bundle.firewall;
  report.software = bundle.software;
  if (!report.firewall.empty()) report.next.push_back(with_sudo(report.firewall));
  report.next.push_back(with_sudo(start_command(report.directory)));
  report.next.push_back(with_sudo(status_command(report.directory)) + "    # LINK " + bundle.peer +
                        " up");
  report.next.push_back(with_sudo(format("rm {}    # the key is in it", line.init.join)));
  return report;
}

}  // namespace

int run_join(const CommandLine& line, const Output& output) {
  const auto error = [&](const std::string& message, int code) {
    output.err << "longthrow init: " << message << "\n";
    return code;
  };
  if (const std::string flag = foreign_flag(line.init); !flag.empty()) {
    return error(flag +
                     " has no place beside --join: the file of the other site says it; "
                     "--memlimit, --directory and --force may be given",
                 kWrongUsage);
  }
  const Result<Secret> text = read_private_file(line.init.join);
  if (!text) return error(text.error().message, kNotDone);
  const Result<JoinBundle> bundle = parse_bundle(text->text());
  if (!bundle) return error(line.init.join + ": " + bundle.error().message, kNotDone);
  Result<InitReport> report = report_of(line, *bundle);
  if (!report) return error(report.error().message, kNotDone);
  return carry_out(line, output, *std::move(report));
}

}  // namespace longthrow::cli
