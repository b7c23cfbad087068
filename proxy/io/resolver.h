// SPDX-License-Identifier: Apache-2.0
// Name look-ups off the loop's thread. glibc's getaddrinfo blocks (seconds, when a name server is
// silent) and cannot be interrupted, so it runs on up to kThreadsMax threads that are started when
// needed; one silent name therefore does not hold up the others. A resolver that ends while a
// thread sits in getaddrinfo leaves that thread to itself: it shares only `Shared`, and finds it
// stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "longthrow/endpoint.h"
#include "proxy/io/mailbox.h"

namespace longthrow {

struct LookUp {
  std::uint64_t id = 0;
  int result = 0;  // 0 or a negative errno
  std::vector<Endpoint> endpoints;
  std::string error;
};

class Resolver {
 public:
  static constexpr int kThreadsMax = 4;
  using Answer = std::function<void(LookUp)>;

  // `answer` is called on the loop's thread, through `mailbox`, which outlives the resolver.
  Resolver(Mailbox& mailbox, Answer answer);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::uint64_t id, const HostPort& name);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// The blocking look-up itself.
[[nodiscard]] LookUp look_up(const HostPort& name);

}  // namespace longthrow
