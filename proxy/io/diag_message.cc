// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/diag_message.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace longthrow {
namespace {

// linux/tcp_states.h of the kernel; the header of that name of libc clashes with linux/tcp.h.
enum TcpState : std::uint8_t {
  kEstablished = 1,
  kFinWait1 = 4,
  kFinWait2 = 5,
  kCloseWait = 8,
  kLastAck = 9,
  kListen = 10,
  kClosing = 11,
};

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};
static_assert(sizeof(Request) == kDiagRequestBytes);

template <typename T>
std::optional<T> copy_from(ByteView bytes) {
  T value{};
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void put_address(const Endpoint& endpoint, __be32 (&address)[4], __be16& port) {
  const std::size_t size = endpoint.family == Endpoint::Family::ipv4 ? 4 : 16;
  std::memcpy(address, endpoint.address.data(), size);
  port = htons(endpoint.port);
}

// Splits a header of type Header and its padded content off `bytes`; `length_of` is a field that
// counts both.
template <typename Header, auto kLength>
std::optional<Header> split(ByteView& bytes, ByteView& content) {
  const auto header = copy_from<Header>(bytes);
  const std::size_t length = header ? (*header).*kLength : 0;
  if (length < sizeof(Header) || length > bytes.size()) {
    bytes = {};
    return std::nullopt;
  }
  content = bytes.subspan(sizeof(Header), length - sizeof(Header));
  bytes = bytes.subspan(std::min<std::size_t>((length + 3) / 4 * 4, bytes.size()));
  return header;
}

SourceState state_of(unsigned tcp_state) {
  switch (tcp_state) {
    case kEstablished:
    case kCloseWait:
      return SourceState::open;
    case kFinWait1:
    case kFinWait2:
    case kLastAck:
    case kClosing:
      return SourceState::closing;
    default:  // TIME_WAIT, closed, or not yet connected
      return SourceState::gone;
  }
}

// tcpi_state is read after idiag_wqueue; so if it is `open`, no FIN is in idiag_wqueue.
void read_tcp_info(ByteView content, DiagAnswer& answer) {
  tcp_info info{};
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_bytes_acked) + sizeof(__u64);
  if (content.size() < kNeeded) {
    answer.state = SourceState::unsupported;
    return;
  }
  std::memcpy(&info, content.data(), std::min(content.size(), sizeof info));
  answer.state = state_of(info.tcpi_state);
  answer.acknowledged = info.tcpi_bytes_acked;
}

void read_socket(ByteView body, DiagAnswer& answer) {
  const auto message = copy_from<inet_diag_msg>(body);
  if (!message) {
    answer.state = SourceState::unsupported;
    return;
  }
  if (message->idiag_state == kListen) {
    answer.error = ENOENT;
    return;
  }
  answer.cookie = message->id.idiag_cookie[0] | std::uint64_t{message->id.idiag_cookie[1]} << 32;
  answer.queued = static_cast<std::int32_t>(message->idiag_wqueue);
  answer.state = state_of(message->idiag_state);
  if (!has_position(answer.state)) return;
  // The last state of a closed connection is a small object without tcp_info, and may be shown as
  // FIN_WAIT2.
  const bool closing = answer.state == SourceState::closing;
  answer.state = closing ? SourceState::gone : SourceState::unsupported;
  ByteView attributes = body.subspan(sizeof *message);
  ByteView content;
  bool layered = false;
  while (const auto attribute = split<nlattr, &nlattr::nla_len>(attributes, content)) {
    const int type = attribute->nla_type & NLA_TYPE_MASK;
    if (type == INET_DIAG_INFO) read_tcp_info(content, answer);
    if (type == INET_DIAG_ULP_INFO) layered = true;
  }
  if (layered) answer.state = SourceState::layered;
}

}  // namespace

void write_diag_request(const SourceSocket& socket, DiagEnd end, std::uint32_t sequence,
                        ByteSpan room) {
  LT_ASSERT(room.size() == kDiagRequestBytes);
  const bool source = end == DiagEnd::source;
  const Endpoint& own = source ? socket.source : socket.leg;
  const Endpoint& other = source ? socket.leg : socket.source;
  const std::uint64_t cookie = source && socket.cookie != 0 ? socket.cookie : kNoCookie;
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = own.family == Endpoint::Family::ipv4 ? AF_INET : AF_INET6;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_ext = 1 << (INET_DIAG_INFO - 1);
  request.body.idiag_states = ~0U;
  put_address(own, request.body.id.idiag_src, request.body.id.idiag_sport);
  put_address(other, request.body.id.idiag_dst, request.body.id.idiag_dport);
  request.body.id.idiag_if = own.scope_id();
  request.body.id.idiag_cookie[0] = static_cast<__u32>(cookie);
  request.body.id.idiag_cookie[1] = static_cast<__u32>(cookie >> 32);
  std::memcpy(room.data(), &request, sizeof request);
}

std::optional<DiagAnswer> read_diag_answer(ByteView& bytes) {
  ByteView body;
  const auto header = split<nlmsghdr, &nlmsghdr::nlmsg_len>(bytes, body);
  if (!header) return std::nullopt;
  DiagAnswer answer{.sequence = header->nlmsg_seq};
  if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
    read_socket(body, answer);
    return answer;
  }
  const auto error = copy_from<nlmsgerr>(body);
  if (header->nlmsg_type != NLMSG_ERROR || !error) return std::nullopt;
  answer.error = error->error < 0 ? -error->error : EIO;
  return answer;
}

}  // namespace longthrow
