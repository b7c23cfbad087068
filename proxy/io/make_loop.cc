// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/make_loop.h"

#include "proxy/base/log.h"
#include "proxy/io/epoll_loop.h"
#include "proxy/io/uring_loop.h"

namespace longthrow {
namespace {

Result<LoopChoice> choose_epoll(std::string reason) {
  auto loop = make_epoll_loop();
  if (!loop) return std::unexpected(std::move(loop.error()));
  return LoopChoice{std::move(*loop), std::move(reason)};
}

}  // namespace

Result<LoopChoice> make_loop(IoChoice choice) {
  if (choice == IoChoice::epoll) return choose_epoll("epoll, as configured");
  auto made = make_uring_loop();
  if (made) return LoopChoice{std::move(made->loop), format("io_uring, {}", made->description)};
  if (choice == IoChoice::automatic)
    return choose_epoll(format("epoll, as {}", made.error().message));
  return fail(format("{}; or set io = \"epoll\"", made.error().message), made.error().os_errno);
}

}  // namespace longthrow
