// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <span>

#include "proxy/base/log.h"
#include "tools/wanlink/units.h"

namespace longthrow::wanlink {
namespace {

constexpr int kWrongUsage = 2;
constexpr Duration kPeriodMin = std::chrono::milliseconds(10);

constexpr const char* kAbout =
    "wanlink emulates a WAN between two network namespaces: delay, rate, queue, loss, outages.\n"
    "It makes a device wan0 in each of them and needs no other program.";

constexpr const char* kExamples = R"(
Examples
  Two sites, 80 ms and 50 Mbit/s apart, while a command runs in one of them (as root):
    ip netns add alpha; ip netns add beta
    wanlink --netns-a alpha --netns-b beta --rtt 80ms --rate 50mbit -- \
        ip netns exec alpha ping -c 5 10.77.0.2

  The same without root (namespaces by the PID of a process in them):
    unshare -Urn sh -c 'unshare -n sleep 60 & a=$!; unshare -n sleep 60 & b=$!; sleep 1
      wanlink --netns-a $a --netns-b $b --rtt 80ms -- nsenter -n -t $a ping -c 5 10.77.0.2'

  A bad line: 0.1 % loss in bursts, cut for 10 s after one minute, and every 5 min for 2 s:
    wanlink --netns-a alpha --netns-b beta --rtt 80ms --rate 50mbit --queue 1MB \
        --burst-loss 0.02%,20% --outage 60s+10s --outage-every 5min+2s --control /tmp/wan.sock

  Change it while it runs (each prints a line of JSON; exit status 1 when refused):
    wanlink --send /tmp/wan.sock "set rate=10mbit rtt=200ms"
    wanlink --send /tmp/wan.sock "set a2b loss=5%"
    wanlink --send /tmp/wan.sock "outage 10s"
    wanlink --send /tmp/wan.sock down
    wanlink --send /tmp/wan.sock up
    wanlink --send /tmp/wan.sock stats

Exit status: that of the command after "--"; else 0 when ended by SIGINT, SIGTERM or "quit";
1 when the link could not be made; 2 for wrong usage.
)";

// Texts of options that become settings once all are known.
struct Texts {
  std::string address_a = "10.77.0.1/24", address_b = "10.77.0.2/24";
  std::string address6_a, address6_b;
  std::string device_a = "wan0", device_b = "wan0";
  std::string rtt, delay, jitter, rate, rate_a2b, rate_b2a, queue, loss, burst_loss, outage_mode;
  std::vector<std::string> outages;
  std::string outage_every;
  std::vector<std::string> send;
  int mtu = 1500;
};

void declare(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--netns-a", options.sides[0].network_namespace,
                 "Namespace of side a: a PID, a path such as /proc/PID/ns/net, or a name that "
                 "\"ip netns list\" shows");
  app.add_option("--netns-b", options.sides[1].network_namespace, "Namespace of side b");
  app.add_option("--address-a", texts.address_a, "Address of a's device")->capture_default_str();
  app.add_option("--address-b", texts.address_b, "Address of b's device")->capture_default_str();
  app.add_option("--address6-a", texts.address6_a, "IPv6 address of a's device, e.g. fd77::1/64");
  app.add_option("--address6-b", texts.address6_b, "IPv6 address of b's device");
  app.add_option("--device-a", texts.device_a, "Device name in a")->capture_default_str();
  app.add_option("--device-b", texts.device_b, "Device name in b")->capture_default_str();
  app.add_option("--mtu", texts.mtu, "MTU of both devices")
      ->capture_default_str()
      ->check(CLI::Range(576, 9000));
  auto* rtt = app.add_option("--rtt", texts.rtt, "Round trip: half of it each way");
  app.add_option("--delay", texts.delay, "Delay one way, both directions")->excludes(rtt);
  app.add_option("--jitter", texts.jitter, "Up to this much more for each packet, in order");
  app.add_option("--rate", texts.rate, "Rate of both directions, e.g. 50mbit (default: unlimited)");
  app.add_option("--rate-a2b", texts.rate_a2b, "Rate from a to b");
  app.add_option("--rate-b2a", texts.rate_b2a, "Rate from b to a");
  app.add_option("--queue", texts.queue, "Bytes that wait for the line, tail drop (default: 1MB)");
  app.add_option("--loss", texts.loss, "Loss of each MTU segment, e.g. 0.1%");
  app.add_option("--burst-loss", texts.burst_loss,
                 "P,R[,LOSS]: a burst begins with probability P and ends with R at each segment; "
                 "LOSS (default 100%) of its segments are lost (Gilbert-Elliott)");
  app.add_option("--outage", texts.outages,
                 "START+LENGTH after \"ready\", e.g. 60s+10s; repeatable")
      ->allow_extra_args(false);
  app.add_option("--outage-every", texts.outage_every, "PERIOD+LENGTH, e.g. 5min+2s");
  app.add_option("--outage-mode", texts.outage_mode,
                 "drop: all in flight and sent meanwhile is lost; hold: the queue waits "
                 "(default: drop)");
  app.add_option("--seed", options.link.seed, "Seed of loss and jitter")->capture_default_str();
  app.add_flag("--rt", options.realtime, "Real-time priority: exact delays on a busy machine");
  app.add_option("--control", options.control, "UNIX socket for live changes (see --send)");
  app.add_option("--ready-fd", options.ready_fd,
                 "Write READY=1 to this descriptor instead of \"ready\" to stdout");
  app.add_option("--stats-json", options.stats_json,
                 "Write statistics here at the end; - is stdout");
  app.add_option("--send", texts.send, "PATH COMMAND: send a command to a running wanlink")
      ->expected(2);
  app.set_version_flag("--version", "wanlink " LONGTHROW_VERSION);
  app.footer(kExamples);
}

Result<void> set_all(LinkSettings& link, std::span<const std::size_t> directions,
                     std::string_view key, const std::string& value) {
  if (value.empty()) return {};
  for (const std::size_t direction : directions) {
    const auto applied = apply_setting(link.directions[direction], key, value);
    if (!applied) return fail(format("--{}: {}", key, applied.error().message));
  }
  return {};
}

Result<void> resolve_settings(const Texts& texts, LinkSettings& link) {
  constexpr std::size_t kBoth[] = {0, 1};
  const struct {
    std::string_view key;
    const std::string& value;
    std::span<const std::size_t> directions;
  } all[] = {{"rtt", texts.rtt, kBoth},
             {"delay", texts.delay, kBoth},
             {"jitter", texts.jitter, kBoth},
             {"rate", texts.rate, kBoth},
             {"rate", texts.rate_a2b, std::span(kBoth).first(1)},
             {"rate", texts.rate_b2a, std::span(kBoth).last(1)},
             {"queue", texts.queue, kBoth},
             {"loss", texts.loss, kBoth},
             {"burst-loss", texts.burst_loss, kBoth},
             {"outage-mode", texts.outage_mode, kBoth}};
  for (const auto& one : all) {
    if (auto done = set_all(link, one.directions, one.key, one.value); !done) return done;
  }
  return {};
}

Result<Outage> parse_outage(const std::string& text) {
  const auto plus = text.find('+');
  if (plus == text.npos) return fail(format("\"{}\": write it like 60s+10s", text));
  const auto start = parse_duration(text.substr(0, plus));
  if (!start) return std::unexpected(start.error());
  const auto length = parse_duration(text.substr(plus + 1));
  if (!length) return std::unexpected(length.error());
  if (*length == Duration(0)) return fail(format("\"{}\": an outage lasts longer than 0", text));
  return Outage{.start = *start, .length = *length};
}

Result<void> resolve_outages(const Texts& texts, LinkSettings& link) {
  for (const std::string& text : texts.outages) {
    const auto outage = parse_outage(text);
    if (!outage) return fail("--outage: " + outage.error().message);
    link.outages.push_back(*outage);
  }
  if (texts.outage_every.empty()) return {};
  const auto periodic = parse_outage(texts.outage_every);
  if (!periodic) return fail("--outage-every: " + periodic.error().message);
  if (periodic->length >= periodic->start || periodic->start < kPeriodMin) {
    return fail("--outage-every: the period is longer than the outage, and at least 10ms");
  }
  link.periodic = *periodic;
  return {};
}

Result<void> resolve_sides(const Texts& texts, Options& options) {
  const std::string* addresses[2][2] = {{&texts.address_a, &texts.address6_a},
                                        {&texts.address_b, &texts.address6_b}};
  const std::string* devices[2] = {&texts.device_a, &texts.device_b};
  for (std::size_t index = 0; index < 2; ++index) {
    Options::Side& side = options.sides[index];
    if (side.network_namespace.empty()) {
      return fail("give both ends: --netns-a and --netns-b (see --help for examples)");
    }
    side.device.name = *devices[index];
    side.device.mtu = texts.mtu;
    for (const std::string* text : addresses[index]) {
      if (text->empty()) continue;
      const auto address = parse_interface_address(*text);
      if (!address) return std::unexpected(address.error());
      side.device.addresses.push_back(*address);
    }
  }
  return {};
}

Result<void> resolve(const Texts& texts, Options& options) {
  if (texts.send.size() == 2) {
    options.send_path = texts.send[0];
    options.send_command = texts.send[1];
    return {};
  }
  if (auto done = resolve_sides(texts, options); !done) return done;
  if (auto done = resolve_settings(texts, options.link); !done) return done;
  return resolve_outages(texts, options.link);
}

}  // namespace

std::expected<Options, Exit> parse_options(int argc, char** argv) {
  Options options;
  Texts texts;
  CLI::App app(kAbout, "wanlink");
  declare(app, options, texts);
  char** const end = argv + argc;
  char** const dashes = std::find(argv, end, std::string_view("--"));
  if (dashes != end) options.command.assign(dashes + 1, end);
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Exit{app.exit(error) == 0 ? 0 : kWrongUsage});
  }
  const bool empty_command = dashes != end && options.command.empty();
  const auto resolved = empty_command ? fail("\"--\" without a command") : resolve(texts, options);
  if (!resolved) {
    std::cerr << "wanlink: " << resolved.error().message << '\n';
    return std::unexpected(Exit{kWrongUsage});
  }
  return options;
}

}  // namespace longthrow::wanlink
