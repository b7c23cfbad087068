// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/config/relations.h"

namespace longthrow {
namespace {

constexpr auto kCertificateKeys =
    std::to_array<std::string_view>({"cert", "key", "ca", "peer_name"});

constexpr const char* kDrbdProxyTls = "drbd-proxy.tls";

std::string tls_key(const std::string& link, std::string_view key = "") {
  return format("link.{}.tls{}{}", link, key.empty() ? "" : ".", key);
}

// The table at `path` ("link.dr.tls") must have all keys of one kind, and none of the other.
void check_keys(const std::string& path, const Origins& origins, Report& report) {
  const Origin origin = origins.find(path);
  const auto key_path = [&](std::string_view key) { return format("{}.{}", path, key); };
  const auto written = [&](std::string_view key) { return origins.contains(key_path(key)); };
  const bool psk = written("psk_file");
  const bool certificate = std::ranges::any_of(kCertificateKeys, written);
  if (psk && certificate) {
    report.error(origin, path,
                 "a link has a pre-shared key or certificates; keep psk_file, or cert, key, ca and "
                 "peer_name");
  } else if (!psk && !certificate && origins.contains(path + "{}")) {
    report.error(origin, path, "the table is empty; write psk_file, or cert, key, ca, peer_name");
  } else if (certificate) {
    for (const std::string_view key : kCertificateKeys) {
      if (written(key)) continue;
      report.error(origin, key_path(key),
                   key == "peer_name"
                       ? "missing; write the name that the peer's certificate bears (\"*\" for any)"
                       : "missing; with certificates, cert, key, ca and peer_name are needed");
    }
  }
}

// Of names only localhost counts as loopback, whatever others resolve to today.
bool is_loopback(const HostPort& host_port) {
  const auto numeric = parse_endpoint(to_string(host_port));
  return numeric ? numeric->is_loopback() : host_port.host == "localhost";
}

std::optional<std::string> open_address(const LinkConfig& link) {
  if (link.listen && !link.listen->is_loopback()) return to_string(*link.listen);
  if (link.source && !link.source->is_loopback()) return to_string(*link.source);
  for (const HostPort& peer : link.connect) {
    if (!is_loopback(peer)) return to_string(peer);
  }
  return std::nullopt;
}

void check_any_name(const TlsConfig& tls, const std::string& path, const Origins& origins,
                    Report& report) {
  const auto* certificate = std::get_if<CertificateTls>(&tls);
  if (certificate == nullptr || certificate->peer_name != "*") return;
  const std::string key = path + ".peer_name";
  report.warn(origins.find(key), key,
              "\"*\": every certificate that the ca has signed is taken for the peer's");
}

void check_plaintext(const std::string& name, const LinkConfig& link, const Origins& origins,
                     Report& report) {
  const Origin origin = origins.find(tls_key(name));
  const auto open = open_address(link);
  if (open && !link.allow_plaintext) {
    report.error(
        origin, tls_key(name),
        format("\"none\" is refused: {} is not loopback. Use a psk_file or certificates; inside a "
               "tunnel that protects the link already, allow_plaintext = true permits it",
               *open));
    return;
  }
  report.warn(
      origin, tls_key(name),
      "\"none\": nothing is encrypted, and whoever reaches the address is taken for the peer");
}

// Whether a peer could pass for both links: their demands are equal, or one's are unlimited.
bool ambiguous(const TlsConfig& a, const TlsConfig& b) {
  if (std::holds_alternative<NoTls>(a) || std::holds_alternative<NoTls>(b)) return true;
  if (a.index() != b.index()) return false;
  if (const auto* psk = std::get_if<PskTls>(&a)) return *psk == std::get<PskTls>(b);
  const auto& x = std::get<CertificateTls>(a);
  const auto& y = std::get<CertificateTls>(b);
  if (x.ca != y.ca) return false;
  return x.peer_name == y.peer_name || x.peer_name == "*" || y.peer_name == "*";
}

void check_shared_listener(const Config& config, const Origins& origins, Report& report) {
  for (auto a = config.links.begin(); a != config.links.end(); ++a) {
    for (auto b = std::next(a); b != config.links.end(); ++b) {
      if (!a->second.listen || a->second.listen != b->second.listen) continue;
      if (!ambiguous(a->second.tls, b->second.tls)) continue;
      const Origin origin = origins.find(tls_key(b->first));
      report.error(
          origin, tls_key(b->first),
          format("links \"{}\" and \"{}\" share the address {}, so their peers must be told apart "
                 "by different keys or certificate names",
                 a->first, b->first, to_string(*a->second.listen)));
      break;
    }
  }
}

}  // namespace

void check_tls(const Config& config, const Origins& origins, Report& report) {
  for (const auto& [name, link] : config.links) {
    if (!origins.contains(tls_key(name))) {
      report.error(
          origins.find("link." + name), tls_key(name),
          "missing; write tls = { psk_file = \"PATH\" } (make the file with longthrow genkey), or "
          "{ cert, key, ca, peer_name }");
      continue;
    }
    check_keys(tls_key(name), origins, report);
    if (std::holds_alternative<NoTls>(link.tls)) check_plaintext(name, link, origins, report);
    check_any_name(link.tls, tls_key(name), origins, report);
  }
  if (config.drbd_proxy.tls) {
    check_keys(kDrbdProxyTls, origins, report);
    check_any_name(*config.drbd_proxy.tls, kDrbdProxyTls, origins, report);
  }
  // Links whose tls is incomplete have errors already.
  if (!report.has_errors()) check_shared_listener(config, origins, report);
}

}  // namespace longthrow
