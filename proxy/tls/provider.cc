// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/provider.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "longthrow/config.h"
#include "proxy/base/log.h"
#include "proxy/tls/context.h"
#include "proxy/tls/engine.h"
#include "proxy/tls/plain_engine.h"

namespace longthrow {
namespace {

using EndContextPtr = std::shared_ptr<const EndContext>;

// All that one load has read. Replaced as a whole.
struct Loaded {
  std::map<std::string, TlsConfig> settings;  // of each link
  std::map<std::string, std::shared_ptr<const LinkMaterial>> links;
  std::map<std::string, EndContextPtr> clients;               // of links that are not plain
  std::map<std::vector<std::string>, EndContextPtr> servers;  // made when first asked for
  std::map<std::string, Error> left_out;                      // links whose files cannot be used
};

Result<LinkMaterial> load_link(const std::string& name, const TlsConfig& tls) {
  LinkMaterial link{.name = name};
  if (const auto* psk = std::get_if<PskTls>(&tls)) {
    auto keys = load_key_file(psk->psk_file);
    if (!keys) return std::unexpected(keys.error());
    link.keys = std::move(*keys);
  } else if (const auto* certificate = std::get_if<CertificateTls>(&tls)) {
    auto certificates = load_certificates(name, *certificate);
    if (!certificates) return std::unexpected(certificates.error());
    link.certificates = std::move(*certificates);
  }
  return link;
}

// Why a peer could belong to either link; empty: it could not.
std::string confusion(const LinkMaterial& a, const LinkMaterial& b) {
  if (a.plain() || b.plain()) {
    return format("link {} has tls = \"none\", so it needs a listen address of its own",
                  a.plain() ? a.name : b.name);
  }
  for (const PresharedKey& key : a.keys) {
    if (std::ranges::find(b.keys, key.identity, &PresharedKey::identity) == b.keys.end()) continue;
    return format("the key identity \"{}\" is in both links' key files", key.identity);
  }
  if (a.certificates && b.certificates && indistinguishable(*a.certificates, *b.certificates)) {
    return format("both take certificates of the same ca for the name \"{}\"",
                  a.certificates->peer_name);
  }
  return {};
}

Result<void> check_distinct(const LinkMaterials& links) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (std::size_t j = i + 1; j < links.size(); ++j) {
      const std::string reason = confusion(*links[i], *links[j]);
      if (reason.empty()) continue;
      return fail(format("links {} and {} share one listen address and cannot be told apart: {}",
                         links[i]->name, links[j]->name, reason));
    }
  }
  return {};
}

Result<void> check_listeners(const Config& config, const Loaded& loaded) {
  std::map<Endpoint, LinkMaterials> listeners;
  for (const auto& [name, link] : config.links) {
    if (link.listen && loaded.links.contains(name))
      listeners[*link.listen].push_back(loaded.links.at(name));
  }
  for (const auto& [endpoint, links] : listeners) {
    if (auto checked = check_distinct(links); !checked) return checked;
  }
  return {};
}

class Provider final : public TlsProvider {
 public:
  explicit Provider(TlsProviderOptions options) : options_(options) {}

  Result<void> load(const Config& config) override { return load(config, {}, Broken::refused); }
  Result<void> load_changed(const Config& config) override {
    return load(config, loaded_, Broken::refused);
  }
  Result<void> load_usable(const Config& config) override {
    return load(config, {}, Broken::left_out);
  }
  std::string trouble(const std::string& link) const override {
    const auto found = loaded_.left_out.find(link);
    return found != loaded_.left_out.end() ? found->second.message : "";
  }
  std::optional<WallTime> certificate_ends(const std::string& link) const override {
    const auto found = loaded_.links.find(link);
    if (found == loaded_.links.end() || !found->second->certificates) return std::nullopt;
    return found->second->certificates->ends;
  }
  Result<std::unique_ptr<TlsEngine>> client(const std::string& link) override;
  Result<std::unique_ptr<TlsEngine>> server(std::span<const std::string> links) override;

 private:
  // A link whose files cannot be used.
  enum class Broken : std::uint8_t { refused, left_out };
  // Takes links with unchanged settings from `known` instead of reading their files.
  Result<void> load(const Config& config, const Loaded& known, Broken broken);
  static Result<void> load_one(Loaded& fresh, const std::string& name, const TlsConfig& tls);
  Result<EndContextPtr> server_context(LinkMaterials links);

  const TlsProviderOptions options_;
  Loaded loaded_;
};

Result<void> Provider::load_one(Loaded& fresh, const std::string& name, const TlsConfig& tls) {
  auto read = load_link(name, tls);
  if (!read) return fail(format("link {}: {}", name, read.error().message), read.error().os_errno);
  const auto material = std::make_shared<const LinkMaterial>(std::move(*read));
  if (!material->plain()) {
    auto context = make_client_context(material);  // also proves that the certificate can be used
    if (!context) return std::unexpected(context.error());
    fresh.clients.emplace(name, std::move(*context));
  }
  fresh.links.emplace(name, material);
  return {};
}

Result<void> Provider::load(const Config& config, const Loaded& known, Broken broken) {
  Loaded fresh;
  for (const auto& [name, link] : config.links) {
    fresh.settings.emplace(name, link.tls);
    const auto old = known.settings.find(name);
    if (old != known.settings.end() && old->second == link.tls) {
      if (const auto links = known.links.find(name); links != known.links.end())
        fresh.links.insert(*links);
      if (const auto out = known.left_out.find(name); out != known.left_out.end())
        fresh.left_out.insert(*out);
      if (const auto client = known.clients.find(name); client != known.clients.end())
        fresh.clients.insert(*client);
      continue;
    }
    auto loaded = load_one(fresh, name, link.tls);
    if (loaded) continue;
    if (broken == Broken::refused) return loaded;
    fresh.left_out.emplace(name, loaded.error());
  }
  if (broken == Broken::left_out && fresh.links.empty() && !fresh.left_out.empty())
    return std::unexpected(fresh.left_out.begin()->second);
  if (auto checked = check_listeners(config, fresh); !checked) return checked;
  loaded_ = std::move(fresh);
  return {};
}

Result<std::unique_ptr<TlsEngine>> Provider::client(const std::string& link) {
  const auto found = loaded_.links.find(link);
  if (const std::string out = trouble(link); !out.empty()) return fail(out);
  if (found == loaded_.links.end()) return fail(format("link {} is not configured", link));
  if (found->second->plain()) return make_plain_engine(link);
  return make_openssl_engine(loaded_.clients.at(link), options_.key_update_bytes);
}

Result<EndContextPtr> Provider::server_context(LinkMaterials links) {
  std::vector<std::string> names;
  for (const auto& link : links) names.push_back(link->name);
  if (const auto made = loaded_.servers.find(names); made != loaded_.servers.end()) {
    return made->second;
  }
  if (auto checked = check_distinct(links); !checked) return std::unexpected(checked.error());
  auto context = make_server_context(std::move(links));
  if (context) loaded_.servers.emplace(std::move(names), *context);
  return context;
}

Result<std::unique_ptr<TlsEngine>> Provider::server(std::span<const std::string> links) {
  if (links.empty()) return fail("no link listens here");
  LinkMaterials materials;
  for (const std::string& name : links) {
    const auto found = loaded_.links.find(name);
    if (loaded_.left_out.contains(name)) continue;
    if (found == loaded_.links.end()) return fail(format("link {} is not configured", name));
    materials.push_back(found->second);
  }
  if (materials.empty()) return fail(trouble(links.front()));
  if (materials.size() == 1 && materials.front()->plain())
    return make_plain_engine(materials.front()->name);
  auto context = server_context(std::move(materials));
  if (!context) return std::unexpected(context.error());
  return make_openssl_engine(std::move(*context), options_.key_update_bytes);
}

}  // namespace

std::unique_ptr<TlsProvider> make_tls_provider(TlsProviderOptions options) {
  return std::make_unique<Provider>(options);
}

}  // namespace longthrow
