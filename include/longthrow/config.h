// SPDX-License-Identifier: Apache-2.0
// A checked configuration, as proxy/config makes it from text. All relations between values hold.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "longthrow/bandwidth_window.h"
#include "longthrow/codec.h"
#include "longthrow/endpoint.h"
#include "longthrow/time.h"

namespace longthrow {

inline constexpr std::uint64_t kMemlimitMin = 16 * kMiB;

// A key or certificate named so is no path: what follows names a credential of systemd.
inline constexpr std::string_view kCredentialPrefix = "credential:";

struct PskTls {
  std::string psk_file;
  friend bool operator==(const PskTls&, const PskTls&) = default;
};
struct CertificateTls {
  std::string cert;
  std::string key;
  std::string ca;
  std::string peer_name;  // "*": any name that `ca` signed
  friend bool operator==(const CertificateTls&, const CertificateTls&) = default;
};
struct NoTls {
  friend bool operator==(const NoTls&, const NoTls&) = default;
};
using TlsConfig = std::variant<PskTls, CertificateTls, NoTls>;

enum class IoChoice : std::uint8_t { automatic, io_uring, epoll };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class RouteProtocol : std::uint8_t { tcp, drbd };
// What becomes of connections that come while the link is down. automatic: a drbd route refuses
// them, a tcp route lets them wait.
enum class WhenDown : std::uint8_t { automatic, wait, refuse };
enum class AnswerPings : std::uint8_t { never, outage };

struct NodeConfig {
  std::string name;
  std::string control = "/run/longthrow/control.sock";
  std::optional<Endpoint> http;
  IoChoice io = IoChoice::automatic;
  std::optional<int> codec_threads;  // none: automatic
  std::string state_dir = "/var/lib/longthrow";
  LogLevel log_level = LogLevel::info;
  Duration stop_timeout = std::chrono::seconds(60);
  bool overcommit = false;
  std::string notify;  // the path of a program; "": none
};

struct LinkConfig {
  std::optional<Endpoint> listen;
  std::vector<HostPort> connect;   // tried in turn; empty: this side never dials
  std::optional<Endpoint> source;  // port 0; none: the host of `listen`, else the kernel's choice
  std::uint64_t memlimit = 0;      // bytes
  CompressionSetting compression;
  std::uint64_t bandwidth_bytes_s = 0;              // 0: unlimited
  std::vector<BandwidthWindow> bandwidth_schedule;  // the first that fits counts
  TlsConfig tls;
  int lanes = 0;           // bulk lanes, 1..8; 0: automatic
  std::string congestion;  // empty: automatic
  Duration heartbeat = std::chrono::seconds(2);
  Duration dead_after = std::chrono::seconds(10);
  Duration session_timeout = std::chrono::hours(1);
  Duration abort_linger = std::chrono::seconds(30);
  bool allow_plaintext = false;
  std::vector<std::string> notify;  // argv of a hook
};

struct RouteConfig {
  std::string link;
  std::optional<Endpoint> listen;
  std::optional<HostPort> target;
  std::optional<Endpoint> inside_source;  // port 0; none: the host of `listen`
  RouteProtocol protocol = RouteProtocol::tcp;
  std::string group;  // never empty: defaults to the route's own name
  AnswerPings answer_pings = AnswerPings::never;
  WhenDown when_down = WhenDown::automatic;
  std::vector<std::string> applied_check;  // argv
  // What both nodes call the route and its group where their own names for it differ. Empty: both
  // use the same name.
  // Never written by an admin.
  std::string wire_name;
};

struct GroupConfig {
  std::optional<std::uint64_t> share;  // bytes of the send share; none: automatic
  Duration cut_interval = std::chrono::milliseconds(50);
  Duration cut_deadline = std::chrono::seconds(2);
  std::vector<std::string> on_checkpoint;  // argv
  Duration hook_timeout = std::chrono::seconds(60);
  std::optional<Duration> checkpoint_every;  // none: none by itself
};

// What `drbd-proxy-ctl add connection` may create.
struct DrbdProxyConfig {
  std::optional<TlsConfig> tls;  // of a connection's own link; none: no connection can have one
  std::string link;              // the link that connections to its peer share; empty: none
  std::uint64_t memlimit = kMemlimitMin;  // bytes, of a connection's own link unless it names them
};

struct Config {
  NodeConfig node;
  std::map<std::string, LinkConfig> links;
  std::map<std::string, RouteConfig> routes;
  std::map<std::string, GroupConfig> groups;  // exactly the groups that routes name
  DrbdProxyConfig drbd_proxy;
};

}  // namespace longthrow
