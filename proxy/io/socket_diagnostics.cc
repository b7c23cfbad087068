// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/socket_diagnostics.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "proxy/io/socket.h"

namespace longthrow {
namespace {

constexpr int kReceiveBytes = 1024 * 1024;  // the kernel counts about 3 KiB for an answer
constexpr std::size_t kAnswerBytes = 4096;
constexpr std::size_t kAnswersAtOnce = 16;

int open_diag_socket() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (fd < 0) return -1;
  const int bytes = kReceiveBytes;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  return fd;
}

SourceState refusal_of(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return SourceState::not_permitted;
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case ESOCKTNOSUPPORT:
    case EOPNOTSUPP:
    case EINVAL:
      return SourceState::unsupported;
    default:  // out of memory or descriptors: another time, perhaps
      return SourceState::unanswered;
  }
}

// Up to kAnswersAtOnce datagrams of the kernel.
class Answers {
 public:
  Answers() {
    for (std::size_t i = 0; i < kAnswersAtOnce; ++i) {
      pieces_[i] = {bytes_[i].data(), kAnswerBytes};
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  [[nodiscard]] std::size_t receive(int fd) {
    const int count = ::recvmmsg(fd, messages_.data(), kAnswersAtOnce, MSG_DONTWAIT, nullptr);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  [[nodiscard]] ByteView at(std::size_t i) const {
    return ByteView(bytes_[i]).first(std::min<std::size_t>(messages_[i].msg_len, kAnswerBytes));
  }

 private:
  std::array<std::array<std::byte, kAnswerBytes>, kAnswersAtOnce> bytes_;
  std::array<iovec, kAnswersAtOnce> pieces_{};
  std::array<mmsghdr, kAnswersAtOnce> messages_{};
};

// Whether `cookie` is that of the socket; its first answer decides.
bool has_cookie(SourceSocket& socket, std::uint64_t cookie) {
  if (socket.cookie == 0) socket.cookie = cookie;
  return socket.cookie == cookie;
}

SourceState state_of_error(int error, const SourceSocket& socket) {
  switch (error) {
    case ENOENT:
      return socket.cookie == 0 ? SourceState::elsewhere : SourceState::gone;
    case ESTALE:
      return SourceState::gone;
    default:
      return refusal_of(error);
  }
}

}  // namespace

std::vector<std::uint32_t> sweep_order(std::size_t sockets) {
  std::vector<std::uint32_t> order;
  order.reserve(3 * sockets);
  for (std::uint32_t i = 0; i < sockets; ++i) order.insert(order.end(), {i, i});
  for (std::uint32_t i = 0; i < sockets; ++i) order.push_back(i);
  return order;
}

SocketDiagnostics::~SocketDiagnostics() {
  if (fd_ >= 0) ::close(fd_);
}

bool SocketDiagnostics::open() {
  if (fd_ < 0) fd_ = open_diag_socket();
  if (fd_ < 0) refusal_ = refusal_of(errno);
  return fd_ >= 0;
}

void SocketDiagnostics::read(std::span<SourceSocket> sockets, std::span<const std::uint32_t> order,
                             std::vector<SourceReading>& readings) {
  readings.assign(order.size(), {});
  for (std::size_t i = 0; i < order.size(); ++i) readings[i].channel = sockets[order[i]].channel;
  for (std::size_t first = 0; first < order.size(); first += kBatch) {
    const std::size_t count = std::min(kBatch, order.size() - first);
    const Batch batch{sockets, order.subspan(first, count),
                      std::span(readings).subspan(first, count)};
    if (open() && ask(batch)) {
      take_answers(batch);
      if (support_ == Support::unknown) learn_support(batch);
    } else {
      for (SourceReading& reading : batch.readings) reading.state = refusal_;
    }
  }
}

bool SocketDiagnostics::ask(const Batch& batch) {
  for (std::size_t i = 0; i < batch.order.size(); ++i) {
    write_diag_request(batch.sockets[batch.order[i]], DiagEnd::source,
                       next_sequence_ + static_cast<std::uint32_t>(i),
                       std::span(requests_).subspan(i * kDiagRequestBytes, kDiagRequestBytes));
  }
  return send_requests(batch.order.size());
}

// The kernel copies the requests, and has worked through them when this returns.
bool SocketDiagnostics::send_requests(std::size_t count) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = ::sendto(fd_, requests_.data(), count * kDiagRequestBytes, 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) refusal_ = refusal_of(errno);
  return sent >= 0;
}

// An answer of an earlier batch, which came after all, has a sequence number outside of this one.
void SocketDiagnostics::take_answers(const Batch& batch) {
  const std::uint32_t first = next_sequence_;
  next_sequence_ += static_cast<std::uint32_t>(batch.order.size());
  Answers answers;
  std::size_t missing = batch.order.size();
  while (missing > 0) {
    const std::size_t count = answers.receive(fd_);
    if (count == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      ByteView bytes = answers.at(i);
      while (!bytes.empty()) {
        const auto answer = read_diag_answer(bytes);
        const std::uint32_t place = answer ? answer->sequence - first : ~0U;
        if (place >= batch.order.size()) continue;
        take(*answer, batch.sockets[batch.order[place]], batch.readings[place]);
        --missing;
      }
    }
  }
}

void SocketDiagnostics::take(const DiagAnswer& answer, SourceSocket& socket,
                             SourceReading& reading) {
  reading.state = answer.error != 0 ? state_of_error(answer.error, socket) : answer.state;
  if (answer.error != 0 || reading.state == SourceState::unsupported) return;
  // What has gone, or never was connected, does not name the connection that is meant.
  if (reading.state == SourceState::gone) return;
  if (!has_cookie(socket, answer.cookie)) reading.state = SourceState::gone;
  if (!has_position(reading.state)) return;
  const std::uint64_t syn = socket.connector == Connector::source ? 1 : 0;
  if (answer.acknowledged < syn) {  // restored by TCP_REPAIR: it counts from some other byte
    reading.state = SourceState::layered;
    return;
  }
  reading.acknowledged = answer.acknowledged - syn;
  reading.queued = answer.queued;
}

// Without tcp_diag the kernel says ENOENT, too. The leg is a socket of this process: if the kernel
// does not know even that, it has no tcp_diag.
void SocketDiagnostics::learn_support(const Batch& batch) {
  for (const SourceReading& reading : batch.readings) {
    if (has_position(reading.state) || reading.state == SourceState::layered) {
      support_ = Support::seen;
    }
  }
  const auto absent =
      std::ranges::find(batch.readings, SourceState::elsewhere, &SourceReading::state);
  if (support_ == Support::seen || absent == batch.readings.end()) return;
  const auto place = static_cast<std::size_t>(absent - batch.readings.begin());
  if (knows_leg(batch.sockets[batch.order[place]])) {
    support_ = Support::seen;
    return;
  }
  for (SourceReading& reading : batch.readings) {
    if (reading.state == SourceState::elsewhere) reading.state = SourceState::unsupported;
  }
}

bool SocketDiagnostics::knows_leg(const SourceSocket& socket) {
  const std::uint32_t sequence = next_sequence_++;
  write_diag_request(socket, DiagEnd::leg, sequence, std::span(requests_).first(kDiagRequestBytes));
  if (!send_requests(1)) return false;
  Answers answers;
  const std::size_t count = answers.receive(fd_);
  for (std::size_t i = 0; i < count; ++i) {
    ByteView bytes = answers.at(i);
    const auto answer = read_diag_answer(bytes);
    if (answer && answer->sequence == sequence) return answer->error == 0;
  }
  return false;
}

}  // namespace longthrow
