// SPDX-License-Identifier: Apache-2.0
// One SSL object driven without a socket. Three things of OpenSSL 3.0 shape this file. The thread's
// error queue must be empty before a call, or SSL_get_error reports an older failure. An error may
// come after data in one call: the data is handed out first, and the error at the next call. And
// SSL_key_update only schedules: the next write sends the message, under the old key.
#include "proxy/tls/engine.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/tls/plain_engine.h"
#include "proxy/tls/sentences.h"
#include "proxy/tls/text.h"

namespace longthrow {
namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-longthrow-hello";
// Room for both certificate flights; OpenSSL alone would take a ClientHello of 128 KiB and more.
constexpr std::size_t kHandshakeBytesMax = 96 * kKiB;
// Types of TLS records: change_cipher_spec, alert, handshake, application_data.
constexpr std::byte kRecordTypeFirst{0x14};
constexpr std::byte kRecordTypeLast{0x17};
// A fatal protocol_version alert in the clear, for a peer that has no TLS at all.
constexpr unsigned char kProtocolVersionAlert[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46};

class OpensslEngine final : public TlsEngine {
 public:
  OpensslEngine(std::shared_ptr<const EndContext> context, std::uint64_t key_update_bytes);

  Result<void> start(ByteQueue& out) override;
  Result<Progress> open(ByteView cipher, ByteSpan plain, ByteQueue& out) override;
  Result<void> seal(ByteView plain, ByteQueue& out) override;
  void finish(ByteQueue& out) override;

  [[nodiscard]] bool established() const override { return connection_.established; }
  [[nodiscard]] const std::string& link() const override {
    LT_ASSERT(link_ != nullptr);
    return link_->name;
  }
  [[nodiscard]] std::string peer_description() const override { return peer_; }
  [[nodiscard]] std::optional<WallTime> peer_certificate_ends() const override {
    return established() ? connection_.peer_certificate_ends : std::nullopt;
  }
  [[nodiscard]] Result<ChannelBinding> binding(ByteView context) const override;

 private:
  // Lends the caller's bytes to the BIO for one call.
  class Lease {
   public:
    Lease(OpensslEngine& engine, ByteView in, ByteQueue& out) : bytes_(engine.connection_.bytes) {
      bytes_ = {.in = in, .out = &out};
      ERR_clear_error();
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { bytes_ = {}; }

   private:
    SpanBioEnds& bytes_;
  };

  std::unexpected<Error> die(Error error);
  std::unexpected<Error> die(std::string sentence) { return die(Error{.message = sentence}); }
  std::unexpected<Error> die_of_close() { return die({ErrorCode::peer_closed, "closed by peer"}); }
  std::unexpected<Error> die_of_openssl() { return die(failure_sentence(connection_)); }
  Result<void> examine_first_bytes(ByteView cipher, ByteQueue& out);
  Result<void> shake_hands();
  Result<void> complete_handshake();
  // Returns the bytes produced; stops without an error where the ciphertext ends.
  Result<std::size_t> read(ByteSpan plain);
  Result<void> update_key_when_due();

  const std::shared_ptr<const EndContext> context_;
  const std::uint64_t key_update_bytes_;
  Connection connection_;
  SslPtr ssl_;  // declared after what its callbacks use
  const LinkMaterial* link_ = nullptr;
  std::string peer_ = "unauthenticated peer";
  std::size_t handshake_bytes_ = 0;  // received
  std::uint64_t sealed_since_update_bytes_ = 0;
  std::optional<Error> error_;
};

OpensslEngine::OpensslEngine(std::shared_ptr<const EndContext> context,
                             std::uint64_t key_update_bytes)
    : context_(std::move(context)), key_update_bytes_(key_update_bytes) {
  LT_ASSERT(key_update_bytes_ > 0);
  connection_.end = context_.get();
  ssl_.reset(SSL_new(context_->ssl.get()));
  LT_ASSERT(ssl_ != nullptr);
  SSL_set_app_data(ssl_.get(), &connection_);
  BIO* bio = make_span_bio(connection_.bytes).release();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (context_->role == PeerRole::server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  const auto& certificates = context_->links.front()->certificates;
  if (certificates && !certificates->peer_name.starts_with('*')) {
    SSL_set_tlsext_host_name(ssl_.get(), certificates->peer_name.c_str());
  }
}

std::unexpected<Error> OpensslEngine::die(Error error) {
  error_ = std::move(error);
  return std::unexpected(*error_);
}

Result<void> OpensslEngine::start(ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  if (context_->role == PeerRole::server) return {};
  const Lease lease(*this, {}, out);
  return shake_hands();
}

// Recognises a peer without TLS, for which OpenSSL would only say "wrong version number".
Result<void> OpensslEngine::examine_first_bytes(ByteView cipher, ByteQueue& out) {
  Connection& c = connection_;
  const std::size_t taken = std::min(cipher.size(), c.first_bytes.size() - c.first_bytes_count);
  if (taken == 0) return {};
  std::memcpy(c.first_bytes.data() + c.first_bytes_count, cipher.data(), taken);
  c.first_bytes_count += taken;
  if (c.first_bytes[0] >= kRecordTypeFirst && c.first_bytes[0] <= kRecordTypeLast) return {};
  const std::string_view seen(reinterpret_cast<const char*>(c.first_bytes.data()),
                              c.first_bytes_count);
  if (seen == kPlainPreface) {
    out.append(std::as_bytes(std::span(kProtocolVersionAlert)));
    return die("the peer is configured with tls = \"none\", this link is not");
  }
  if (kPlainPreface.starts_with(seen)) return {};  // held back until more bytes decide
  return die(format("the peer does not speak TLS (it began with \"{}\")", printable(seen)));
}

Result<TlsEngine::Progress> OpensslEngine::open(ByteView cipher, ByteSpan plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  if (auto examined = examine_first_bytes(cipher, out); !examined) {
    return std::unexpected(examined.error());
  }
  if (connection_.first_bytes_count > 0 && connection_.first_bytes[0] < kRecordTypeFirst) return {};
  if (connection_.first_bytes_count > 0 && connection_.first_bytes[0] > kRecordTypeLast) {
    return Progress{.consumed_bytes = cipher.size()};  // the start of a plaintext preface
  }
  const Lease lease(*this, cipher, out);
  Progress progress;
  if (!connection_.established) {
    if (auto shaken = shake_hands(); !shaken) return std::unexpected(shaken.error());
  } else {
    const auto produced = read(plain);
    if (!produced) return std::unexpected(produced.error());
    progress.produced_bytes = *produced;
  }
  progress.consumed_bytes = cipher.size() - connection_.bytes.in.size();
  return progress;
}

Result<void> OpensslEngine::shake_hands() {
  const std::size_t before = connection_.bytes.in.size();
  const int result = SSL_do_handshake(ssl_.get());
  handshake_bytes_ += before - connection_.bytes.in.size();
  if (result == 1) return complete_handshake();
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      if (handshake_bytes_ <= kHandshakeBytesMax) return {};
      return die(format("the peer's handshake is longer than {} bytes", kHandshakeBytesMax));
    case SSL_ERROR_ZERO_RETURN:
      return die_of_close();
    default:
      return die_of_openssl();
  }
}

Result<void> OpensslEngine::complete_handshake() {
  const bool by_key = SSL_session_reused(ssl_.get()) == 1 && connection_.key != nullptr;
  link_ = by_key ? connection_.key_link : connection_.certificate_link;
  if (link_ == nullptr) return die("the peer did not authenticate itself");
  peer_ = by_key ? describe_key(*connection_.key)
                 : "certificate " + describe_certificate(SSL_get0_peer_certificate(ssl_.get()));
  connection_.established = true;
  return {};
}

Result<std::size_t> OpensslEngine::read(ByteSpan plain) {
  std::size_t produced = 0;
  while (produced < plain.size()) {
    std::size_t got = 0;
    const ByteSpan room = plain.subspan(produced);
    const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
    if (result == 1) {
      produced += got;
      connection_.received_bytes += got;
      connection_.records_without_data = 0;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ && connection_.refusal.empty()) break;
    const auto dead = error == SSL_ERROR_ZERO_RETURN ? die_of_close() : die_of_openssl();
    if (produced == 0) return dead;
    break;
  }
  return produced;
}

Result<void> OpensslEngine::update_key_when_due() {
  if (sealed_since_update_bytes_ < key_update_bytes_) return {};
  // The peer is not asked to update, too: it counts its own bytes, and its answers could pile up.
  if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1) return die_of_openssl();
  sealed_since_update_bytes_ = 0;
  return {};
}

Result<void> OpensslEngine::seal(ByteView plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  LT_ASSERT(established());
  const Lease lease(*this, {}, out);
  while (!plain.empty()) {
    if (auto updated = update_key_when_due(); !updated) return updated;
    const std::size_t piece =
        std::min<std::uint64_t>(plain.size(), key_update_bytes_ - sealed_since_update_bytes_);
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), piece, &written) != 1) return die_of_openssl();
    sealed_since_update_bytes_ += written;
    plain = plain.subspan(written);
  }
  return {};
}

void OpensslEngine::finish(ByteQueue& out) {
  if (error_ || !connection_.established) return;
  const Lease lease(*this, {}, out);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Result<ChannelBinding> OpensslEngine::binding(ByteView context) const {
  LT_ASSERT(established());
  ChannelBinding result;
  ERR_clear_error();
  const int exported = SSL_export_keying_material(
      ssl_.get(), reinterpret_cast<unsigned char*>(result.data()), result.size(),
      kExporterLabel.data(), kExporterLabel.size(),
      reinterpret_cast<const unsigned char*>(context.data()), context.size(), 1);
  if (exported != 1) {
    ERR_clear_error();
    return fail("OpenSSL exports no keying material");
  }
  return result;
}

}  // namespace

std::unique_ptr<TlsEngine> make_openssl_engine(std::shared_ptr<const EndContext> context,
                                               std::uint64_t key_update_bytes) {
  return std::make_unique<OpensslEngine>(std::move(context), key_update_bytes);
}

}  // namespace longthrow
