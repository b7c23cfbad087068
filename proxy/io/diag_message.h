// SPDX-License-Identifier: Apache-2.0
// The messages of sock_diag(7) for one TCP socket: bytes in, bytes out; no socket here.
//
// inet_diag answers for one socket when the request lacks NLM_F_DUMP and names both addresses. It
// looks the pair up as it would for an arriving segment, so a listener answers for a connection
// that is gone; unless the request has the cookie of the connection: then the answer is ESTALE. The
// code ENOENT means "no such socket", but also "no tcp_diag in this kernel".
//
// The answer has idiag_wqueue (write_seq - snd_una, read without the socket's lock) and the
// attribute INET_DIAG_INFO: struct tcp_info, of which tcpi_bytes_acked (Linux 4.1) is read under
// the lock, and after it. A socket on which kTLS or MPTCP sits has the attribute
// INET_DIAG_ULP_INFO, too: since Linux 5.3 for programs with CAP_NET_ADMIN, since 2025 ("tcp: ulp:
// diag: always print the name if any") for all. On a kernel in between, a program without that
// capability takes such a socket for a plain one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "longthrow/bytes.h"
#include "longthrow/source_positions.h"

namespace longthrow {

inline constexpr std::uint64_t kNoCookie = ~std::uint64_t{0};  // INET_DIAG_NOCOOKIE, twice
inline constexpr std::size_t kDiagRequestBytes = 72;

// Which of the two ends of a leg's connection.
enum class DiagEnd : std::uint8_t { source, leg };

// Writes the request for one end into `room`, of kDiagRequestBytes.
void write_diag_request(const SourceSocket& socket, DiagEnd end, std::uint32_t sequence,
                        ByteSpan room);

// One message of the kernel.
struct DiagAnswer {
  std::uint32_t sequence = 0;  // of the request
  int error = 0;               // an errno; then the rest is empty. ENOENT also for a listener
  std::uint64_t cookie = 0;
  SourceState state = SourceState::gone;
  std::uint64_t acknowledged = 0;  // with the SYN, at the end that connected
  std::int32_t queued = 0;
};
// Takes the first message off `bytes`. Nothing: there is no whole message, and `bytes` is empty
// then; or it is none of sock_diag's, and may be passed over.
[[nodiscard]] std::optional<DiagAnswer> read_diag_answer(ByteView& bytes);

}  // namespace longthrow
