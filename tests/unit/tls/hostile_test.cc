// SPDX-License-Identifier: Apache-2.0
// An authenticated peer that misbehaves: OpenSSL driven by hand, and records forged with its keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <array>
#include <map>
#include <optional>

#include "proxy/tls/context.h"
#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kKeyUpdateRecordBytes = 27;
using Octets = std::vector<unsigned char>;

// HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context.
Octets expand_label(Octets secret, std::string label, std::size_t bytes) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  std::string digest = "SHA384";
  std::string prefix = "tls13 ";
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, label.data(), label.size()),
      OSSL_PARAM_construct_end()};
  Octets key(bytes);
  EXPECT_EQ(EVP_KDF_derive(context, key.data(), key.size(), parameters.data()), 1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return key;
}

// Forges records of one direction under its first application traffic secret.
class Forger {
 public:
  explicit Forger(const Octets& secret)
      : key_(expand_label(secret, "key", 32)), iv_(expand_label(secret, "iv", 12)) {}

  // `inner` is the plaintext with its content type behind.
  Octets record(const Octets& inner) {
    Octets nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i) {
      nonce[11 - i] ^= static_cast<unsigned char>(sequence_ >> (8 * i));
    }
    ++sequence_;
    const std::size_t length = inner.size() + 16;
    Octets out(5 + length);
    out[0] = 0x17;
    out[1] = out[2] = 0x03;
    out[3] = static_cast<unsigned char>(length >> 8);
    out[4] = static_cast<unsigned char>(length);
    EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
    int written = 0;
    EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data());
    EVP_EncryptUpdate(cipher, nullptr, &written, out.data(), 5);
    EVP_EncryptUpdate(cipher, &out[5], &written, inner.data(), static_cast<int>(inner.size()));
    EVP_EncryptFinal_ex(cipher, &out[5 + inner.size()], &written);
    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, &out[5 + inner.size()]);
    EVP_CIPHER_CTX_free(cipher);
    return out;
  }

 private:
  Octets key_;
  Octets iv_;
  std::uint64_t sequence_ = 0;
};

std::map<std::string, Octets>& key_log() {
  static std::map<std::string, Octets> log;
  return log;
}

// A line is "LABEL CLIENT_RANDOM SECRET", in hex.
void log_key(const SSL*, const char* line) {
  const std::string text = line;
  const std::size_t secret_at = text.rfind(' ') + 1;
  Octets secret;
  for (std::size_t at = secret_at; at < text.size(); at += 2) {
    secret.push_back(static_cast<unsigned char>(std::stoul(text.substr(at, 2), nullptr, 16)));
  }
  key_log()[text.substr(0, text.find(' '))] = secret;
}

// The victim is one end of `victim_`; the other end of the fixture's making is `ssl_`.
class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    EXPECT_TRUE(node_.link("x", PskTls{.psk_file = files_.write("a.psk", key_line("k", 1))}));
    victim_.emplace(node_.client("x"), node_.server());
  }
  void attack_as(PeerRole role) {
    auto link = std::make_shared<LinkMaterial>();
    link->name = "hostile";
    link->keys = std::move(*load_key_file(files_.path("a.psk")));
    const bool client = role == PeerRole::client;
    context_ = client ? *make_client_context(std::move(link))
                      : *make_server_context(LinkMaterials{std::move(link)});
    SSL_CTX_set_keylog_callback(context_->ssl.get(), &log_key);
    connection_.end = context_.get();
    ssl_.reset(SSL_new(context_->ssl.get()));
    SSL_set_app_data(ssl_.get(), &connection_);
    BIO* bio = make_span_bio(connection_.bytes).release();
    SSL_set_bio(ssl_.get(), bio, bio);
    client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    end_ = client ? &victim_->server : &victim_->client;
  }
  void shake() {
    EXPECT_TRUE(end_->engine->start(end_->out));
    for (int flight = 0; flight < 3; ++flight) {
      const auto from_victim = copy_of(end_->out.view());
      end_->out.clear();
      connection_.bytes = {.in = from_victim, .out = &out_};
      SSL_do_handshake(ssl_.get());
      give();
    }
    EXPECT_TRUE(end_->engine->established());
    connection_.bytes = {.in = {}, .out = &out_};
  }
  void give() {
    victim_->feed(*end_, copy_of(out_.view()));
    out_.clear();
  }
  // Gives the victim a record of our making. REQUIRES: attack_as(client), shaken.
  void forge(const Octets& inner) {
    if (!forger_) forger_.emplace(key_log()["CLIENT_TRAFFIC_SECRET_0"]);
    const Octets record = forger_->record(inner);
    victim_->feed(*end_, std::as_bytes(std::span(record)));
  }
  void request_key_update() {
    ASSERT_EQ(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    SSL_do_handshake(ssl_.get());
  }

  ScratchDir files_;
  TestNode node_;
  std::optional<Pair> victim_;
  End* end_ = nullptr;
  std::shared_ptr<const EndContext> context_;
  Connection connection_;
  ByteQueue out_;
  SslPtr ssl_;
  std::optional<Forger> forger_;
};

TEST_F(Hostile, RequestedKeyUpdateIsAnsweredWithTheNextData) {
  attack_as(PeerRole::client);
  shake();
  request_key_update();
  give();
  EXPECT_EQ(end_->error, "");
  ASSERT_TRUE(end_->engine->seal(bytes_of("x"), end_->out));
  EXPECT_EQ(end_->out.size(), kKeyUpdateRecordBytes + 23);
}

TEST_F(Hostile, EndlessKeyUpdatesEndTheLaneWithBoundedAnswers) {
  attack_as(PeerRole::client);
  shake();
  for (int i = 0; i < 1'000; ++i) request_key_update();
  give();
  EXPECT_THAT(end_->error, HasSubstr("floods this lane with key updates"));
  EXPECT_LE(end_->out.size(), 65 * kKeyUpdateRecordBytes);
}

TEST_F(Hostile, TicketsEndTheLane) {
  attack_as(PeerRole::server);
  SSL_set_num_tickets(ssl_.get(), 1);
  shake();
  EXPECT_THAT(end_->error, HasSubstr("a handshake message after the handshake"));
}

TEST_F(Hostile, ForgedDataPassesSoThatTheForgerIsKnownToWork) {
  attack_as(PeerRole::client);
  shake();
  forge({'h', 'i', 0x17});
  EXPECT_EQ(end_->received, "hi");
  EXPECT_EQ(end_->error, "");
}

TEST_F(Hostile, EndlessEmptyRecordsEndTheLane) {
  attack_as(PeerRole::client);
  shake();
  int records = 0;
  while (end_->error.empty() && ++records < 10'000) {
    forge({0x17});
  }
  EXPECT_LE(records, 300);
}

TEST_F(Hostile, EmptyRecordsWithPaddingEndTheLaneToo) {
  attack_as(PeerRole::client);
  shake();
  int records = 0;
  while (end_->error.empty() && ++records < 10'000) {
    forge({0x17, 0, 0, 0, 0, 0, 0, 0});
  }
  EXPECT_LE(records, 300);
}

TEST_F(Hostile, EndlessPlaintextRecordsInTheHandshakeEndIt) {
  attack_as(PeerRole::client);
  const std::string change_cipher_spec("\x14\x03\x03\x00\x01\x01", 6);
  int records = 0;
  while (end_->error.empty() && ++records < 100'000) {
    victim_->feed(*end_, bytes_of(change_cipher_spec));
  }
  EXPECT_LE(records, 20'000);
}

}  // namespace
}  // namespace longthrow
