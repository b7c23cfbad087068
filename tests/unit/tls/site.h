// SPDX-License-Identifier: Apache-2.0
// A temporary folder with keys and certificates, and configurations that name them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "longthrow/config.h"
#include "longthrow/tls_engine.h"
#include "proxy/tls/ossl.h"
#include "tests/support/temp_dir.h"

namespace longthrow {

class ScratchDir {
 public:
  [[nodiscard]] std::string path(std::string_view name) const { return root_ / std::string(name); }
  // Writes a file of mode 0600 and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  TempDir root_;
};

// A line `identity:hex` whose key is 32 times `byte`.
[[nodiscard]] std::string key_line(std::string_view identity, unsigned byte);

struct CertificateShape {
  std::string name;          // dNSName; empty: no subjectAltName
  long begins_in_s = -3600;  // from now
  long ends_in_s = 3600;
  std::string key_usage = {};  // extendedKeyUsage; empty: none
};

// An authority that signs certificates into a folder.
class Authority {
 public:
  Authority(const ScratchDir& folder, std::string name);
  // The settings for `shape.name` against this authority: files NAME.pem, NAME.key, AUTHORITY.ca.
  [[nodiscard]] CertificateTls issue(const CertificateShape& shape, std::string peer_name);

 private:
  const ScratchDir& folder_;
  const std::string name_;
  KeyPtr key_;
  X509Ptr certificate_;
};

// A node: its configuration, one link after another, and its provider.
class TestNode {
 public:
  explicit TestNode(std::uint64_t key_update_bytes = 64 * kGiB);
  // Adds or replaces a link that listens on `port` of loopback, and loads.
  Result<void> link(const std::string& name, TlsConfig tls, std::uint16_t port = 7700);
  Result<void> load() { return provider_->load(config_); }
  Result<void> load_changed() { return provider_->load_changed(config_); }
  [[nodiscard]] Result<std::unique_ptr<TlsEngine>> client(const std::string& name) {
    return provider_->client(name);
  }
  [[nodiscard]] std::optional<WallTime> certificate_ends(const std::string& name) const {
    return provider_->certificate_ends(name);
  }
  // A server of all links of this node.
  [[nodiscard]] Result<std::unique_ptr<TlsEngine>> server();

 private:
  Config config_;
  std::unique_ptr<TlsProvider> provider_;
};

}  // namespace longthrow
