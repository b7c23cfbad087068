// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/toy_tls.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "proxy/base/checksum.h"
#include "proxy/base/log.h"
#include "tests/sim/toy_record.h"

namespace longthrow::sim {
namespace {

// The first byte of each handshake message.
enum class Message : std::uint8_t { hello = 1, certificate = 2, finished = 3, key_update = 4 };
// The whole of an alert.
enum class Alert : std::uint8_t { close_notify = 0, bad_record = 20, decrypt_error = 51 };

struct Setup {
  bool client = false;
  std::vector<std::string> links;  // a server's: those that it may be asked for
  ToyTlsOptions options;
  std::uint64_t nonce = 0;
  std::size_t certificate_bytes = 0;
};

class ToyEngine final : public TlsEngine {
 public:
  explicit ToyEngine(Setup setup) : setup_(std::move(setup)) {}

  Result<void> start(ByteQueue& out) override;
  Result<Progress> open(ByteView cipher, ByteSpan plain, ByteQueue& out) override;
  Result<void> seal(ByteView plain, ByteQueue& out) override;
  void finish(ByteQueue& out) override;

  [[nodiscard]] bool established() const override { return established_; }
  [[nodiscard]] const std::string& link() const override { return link_; }
  [[nodiscard]] std::string peer_description() const override { return "toy"; }
  [[nodiscard]] Result<ChannelBinding> binding(ByteView context) const override;

 private:
  std::unexpected<Error> die(Error error);
  std::unexpected<Error> die(Alert alert, const std::string& sentence, ByteQueue& out);
  // Takes a record, or the next part of one, from the front of `cipher`; true: it is whole.
  [[nodiscard]] Result<bool> gather(ByteView& cipher, ByteQueue& out);
  [[nodiscard]] Result<void> take_record(ByteQueue& out);
  [[nodiscard]] Result<void> on_message(ByteView body, ByteQueue& out);
  [[nodiscard]] Result<void> on_hello(ByteView body, ByteQueue& out);
  [[nodiscard]] Result<void> on_finished(ByteQueue& out);
  [[nodiscard]] std::unexpected<Error> on_alert(ByteView body);
  void say(Message message, ByteView body, ByteQueue& out);
  void say_hello(ByteQueue& out);
  void make_keys(std::uint64_t peer_nonce);
  std::size_t hand_out(ByteSpan plain);

  const Setup setup_;
  std::string link_;
  ToyKey sends_;
  ToyKey receives_;
  std::uint64_t session_ = 0;  // of both nonces and the secret
  std::vector<std::byte> record_;
  ByteQueue opened_;
  std::uint64_t sealed_bytes_ = 0;  // under this key
  bool certificate_seen_ = false;
  bool established_ = false;
  std::optional<Error> error_;
};

std::unexpected<Error> ToyEngine::die(Error error) {
  error_ = std::move(error);
  return std::unexpected(*error_);
}

std::unexpected<Error> ToyEngine::die(Alert alert, const std::string& sentence, ByteQueue& out) {
  const auto code = static_cast<std::byte>(alert);
  sends_.seal(ToyType::alert, {&code, 1}, out);
  return die(Error{.message = sentence});
}

void ToyEngine::say(Message message, ByteView body, ByteQueue& out) {
  std::vector<std::byte> plain{static_cast<std::byte>(message)};
  plain.insert(plain.end(), body.begin(), body.end());
  sends_.seal(ToyType::handshake, plain, out);
}

// The nonce, and of a client the link that it wants.
void ToyEngine::say_hello(ByteQueue& out) {
  std::vector<std::byte> body(sizeof setup_.nonce);
  std::memcpy(body.data(), &setup_.nonce, sizeof setup_.nonce);
  const ByteView name = std::as_bytes(std::span(link_));
  body.insert(body.end(), name.begin(), name.end());
  say(Message::hello, body, out);
}

Result<void> ToyEngine::start(ByteQueue& out) {
  if (!setup_.client) return {};
  link_ = setup_.links.front();
  say_hello(out);
  return {};
}

void ToyEngine::make_keys(std::uint64_t peer_nonce) {
  const std::uint64_t of_client = setup_.client ? setup_.nonce : peer_nonce;
  const std::uint64_t of_server = setup_.client ? peer_nonce : setup_.nonce;
  session_ = mix64(setup_.options.secret ^ mix64(of_client ^ mix64(of_server + 1)));
  const ToyKey from_client(mix64(session_ + 1));
  const ToyKey from_server(mix64(session_ + 2));
  sends_ = setup_.client ? from_client : from_server;
  receives_ = setup_.client ? from_server : from_client;
}

Result<TlsEngine::Progress> ToyEngine::open(ByteView cipher, ByteSpan plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  const std::size_t given = cipher.size();
  std::size_t produced = hand_out(plain);
  while (opened_.empty() && !error_) {
    const auto whole = gather(cipher, out);
    if (whole && !*whole) break;
    const bool was_established = established_;
    if (whole) (void)take_record(out);
    if (established_ != was_established) break;
    produced += hand_out(plain.subspan(produced));
  }
  // What came before an error is handed out first.
  if (error_ && produced == 0) return std::unexpected(*error_);
  return Progress{.consumed_bytes = given - cipher.size(), .produced_bytes = produced};
}

std::size_t ToyEngine::hand_out(ByteSpan plain) {
  const std::size_t count = std::min(plain.size(), opened_.size());
  if (count > 0) std::memcpy(plain.data(), opened_.view().data(), count);
  opened_.consume(count);
  return count;
}

Result<bool> ToyEngine::gather(ByteView& cipher, ByteQueue& out) {
  const auto fill_to = [&](std::size_t size) {
    const std::size_t count = std::min(cipher.size(), size - record_.size());
    record_.insert(record_.end(), cipher.begin(),
                   cipher.begin() + static_cast<std::ptrdiff_t>(count));
    cipher = cipher.subspan(count);
    return record_.size() == size;
  };
  if (record_.size() < kToyHeaderBytes && !fill_to(kToyHeaderBytes)) return false;
  const std::size_t length =
      std::to_integer<std::size_t>(record_[1]) << 8 | std::to_integer<std::size_t>(record_[2]);
  if (length < kToySealBytes || length > kToyRecordBytesMax + kToySealBytes)
    return die(Alert::bad_record, "a record from the peer is damaged: its length", out);
  return fill_to(kToyHeaderBytes + length);
}

Result<void> ToyEngine::take_record(ByteQueue& out) {
  const auto type = static_cast<ToyType>(record_.front());
  std::vector<std::byte> record;
  record.swap(record_);
  const auto body = receives_.open(type, ByteSpan(record).subspan(kToyHeaderBytes));
  if (!body) return die(Alert::bad_record, "a record from the peer is damaged", out);
  switch (type) {
    case ToyType::alert:
      return on_alert(*body);
    case ToyType::handshake:
      return on_message(*body, out);
    case ToyType::data:
      if (!established_) return die(Alert::decrypt_error, "data before the handshake", out);
      opened_.append(*body);
      return {};
  }
  return die(Alert::bad_record, "a record from the peer is damaged: its type", out);
}

std::unexpected<Error> ToyEngine::on_alert(ByteView body) {
  const bool closed = body.size() == 1 && body[0] == static_cast<std::byte>(Alert::close_notify);
  if (closed) return die({ErrorCode::peer_closed, "closed by peer"});
  return die(Error{.message = "the peer has ended the connection by an alert"});
}

Result<void> ToyEngine::on_message(ByteView body, ByteQueue& out) {
  if (body.empty()) return die(Alert::decrypt_error, "an empty message of the handshake", out);
  const auto message = static_cast<Message>(body.front());
  if (established_ && message == Message::key_update) {
    receives_.update();
    return {};
  }
  if (established_) return die(Alert::decrypt_error, "a handshake after the handshake", out);
  switch (message) {
    case Message::hello:
      return on_hello(body.subspan(1), out);
    case Message::certificate:
      certificate_seen_ = true;
      return {};
    case Message::finished:
      return on_finished(out);
    case Message::key_update:
      break;
  }
  return die(Alert::decrypt_error, "a message out of place", out);
}

Result<void> ToyEngine::on_hello(ByteView body, ByteQueue& out) {
  std::uint64_t peer_nonce = 0;
  if (body.size() < sizeof peer_nonce || session_ != 0)
    return die(Alert::decrypt_error, "a hello out of place", out);
  std::memcpy(&peer_nonce, body.data(), sizeof peer_nonce);
  if (setup_.client) {
    make_keys(peer_nonce);
    return {};
  }
  const ByteView name = body.subspan(sizeof peer_nonce);
  link_.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (std::ranges::find(setup_.links, link_) == setup_.links.end())
    return die(Alert::decrypt_error, "the peer asks for a link that is not here", out);
  say_hello(out);
  make_keys(peer_nonce);
  say(Message::certificate, std::vector<std::byte>(setup_.certificate_bytes), out);
  say(Message::finished, {}, out);
  return {};
}

// The peer has the secret, or its record would not have opened.
Result<void> ToyEngine::on_finished(ByteQueue& out) {
  if (session_ == 0 || certificate_seen_ != setup_.client)
    return die(Alert::decrypt_error, "a message out of place", out);
  if (setup_.client) say(Message::finished, {}, out);
  established_ = true;
  return {};
}

Result<void> ToyEngine::seal(ByteView plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  LT_ASSERT(established());
  while (!plain.empty()) {
    if (sealed_bytes_ >= setup_.options.key_update_bytes) {
      say(Message::key_update, {}, out);
      sends_.update();
      sealed_bytes_ = 0;
    }
    const ByteView piece = plain.first(std::min(plain.size(), kToyRecordBytesMax));
    sends_.seal(ToyType::data, piece, out);
    sealed_bytes_ += piece.size();
    plain = plain.subspan(piece.size());
  }
  return {};
}

void ToyEngine::finish(ByteQueue& out) {
  if (error_ || !established_) return;
  const auto code = static_cast<std::byte>(Alert::close_notify);
  sends_.seal(ToyType::alert, {&code, 1}, out);
}

Result<ChannelBinding> ToyEngine::binding(ByteView context) const {
  LT_ASSERT(established());
  ChannelBinding result;
  for (std::size_t i = 0; i < result.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = checksum64(context, session_ + i);
    std::memcpy(result.data() + i, &word, sizeof word);
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<TlsEngine>> ToyTlsProvider::client(const std::string& link) {
  return std::make_unique<ToyEngine>(
      Setup{.client = true, .links = {link}, .options = options_, .nonce = random_.next()});
}

Result<std::unique_ptr<TlsEngine>> ToyTlsProvider::server(std::span<const std::string> links) {
  return std::make_unique<ToyEngine>(
      Setup{.links = {links.begin(), links.end()},
            .options = options_,
            .nonce = random_.next(),
            .certificate_bytes = random_.between(std::uint64_t{500}, std::uint64_t{4000})});
}

}  // namespace longthrow::sim
