// SPDX-License-Identifier: Apache-2.0
#include "proxy/guides/inner_encryption.h"

#include <algorithm>
#include <span>

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

using Kind = InnerEncryption::Kind;

constexpr std::array<std::uint8_t, 8> kSslRequest = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
constexpr std::array<std::uint8_t, 8> kGssRequest = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30};
constexpr std::uint8_t kGssToken = 0x60;  // RFC 2743, 3.1: the tag of an initial token

// The first bytes of a direction. Beyond their end nothing is known yet.
struct Head {
  ByteView bytes;

  [[nodiscard]] std::uint8_t at(std::size_t index) const {
    return std::to_integer<std::uint8_t>(bytes[index]);
  }
  // Whether the known bytes may be the beginning of `wanted`.
  [[nodiscard]] bool may_be(std::span<const std::uint8_t> wanted) const {
    for (std::size_t i = 0; i < std::min(bytes.size(), wanted.size()); ++i) {
      if (at(i) != wanted[i]) return false;
    }
    return true;
  }
  [[nodiscard]] bool is(std::span<const std::uint8_t> wanted) const {
    return bytes.size() >= wanted.size() && may_be(wanted);
  }
  [[nodiscard]] Head after(std::size_t count) const { return {bytes.subspan(count)}; }
};

Kind judge_tls(const Head& head) {
  constexpr std::uint8_t kHandshake = 22;
  constexpr std::uint8_t kVersionMajor = 3;
  constexpr std::uint8_t kVersionMinorMax = 4;
  constexpr std::size_t kRecordBytesMax = 16384 + 256;
  const std::size_t size = head.bytes.size();
  if (size > 0 && head.at(0) != kHandshake) return Kind::none;
  if (size > 1 && head.at(1) != kVersionMajor) return Kind::none;
  if (size > 2 && head.at(2) > kVersionMinorMax) return Kind::none;
  if (size < 6) return Kind::undecided;
  const std::size_t length = std::size_t{head.at(3)} << 8 | head.at(4);
  const bool hello = head.at(5) == 1 || head.at(5) == 2;
  return hello && length >= 4 && length <= kRecordBytesMax ? Kind::tls : Kind::none;
}

// A packet of PostgreSQL's GSSAPI encryption: its length, then a token.
Kind judge_gssapi(const Head& head) {
  if (head.bytes.size() < 5) return Kind::undecided;
  return head.at(0) == 0 && head.at(4) == kGssToken ? Kind::gssapi : Kind::none;
}

Kind either(Kind a, Kind b) {
  if (a == Kind::undecided || b == Kind::undecided) {
    return a == Kind::tls || b == Kind::gssapi ? (a == Kind::tls ? a : b) : Kind::undecided;
  }
  return a == Kind::none ? b : a;
}

Kind judge_client(Head head) {
  bool gss_asked = false;
  while (head.is(kSslRequest) || head.is(kGssRequest)) {
    gss_asked = head.is(kGssRequest);
    head = head.after(kSslRequest.size());
  }
  const bool more = head.may_be(kSslRequest) || head.may_be(kGssRequest);
  if (more) return Kind::undecided;
  const Kind tls = judge_tls(head);
  return gss_asked ? either(tls, judge_gssapi(head)) : tls;
}

Kind judge_server(Head head) {
  while (!head.bytes.empty() && head.at(0) == 'N') head = head.after(1);
  if (head.bytes.empty()) return Kind::undecided;
  if (head.at(0) == 'S') return judge_tls(head.after(1));
  // The server's tokens begin otherwise than the client's, so only the length can be judged.
  if (head.at(0) != 'G') return Kind::none;
  if (head.bytes.size() < 6) return Kind::undecided;
  return head.at(1) == 0 && head.at(2) == 0 ? Kind::gssapi : Kind::none;
}

}  // namespace

void InnerEncryption::on_bytes(ByteView bytes) {
  if (kind_ != Kind::undecided || bytes.empty()) return;
  const std::size_t taken = std::min(bytes.size(), first_.size() - size_);
  std::copy_n(bytes.begin(), taken, first_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += taken;
  kind_ = judge();
  if (kind_ == Kind::none && planted(Plant::plain_seems_encrypted)) kind_ = Kind::tls;
  if (kind_ == Kind::undecided && size_ == first_.size()) kind_ = Kind::none;
}

Kind InnerEncryption::judge() const {
  const Head head{ByteView(first_).first(size_)};
  const Kind client = judge_client(head);
  const Kind server = judge_server(head);
  if (client == Kind::none) return server;
  return server == Kind::none || client != Kind::undecided ? client : server;
}

std::string_view to_string(InnerEncryption::Kind kind) {
  if (kind == Kind::tls) return "TLS";
  return kind == Kind::gssapi ? "GSSAPI" : "";
}

}  // namespace longthrow
