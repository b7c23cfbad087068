// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/site.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/tls/provider.h"

namespace longthrow {
namespace {

std::string pem_of(X509* certificate) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(writer.get(), certificate);
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(writer.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

std::string pem_of(EVP_PKEY* key) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(writer.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(writer.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  LT_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr make_certificate(EVP_PKEY* key, const std::string& common_name,
                         const CertificateShape& shape) {
  static long serial = 0;
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), shape.begins_in_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), shape.ends_in_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return certificate;
}

}  // namespace

std::string ScratchDir::write(std::string_view name, std::string_view text) const {
  root_.write(std::string(name), std::string(text));
  ::chmod(path(name).c_str(), 0600);
  return path(name);
}

std::string key_line(std::string_view identity, unsigned byte) {
  std::string line = std::string(identity) + ":";
  for (int i = 0; i < 32; ++i) line += format("{:02x}", byte);
  return line + "\n";
}

Authority::Authority(const ScratchDir& folder, std::string name)
    : folder_(folder), name_(std::move(name)), key_(EVP_EC_gen("P-256")) {
  certificate_ = make_certificate(key_.get(), name_, {});
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  folder_.write(name_ + ".ca", pem_of(certificate_.get()));
}

CertificateTls Authority::issue(const CertificateShape& shape, std::string peer_name) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate = make_certificate(key.get(), "node", shape);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  if (!shape.name.empty()) {
    add_extension(certificate.get(), NID_subject_alt_name, "DNS:" + shape.name);
  }
  if (!shape.key_usage.empty()) {
    add_extension(certificate.get(), NID_ext_key_usage, shape.key_usage);
  }
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return {.cert = folder_.write(name_ + "-" + shape.name + ".pem", pem_of(certificate.get())),
          .key = folder_.write(name_ + "-" + shape.name + ".key", pem_of(key.get())),
          .ca = folder_.path(name_ + ".ca"),
          .peer_name = std::move(peer_name)};
}

TestNode::TestNode(std::uint64_t key_update_bytes)
    : provider_(make_tls_provider({.key_update_bytes = key_update_bytes})) {}

Result<void> TestNode::link(const std::string& name, TlsConfig tls, std::uint16_t port) {
  LinkConfig& link = config_.links[name];
  link.tls = std::move(tls);
  link.listen = Endpoint{.address = {127, 0, 0, 1}, .port = port};
  return load();
}

Result<std::unique_ptr<TlsEngine>> TestNode::server() {
  std::vector<std::string> names;
  for (const auto& [name, link] : config_.links) names.push_back(name);
  return provider_->server(names);
}

}  // namespace longthrow
