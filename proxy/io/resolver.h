// SPDX-License-Identifier: Apache-2.0
// Name look-ups off the loop's thread. glibc's getaddrinfo blocks (seconds, when a name server is
// silent) and cannot be interrupted, so it runs on up to kThreadsMax threads that are started when
// needed. A name whose server is silent does not hold up other names: a second request for a name
// that is being looked up waits for the first answer, so each name takes one thread at most; a
// numeric address takes none. An answer that was slow in coming is kept for kKeepSlow, since the
// asker may have given up meanwhile and will ask again. A resolver that ends while a thread sits in
// getaddrinfo detaches that thread, which uses only `Shared` and finds there that the resolver has
// ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "longthrow/endpoint.h"
#include "longthrow/time.h"
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
  static constexpr int kThreadsMax = 16;
  static constexpr Duration kSlow = std::chrono::seconds(2);
  static constexpr Duration kKeepSlow = std::chrono::seconds(15);
  using Answer = std::function<void(LookUp)>;

  using LookUpHost = std::function<LookUp(const std::string& host)>;

  // `answer` is called on the loop's thread, through `mailbox`, which outlives the resolver.
  // `look_up_host` blocks; another one is for tests.
  Resolver(Mailbox& mailbox, Answer answer, LookUpHost look_up_host);
  Resolver(Mailbox& mailbox, Answer answer);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::uint64_t id, const HostPort& name);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// The blocking look-up itself; the endpoints have no port yet.
[[nodiscard]] LookUp look_up(const std::string& host);

}  // namespace longthrow
