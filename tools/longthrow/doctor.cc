// SPDX-License-Identifier: Apache-2.0
// The reasons for each rule: docs/DRBD.md.
#include "tools/longthrow/doctor.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "longthrow/bytes.h"
#include "proxy/base/log.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {
namespace {

constexpr double kCongestionFillMax = 10.0 * kGiB;  // DRBD's own limit
constexpr std::uint64_t kAlExtentsSmall = 3000;

// --- what the status says

struct LinkFacts {
  double send_share_bytes = 0;
  double memlimit_bytes = 0;
  bool locked = true;
  std::optional<double> rtt_s;
  std::optional<double> rate_bytes_s;  // what the WAN carries, if it is known
};

LinkFacts facts_of(const LinkStatus& link) {
  LinkFacts facts;
  facts.memlimit_bytes = static_cast<double>(link.buffer.limit_bytes);
  facts.locked = link.buffer.locked;
  facts.send_share_bytes = facts.memlimit_bytes * 3 / 4;
  if (link.state == LinkState::up) facts.rtt_s = link.rtt_ms.value_or(0) / 1000;
  if (link.bandwidth.bytes_s > 0) {
    facts.rate_bytes_s = static_cast<double>(link.bandwidth.bytes_s);
  } else if (link.limited_by == Limit::wan && link.rate.out_bytes_s > 0) {
    facts.rate_bytes_s = link.rate.out_bytes_s;  // idle links do not show what they could carry
  }
  return facts;
}

bool warns(const std::vector<Warning>& warnings, std::string_view name) {
  return std::ranges::find(warnings, name, &Warning::name) != warnings.end();
}

// --- DRBD's numbers

std::uint64_t number_or(const std::string& text, std::uint64_t otherwise) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// "3600M", "2G", "15s"; a bare number counts sectors of 512 bytes.
double size_bytes(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return 0;
  const char unit = end == text.data() + text.size() ? 's' : *end;
  const double factor = unit == 'k' || unit == 'K'   ? static_cast<double>(kKiB)
                        : unit == 'm' || unit == 'M' ? static_cast<double>(kMiB)
                        : unit == 'g' || unit == 'G' ? static_cast<double>(kGiB)
                                                     : 512.0;
  return static_cast<double>(value) * factor;
}

// --- the rules

class ResourceDoctor {
 public:
  ResourceDoctor(const DrbdResource& resource, std::string link, const LinkFacts& facts,
                 const HostFacts& host, std::vector<Finding>& findings)
      : resource_(resource),
        link_(std::move(link)),
        facts_(facts),
        host_(host),
        findings_(findings) {}

  void examine() {
    protocol();
    barriers();
    pings();
    congestion();
    resync();
    state_changes();
  }

 private:
  void find(std::string what, std::string remedy) {
    findings_.push_back({"resource " + resource_.name, std::move(what), std::move(remedy)});
  }
  [[nodiscard]] std::string net(const std::string& key) const {
    return resource_.option("net", key);
  }
  [[nodiscard]] std::uint64_t al_extents() const {
    return number_or(resource_.option("disk", "al-extents"), 1237);
  }
  [[nodiscard]] std::optional<double> drain_s() const {
    if (!facts_.rate_bytes_s) return std::nullopt;
    return facts_.send_share_bytes / *facts_.rate_bytes_s;
  }

  void protocol() {
    const std::string letter = net("protocol");
    if (letter == "A") return;
    find(format("It uses protocol {}: a write waits for the other side's answer, and the buffer in "
                "between only adds to the wait.",
                letter.empty() ? "C (the default)" : letter),
         "net { protocol A; }");
  }

  void barriers() {
    const std::uint64_t ko_count = number_or(net("ko-count"), 7);
    const std::uint64_t timeout = number_or(net("timeout"), 60);  // 1/10 s
    if (ko_count == 0) return;
    const double allowed_s = static_cast<double>(ko_count * timeout) / 10;
    const std::string cut = format(
        "DRBD cuts the connection when a barrier is not answered within ko-count * timeout = {} "
        "(\"Remote failed to answer a P_BARRIER\")",
        human_seconds(allowed_s));
    const auto drain = drain_s();
    if (!drain) {
      find(format("{}. A full buffer of link {} drains in that time only if the WAN carries {}.",
                  cut, link_, human_rate(facts_.send_share_bytes / allowed_s)),
           "net { ko-count 0; }");
    } else if (*drain > allowed_s) {
      find(format("{}, but a full buffer of link {} takes {} to drain at {}.", cut, link_,
                  human_seconds(*drain), human_rate(*facts_.rate_bytes_s)),
           "net { ko-count 0; }");
    }
  }

  void pings() {
    const std::uint64_t ping_timeout = number_or(net("ping-timeout"), 5);  // 1/10 s
    const double allowed_s = static_cast<double>(ping_timeout) / 10;
    if (facts_.rtt_s && allowed_s < 2 * *facts_.rtt_s + 0.05) {
      find(format("ping-timeout is {}, and a round trip over link {} takes {:.0f} ms: DRBD's pings "
                  "time out.",
                  human_seconds(allowed_s), link_, *facts_.rtt_s * 1000),
           "net { ping-timeout 300; }");
    } else if (ping_timeout < 30) {
      find(format("A cut of the WAN of more than {} (ping-timeout) can end DRBD's connection, and "
                  "what is in the buffer is then resynchronised instead.",
                  human_seconds(allowed_s)),
           "net { ping-timeout 300; }");
    }
    if (ping_timeout > 10 && net("socket-check-timeout").empty()) {
      find(format("socket-check-timeout is not set, so DRBD looks at each new connection for {}: "
                  "connecting is slow.",
                  human_seconds(allowed_s)),
           "net { socket-check-timeout 5; }");
    }
  }

  void congestion() {
    if (net("on-congestion") != "pull-ahead") return;
    const double fill = size_bytes(net("congestion-fill"));
    const double wanted = std::min(facts_.memlimit_bytes * 0.9, kCongestionFillMax);
    const std::string line = format("net {{ congestion-fill {:.0f}M; }}",
                                    std::floor(wanted / static_cast<double>(kMiB)));
    if (fill <= 0) {
      find("on-congestion is pull-ahead, but congestion-fill is not set: it never acts.", line);
    } else if (fill > kCongestionFillMax) {
      find("congestion-fill is more than the 10 GiB that DRBD knows.", line);
    } else if (fill < wanted * 0.85 || fill > wanted * 1.1) {
      find(format("congestion-fill is {}; 90 % of the memlimit of link {} is {}. Below, DRBD stops "
                  "mirroring while there is room; above, the application waits first.",
                  human_bytes(fill), link_, human_bytes(wanted)),
           line);
    }
    const std::uint64_t extents = al_extents();
    const std::uint64_t congested = number_or(net("congestion-extents"), 1000);
    if (congested > extents) {
      find(format("congestion-extents ({}) is more than al-extents ({}): the activity log fills "
                  "first, and the application waits.",
                  congested, extents),
           format("net {{ congestion-extents {}; }}", extents * 9 / 10));
    }
  }

  void resync() {
    if (net("csums-alg").empty()) {
      find("A resync sends every block that may differ; with csums-alg it compares first.",
           "net { csums-alg crc32c; }");
    }
    const std::uint64_t extents = al_extents();
    if (extents < kAlExtentsSmall) {
      find(format("al-extents is {}: under scattered writes each leaves a metadata write to wait "
                  "for.",
                  extents),
           "disk { al-extents 6007; }");
    }
    if (resource_.option("handlers", "before-resync-target").empty()) {
      find(
          "A resync is not in write order: if the primary is lost meanwhile, the copy cannot be "
          "used, and there is no snapshot of before.",
          "handlers { before-resync-target \"/usr/lib/drbd/snapshot-resync-target-lvm.sh\"; "
          "after-resync-target \"/usr/lib/drbd/unsnapshot-resync-target-lvm.sh\"; }");
    }
  }

  void state_changes() {
    if (!host_.drbd_version.starts_with("9")) return;
    const auto drain = drain_s();
    if (drain && *drain < 60) return;
    find(
        "DRBD 9 agrees on state changes (promote, disconnect, resize) through the data stream, "
        "behind all that is buffered, and gives up after twopc-timeout, 60 s at most.",
        "longthrow drain GROUP    # before such a change");
  }

  const DrbdResource& resource_;
  const std::string link_;
  const LinkFacts& facts_;
  const HostFacts& host_;
  std::vector<Finding>& findings_;
};

void examine_host(const Status& status, const HostFacts& host, Diagnosis& diagnosis) {
  const std::string& reason = status.io_reason;
  const bool by_choice = reason.find("as configured") != std::string::npos;
  if (status.io == "epoll" && !by_choice) {
    diagnosis.findings.push_back({"this host",
                                  format("io_uring is not to be had ({}): epoll takes more of the "
                                         "processor for the same work.",
                                         reason.empty() ? "no reason given" : reason),
                                  "sysctl kernel.io_uring_disabled=0    # or allow it in the "
                                  "container's seccomp profile"});
  }
  if (!host.congestion_controls.empty() &&
      host.congestion_controls.find("bbr") == std::string::npos) {
    diagnosis.findings.push_back(
        {"this host",
         format("TCP has no bbr here (only {}): on a WAN that loses packets the others back off "
                "far below its rate.",
                host.congestion_controls),
         "modprobe tcp_bbr    # and in /etc/modules-load.d; then congestion = \"bbr\" in the "
         "link"});
  }
}

void examine_link(const std::string& name, const LinkFacts& facts, const HostFacts& host,
                  Diagnosis& diagnosis) {
  if (!facts.locked) {
    diagnosis.findings.push_back(
        {"link " + name,
         "Its buffer is not locked into memory: the kernel may swap it, and replication then waits "
         "for the swap device.",
         "LimitMEMLOCK=infinity    # in the unit of longthrowd, as in longthrowd.service"});
  }
  if (!facts.rtt_s || !facts.rate_bytes_s) return;
  const double in_flight = *facts.rtt_s * *facts.rate_bytes_s;
  const auto too_small = [&](const char* key, std::optional<std::uint64_t> bytes) {
    if (!bytes || static_cast<double>(*bytes) / 2 >= in_flight) return;
    diagnosis.findings.push_back(
        {"link " + name,
         format("{} under way at {} and {:.0f} ms are more than half of the {} that {} allows a "
                "socket: TCP cannot fill the WAN.",
                human_bytes(in_flight), human_rate(*facts.rate_bytes_s), *facts.rtt_s * 1000,
                human_bytes(static_cast<double>(*bytes)), key),
         format("sysctl {}=\"4096 131072 {:.0f}\"", key, std::ceil(in_flight * 4))});
  };
  too_small("net.ipv4.tcp_wmem", host.tcp_wmem_max);
  too_small("net.ipv4.tcp_rmem", host.tcp_rmem_max);
}

// Whatever it carries: what is encrypted inside does not compress.
void examine_route(const std::string& name, const RouteStatus& route, Diagnosis& diagnosis) {
  if (!warns(route.warnings, "inner_tls")) return;
  diagnosis.findings.push_back(
      {"route " + name,
       "Its connections are encrypted inside: they do not compress, and the WAN carries all of "
       "their bytes. The link is encrypted anyway.",
       "sslmode=disable gssencmode=disable    # in primary_conninfo and other libpq clients; or "
       "compression = \"none\" in the link, if it is meant"});
}

// Full packets vanish on their way.
void examine_passing(const std::string& name, const LinkStatus& link, Diagnosis& diagnosis) {
  if (!warns(link.warnings, "nothing_passes")) return;
  diagnosis.findings.push_back(
      {"link " + name,
       "It is up, but nothing passes: small packets arrive and full ones do not, perhaps for an "
       "MTU hole.",
       "sysctl net.ipv4.tcp_mtu_probing=1    # at both ends; or a smaller mtu on the route"});
}

void examine_certificates(const std::string& name, const LinkStatus& link, Diagnosis& diagnosis) {
  for (const Warning& warning : link.warnings) {
    if (warning.name != "certificate_ends" && warning.name != "certificate_ended") continue;
    diagnosis.findings.push_back({"link " + name, warning.text,
                                  "longthrow reload    # at the node of the certificate, with a "
                                  "new one in the file that `cert` names"});
  }
}

// `route` carries `resource`.
void examine_pair(const std::string& name, const RouteStatus& route, const DrbdResource& resource,
                  Diagnosis& diagnosis) {
  if (!route.drbd) {
    diagnosis.findings.push_back(
        {"route " + name,
         format("It carries DRBD's resource {} as any TCP stream: DRBD's pings wait behind its "
                "data.",
                resource.name),
         format("[route.{}]  protocol = \"drbd\"    # at both nodes", name)});
  } else if (route.drbd->answers_pings && resource.option("net", "ko-count") != "0") {
    diagnosis.findings.push_back(
        {"resource " + resource.name,
         "Its route answers DRBD's pings during an outage, but DRBD cuts all the same when a "
         "barrier is not answered within ko-count * timeout.",
         "net { ko-count 0; }"});
  }
}

}  // namespace

Diagnosis diagnose(const Status& status, const std::vector<DrbdResource>& resources,
                   const HostFacts& host) {
  Diagnosis diagnosis;
  examine_host(status, host, diagnosis);
  for (const auto& [name, link] : status.links) {
    examine_link(name, facts_of(link), host, diagnosis);
    examine_passing(name, link, diagnosis);
    examine_certificates(name, link, diagnosis);
  }
  for (const auto& [name, route] : status.routes) examine_route(name, route, diagnosis);
  for (const DrbdResource& resource : resources) {
    bool carried = false;
    for (const auto& [name, route] : status.routes) {
      if (std::ranges::find(resource.addresses, route.listen) == resource.addresses.end()) continue;
      carried = true;
      examine_pair(name, route, resource, diagnosis);
      const auto link = status.links.find(route.link);
      const LinkFacts facts = facts_of(link != status.links.end() ? link->second : LinkStatus{});
      ResourceDoctor(resource, route.link, facts, host, diagnosis.findings).examine();
    }
    if (!carried) {
      diagnosis.notes.push_back(format(
          "resource {} was not looked at: none of its addresses is the listener of a route here",
          resource.name));
    }
  }
  return diagnosis;
}

}  // namespace longthrow::cli
