// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/plain_engine.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "proxy/base/checksum.h"

namespace longthrow {
namespace {

// The first bytes of a TLS record: handshake or alert, then the major version.
constexpr std::byte kTlsAlert{0x15};
constexpr std::byte kTlsHandshake{0x16};
constexpr std::byte kTlsMajor{0x03};

class PlainEngine final : public TlsEngine {
 public:
  explicit PlainEngine(std::string link) : link_(std::move(link)) {}

  Result<void> start(ByteQueue& out) override {
    send_preface_once(out);
    return {};
  }
  Result<Progress> open(ByteView cipher, ByteSpan plain, ByteQueue& out) override;
  Result<void> seal(ByteView plain, ByteQueue& out) override;
  void finish(ByteQueue&) override {}

  [[nodiscard]] bool established() const override { return preface_sent_ && !error_; }
  [[nodiscard]] const std::string& link() const override { return link_; }
  [[nodiscard]] std::string peer_description() const override {
    return "unauthenticated peer (tls = \"none\")";
  }
  [[nodiscard]] Result<ChannelBinding> binding(ByteView context) const override;

 private:
  void send_preface_once(ByteQueue& out) {
    if (!std::exchange(preface_sent_, true)) out.append(preface());
  }
  static ByteView preface() { return std::as_bytes(std::span(kPlainPreface)); }
  // Takes preface bytes from the front of `cipher`; returns how many.
  Result<std::size_t> check_preface(ByteView cipher);

  const std::string link_;
  bool preface_sent_ = false;
  std::size_t preface_received_bytes_ = 0;
  std::byte first_byte_{0};
  std::optional<Error> error_;
};

Result<std::size_t> PlainEngine::check_preface(ByteView cipher) {
  std::size_t taken = 0;
  while (taken < cipher.size() && preface_received_bytes_ < preface().size()) {
    const std::byte byte = cipher[taken++];
    const std::size_t position = preface_received_bytes_++;
    if (position == 0) first_byte_ = byte;
    const bool maybe_tls = first_byte_ == kTlsHandshake || first_byte_ == kTlsAlert;
    if (position == 0 && maybe_tls) continue;  // the second byte decides
    if (maybe_tls && byte == kTlsMajor) {
      return fail("the peer speaks TLS, this link is configured with tls = \"none\"");
    }
    if (maybe_tls || byte != preface()[position]) {
      return fail(
          "the peer is not a Longthrow node with tls = \"none\": its first bytes are foreign");
    }
  }
  return taken;
}

Result<TlsEngine::Progress> PlainEngine::open(ByteView cipher, ByteSpan plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  send_preface_once(out);
  const auto taken = check_preface(cipher);
  if (!taken) {
    error_ = taken.error();
    return std::unexpected(*error_);
  }
  cipher = cipher.subspan(*taken);
  const std::size_t passed = std::min(cipher.size(), plain.size());
  if (passed > 0) std::memcpy(plain.data(), cipher.data(), passed);
  return Progress{.consumed_bytes = *taken + passed, .produced_bytes = passed};
}

Result<void> PlainEngine::seal(ByteView plain, ByteQueue& out) {
  if (error_) return std::unexpected(*error_);
  LT_ASSERT(established());
  out.append(plain);
  return {};
}

Result<ChannelBinding> PlainEngine::binding(ByteView context) const {
  ChannelBinding result;
  constexpr std::size_t kWords = std::tuple_size_v<ChannelBinding> / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint64_t word = checksum64(context, i);
    for (std::size_t j = 0; j < sizeof word; ++j) {  // little endian on every machine
      result[i * sizeof word + j] = static_cast<std::byte>(word >> (8 * j));
    }
  }
  return result;
}

}  // namespace

std::unique_ptr<TlsEngine> make_plain_engine(std::string link) {
  return std::make_unique<PlainEngine>(std::move(link));
}

}  // namespace longthrow
