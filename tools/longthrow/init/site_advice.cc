// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/site_advice.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "longthrow/config.h"
#include "proxy/base/log.h"
#include "tools/longthrow/init/site_files.h"

namespace longthrow::cli {
namespace {

constexpr std::uint64_t kCongestionFillMax = 10 * kGiB;  // DRBD knows no more
constexpr const char* kHome = "/etc/longthrow";

std::string site_text(const SitePlan& plan, Site site, std::uint16_t port) {
  const char* own = "127.0.0.1";
  const char* listener = "127.0.0.2";
  std::string text;
  for (const Site of : {Site::here, Site::peer}) {
    text += format("    on {} {{ address {}:{}; }}\n", plan.name_of(of),
                   of == site ? own : listener, port);
  }
  return text;
}

void add_drbd(const SitePlan& plan, Site site, const Stream& stream,
              std::vector<std::string>& lines) {
  const std::uint64_t fill = std::min(plan.memlimit / 10 * 9, kCongestionFillMax) / kMiB;
  lines.push_back(format(
      "DRBD: /etc/drbd.d/{}.res at {} (`on` takes the hosts' `uname -n`; the file differs "
      "between the sites):\n"
      "    net {{ protocol A; ping-timeout 300; socket-check-timeout 5; ko-count 0; timeout 90; "
      "csums-alg crc32c;\n"
      "          on-congestion pull-ahead; congestion-fill {}M; congestion-extents 5500; }}\n"
      "    disk {{ al-extents 6007; }}\n{}",
      stream.name, plan.name_of(site), fill, site_text(plan, site, stream.port)));
}

void add_postgresql(const SitePlan& plan, Site site, const Stream& stream,
                    std::vector<std::string>& lines) {
  if (plan.server == site) {
    lines.push_back(
        "PostgreSQL, the primary: the standby's connection comes from 127.0.0.1 (pg_hba.conf); a\n"
        "replication slot keeps the WAL that it lacks, and wal_sender_timeout has to be longer "
        "than\n"
        "the cuts to sit out:\n"
        "    wal_sender_timeout = '10min'\n");
    return;
  }
  lines.push_back(
      format("PostgreSQL, the standby:\n"
             "    primary_conninfo = 'host=127.0.0.1 port={} user=replicator application_name={} "
             "sslmode=disable gssencmode=disable'\n"
             "    wal_receiver_timeout = '10min'\n",
             ports_of(plan, site, stream).listen, plan.name_of(site)));
}

void add_tcp(const SitePlan& plan, Site site, const Stream& stream,
             std::vector<std::string>& lines) {
  const RoutePorts ports = ports_of(plan, site, stream);
  lines.push_back(
      ports.target != 0
          ? format("{}: its server is to accept connections at 127.0.0.1:{}\n", stream.name,
                   ports.target)
          : format("{}: its client is to connect to 127.0.0.1:{}\n", stream.name, ports.listen));
}

}  // namespace

std::string firewall_command(const SitePlan& plan, Site site) {
  const auto& peer = plan.address_of(other(site));
  if (!plan.accepts(site) || !peer) return {};
  const auto address = parse_endpoint(to_string(*peer));
  if (!address) return {};
  std::string host = to_string(*address);
  host.resize(host.rfind(':'));
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  return format(
      "nft 'table inet longthrow {{ chain input {{ type filter hook input priority filter; policy "
      "accept; tcp dport {} {} saddr != {} drop; }}; }}'",
      plan.address_of(site)->port, address->family == Endpoint::Family::ipv4 ? "ip" : "ip6", host);
}

std::vector<std::string> software_lines(const SitePlan& plan, Site site) {
  std::vector<std::string> lines;
  for (const Stream& stream : plan.streams) {
    switch (stream.software) {
      case Software::drbd:
        add_drbd(plan, site, stream, lines);
        break;
      case Software::postgresql:
        add_postgresql(plan, site, stream, lines);
        break;
      case Software::tcp:
        add_tcp(plan, site, stream, lines);
        break;
    }
  }
  return lines;
}

std::string unit_of(const std::string& directory) {
  std::filesystem::path path = std::filesystem::path(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // it ended with a slash
  if (path == kHome) return "longthrowd";
  if (path.parent_path() == kHome) return "longthrowd@" + path.filename().string();
  return {};
}

std::string with_sudo(const std::string& command) {
  return ::geteuid() == 0 ? command : "sudo " + command;
}

std::string start_command(const std::string& directory) {
  const std::string unit = unit_of(directory);
  if (!unit.empty()) return "systemctl enable --now " + unit;
  return format("longthrowd --config {}/{}", directory, kConfigFile);
}

std::string status_command(const std::string& directory) {
  const std::string unit = unit_of(directory);
  const std::size_t at = unit.find('@');
  if (at == std::string::npos) return "longthrow status";
  return format("longthrow --control /run/longthrow/{}/control.sock status", unit.substr(at + 1));
}

}  // namespace longthrow::cli
