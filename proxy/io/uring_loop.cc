// SPDX-License-Identifier: Apache-2.0
// The Loop on io_uring: what LoopBase starts becomes one submission each, and one enter a turn
// submits them all, waits and harvests.
//
// Receives are single-shot, straight into the caller's block: a socket without one is not read,
// which is the back-pressure (a multishot receive over provided buffers measured 1.27 times
// dearer). Accepts are multishot where the kernel knows that (5.19), armed again when one ends.
//
// Sends. On lanes MSG_WAITALL lets the kernel finish a short send itself. Not on legs: with
// MSG_WAITALL, a send that was partly done when a reset came reports the part and swallows the
// error, so that no call ever returns ECONNRESET and the next receive looks like a clean end (see
// LoopBase::received). On legs the loop sends the rest itself, by one more submission in the enter
// that happens anyway.
//
// close(2) does not cancel: a receive pending on a closed descriptor stays, keeps the connection
// open and swallows what comes. Operations are therefore cancelled one by one, by their user_data
// (shutdown would do it too, but sends FIN, which an aborted stream must never send), and the
// descriptor is closed when their completions are in. A cancel can miss an operation that is just
// being run (EALREADY): then it is repeated until the operation has completed.
//
// A completion names its operation by descriptor, direction and generation of the table's entry.
#include "proxy/io/uring_loop.h"

#include <poll.h>

#include "proxy/base/log.h"
#include "proxy/io/loop_base.h"
#include "proxy/io/uring.h"

namespace longthrow {
namespace {

constexpr Duration kCancelAgainAfter = std::chrono::milliseconds(5);

enum class Kind : std::uint8_t { read, write, cancel_read, cancel_write, mailbox };

struct Tag {
  Kind kind = Kind::mailbox;
  int fd = 0;
  std::uint32_t generation = 0;
};
// Bits 0-2 kind, 3-33 descriptor, 34-63 generation.
constexpr std::uint64_t pack(Tag tag) {
  return static_cast<std::uint64_t>(tag.generation) << 34 |
         static_cast<std::uint64_t>(static_cast<unsigned>(tag.fd)) << 3 |
         static_cast<std::uint64_t>(tag.kind);
}
constexpr Tag unpack(std::uint64_t bits) {
  return {.kind = static_cast<Kind>(bits & 7),
          .fd = static_cast<int>(bits >> 3 & 0x7fffffff),
          .generation = static_cast<std::uint32_t>(bits >> 34)};
}

class UringLoop final : public LoopBase {
 public:
  UringLoop() : LoopBase(Blocking::yes) { cancel_timer_.bind<&UringLoop::cancel_again>(this); }
  ~UringLoop() override {
    if (ready_) tear_down();
  }
  [[nodiscard]] std::string_view name() const override { return "io_uring"; }
  [[nodiscard]] Result<std::string> set_up();

 protected:
  void start(SocketEntry& entry, Direction direction) override;
  void cancel_waiting(SocketEntry& entry, Direction direction) override;
  void wait(std::optional<Duration> timeout) override;

 private:
  void on_completion(const UringResult& cqe);
  void on_accept(SocketEntry& entry, int result, bool more);
  void on_cancel(const Tag& tag, int result);
  void cancel_again();
  void watch_mailbox();

  static std::uint64_t tag_of(const SocketEntry& entry, Direction direction) {
    return pack({.kind = direction == Direction::read ? Kind::read : Kind::write,
                 .fd = entry.fd,
                 .generation = entry.generation});
  }

  Uring ring_;
  bool ready_ = false;
  bool multishot_accept_ = true;
  std::vector<UringResult> harvest_;
  std::vector<Tag> missed_;  // cancels that found no operation, or one that was running
  Timer cancel_timer_;
};

Result<std::string> UringLoop::set_up() {
  if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
  if (auto opened = ring_.open(); !opened) return std::unexpected(std::move(opened.error()));
  ready_ = true;
  watch_mailbox();
  return ring_.description();
}

void UringLoop::watch_mailbox() {
  io_uring_sqe& sqe = ring_.next();
  io_uring_prep_poll_add(&sqe, mailbox().fd(), POLLIN);
  sqe.user_data = pack({.kind = Kind::mailbox});
}

void UringLoop::start(SocketEntry& entry, Direction direction) {
  io_uring_sqe* sqe = &ring_.next();
  Outgoing* const out = entry.outgoing.get();
  switch (entry.slot(direction).activity) {
    case Activity::accept:
      multishot_accept_
          ? io_uring_prep_multishot_accept(sqe, entry.fd, nullptr, nullptr, SOCK_CLOEXEC)
          : io_uring_prep_accept(sqe, entry.fd, nullptr, nullptr, SOCK_CLOEXEC);
      break;
    case Activity::receive:
      io_uring_prep_recv(sqe, entry.fd, entry.into.data(), entry.into.size(), 0);
      break;
    case Activity::wait_readable:
      io_uring_prep_poll_add(sqe, entry.fd, POLLIN | POLLRDHUP);
      break;
    case Activity::connect:
      io_uring_prep_connect(sqe, entry.fd, out->remote.get(), out->remote.length);
      break;
    case Activity::send:
      io_uring_prep_sendmsg(sqe, entry.fd, &out->message,
                            MSG_NOSIGNAL | (entry.use == SocketUse::lane ? MSG_WAITALL : 0));
      break;
    case Activity::none:
      LT_ASSERT(false);
  }
  sqe->user_data = tag_of(entry, direction);
}

void UringLoop::cancel_waiting(SocketEntry& entry, Direction direction) {
  io_uring_sqe& sqe = ring_.next();
  io_uring_prep_cancel64(&sqe, tag_of(entry, direction), 0);
  sqe.user_data =
      pack({.kind = direction == Direction::read ? Kind::cancel_read : Kind::cancel_write,
            .fd = entry.fd,
            .generation = entry.generation});
}

void UringLoop::wait(std::optional<Duration> timeout) {
  ring_.submit_and_wait(timeout, harvest_);
  for (const UringResult& cqe : harvest_) on_completion(cqe);  // may submit, never adds to harvest_
  harvest_.clear();
}

void UringLoop::on_completion(const UringResult& cqe) {
  const Tag tag = unpack(cqe.user_data);
  if (tag.kind == Kind::mailbox) {
    mailbox().clear_readiness();
    return watch_mailbox();
  }
  if (tag.kind == Kind::cancel_read || tag.kind == Kind::cancel_write) {
    return on_cancel(tag, cqe.result);
  }
  SocketEntry* const entry = find(tag.fd, tag.generation);
  LT_ASSERT(entry != nullptr);  // it stays until all of its completions are in
  const Direction direction = tag.kind == Kind::read ? Direction::read : Direction::write;
  if (entry->slot(direction).activity == Activity::accept) {
    return on_accept(*entry, cqe.result, (cqe.flags & IORING_CQE_F_MORE) != 0);
  }
  finished(*entry, direction, cqe.result);
}

void UringLoop::on_accept(SocketEntry& entry, int result, bool more) {
  if (result == -EINVAL && multishot_accept_) {
    multishot_accept_ = false;
    return start(entry, Direction::read);
  }
  if (result < 0) return finished(entry, Direction::read, result);
  accepted(entry, result);
  if (more) return;
  if (entry.read.cancelled) return finished(entry, Direction::read, -ECANCELED);
  start(entry, Direction::read);
}

// An operation that the cancel found completes by itself. One that it missed is cancelled again, in
// case it has not completed by then.
void UringLoop::on_cancel(const Tag& tag, int result) {
  if (result >= 0) return;
  missed_.push_back(tag);
  if (!cancel_timer_.armed()) arm(cancel_timer_, now() + kCancelAgainAfter);
}

void UringLoop::cancel_again() {
  std::vector<Tag> tags;
  tags.swap(missed_);
  for (const Tag& tag : tags) {
    SocketEntry* const entry = find(tag.fd, tag.generation);
    const auto direction = tag.kind == Kind::cancel_read ? Direction::read : Direction::write;
    if (entry == nullptr) continue;
    const Slot& slot = entry->slot(direction);
    if (slot.phase == Phase::waiting && slot.cancelled) cancel_waiting(*entry, direction);
  }
}

}  // namespace

Result<UringLoopMade> make_uring_loop() {
  auto loop = std::make_unique<UringLoop>();
  auto description = loop->set_up();
  if (!description) return std::unexpected(std::move(description.error()));
  return UringLoopMade{std::move(loop), std::move(*description)};
}

}  // namespace longthrow
