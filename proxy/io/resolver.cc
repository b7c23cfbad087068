// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/io/socket.h"
#include "proxy/io/thread.h"

namespace longthrow {
namespace {

struct Asker {
  std::uint64_t id;
  std::uint16_t port;
};

int to_errno(int code) {
  switch (code) {
    case EAI_AGAIN:
      return EAGAIN;
    case EAI_MEMORY:
      return ENOMEM;
    case EAI_SYSTEM:
      return errno != 0 ? errno : EIO;
    case EAI_NONAME:
      return ENOENT;
    default:
      return EIO;
  }
}

LookUp get_address_info(const std::string& host, int flags) {
  // Not AI_ADDRCONFIG: in a namespace with nothing but loopback it would refuse even localhost.
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  LookUp found;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    const int error = to_errno(code);
    found.result = -error;
    found.error = format("cannot resolve \"{}\": {}", host,
                         code == EAI_SYSTEM ? std::strerror(error) : ::gai_strerror(code));
    return found;
  }
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
    const Endpoint endpoint = from_sockaddr(*item->ai_addr);
    if (std::ranges::find(found.endpoints, endpoint) == found.endpoints.end()) {
      found.endpoints.push_back(endpoint);
    }
  }
  ::freeaddrinfo(list);
  if (found.endpoints.empty()) {
    found.result = -ENOENT;
    found.error = format("\"{}\" has no IP address", host);
  }
  return found;
}

}  // namespace

struct Resolver::Shared {
  struct Name {
    TimePoint since{};
    std::vector<Asker> askers;
  };
  struct Kept {
    LookUp found;
    TimePoint until;
  };
  std::mutex mutex;
  std::condition_variable changed;
  LookUpHost look_up_host;
  std::map<std::string, Name> names;  // guarded by mutex, as all below: waiting or being looked up
  std::deque<std::string> queue;      // of these, the waiting ones
  std::map<std::string, Kept> kept;
  Mailbox* mailbox = nullptr;  // null: the resolver has ended
  Answer answer;
  std::vector<std::thread> threads;
  int idle = 0;
  int busy = 0;  // in getaddrinfo

  void answer_later(LookUp found, const Asker& asker, const std::shared_ptr<Shared>& self) const {
    found.id = asker.id;
    for (Endpoint& endpoint : found.endpoints) endpoint.port = asker.port;
    mailbox->post([self, found = std::move(found)]() mutable {
      if (self->mailbox != nullptr) self->answer(std::move(found));
    });
  }
  void answer_all(const std::string& host, const LookUp& found,
                  const std::shared_ptr<Shared>& self) {
    const auto name = names.extract(host);
    for (const Asker& asker : name.mapped().askers) answer_later(found, asker, self);
    if (found.result == 0 && now() - name.mapped().since >= kSlow) {
      kept[host] = {found, now() + kKeepSlow};
    }
  }
  [[nodiscard]] const LookUp* find_kept(const std::string& host, TimePoint now) {
    std::erase_if(kept, [&](const auto& entry) { return entry.second.until <= now; });
    const auto found = kept.find(host);
    return found != kept.end() ? &found->second.found : nullptr;
  }
  static TimePoint now() { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }
  static void serve(const std::shared_ptr<Shared>& self) {
    std::unique_lock lock(self->mutex);
    for (;;) {
      ++self->idle;
      self->changed.wait(lock, [&] { return self->mailbox == nullptr || !self->queue.empty(); });
      --self->idle;
      if (self->mailbox == nullptr) return;
      const std::string host = std::move(self->queue.front());
      self->queue.pop_front();
      ++self->busy;
      lock.unlock();
      const LookUp found = self->look_up_host(host);
      lock.lock();
      --self->busy;
      if (self->mailbox == nullptr) return;
      self->answer_all(host, found, self);
    }
  }
};

Resolver::Resolver(Mailbox& mailbox, Answer answer)
    : Resolver(mailbox, std::move(answer), look_up) {}

Resolver::Resolver(Mailbox& mailbox, Answer answer, LookUpHost look_up_host)
    : shared_(std::make_shared<Shared>()) {
  shared_->mailbox = &mailbox;
  shared_->answer = std::move(answer);
  shared_->look_up_host = std::move(look_up_host);
}

Resolver::~Resolver() {
  std::vector<std::thread> threads;
  bool none_busy = false;
  {
    const std::lock_guard lock(shared_->mutex);
    none_busy = shared_->busy == 0;
    shared_->mailbox = nullptr;
    shared_->queue.clear();
    shared_->names.clear();
    threads.swap(shared_->threads);
  }
  shared_->changed.notify_all();
  for (std::thread& thread : threads) none_busy ? thread.join() : thread.detach();
}

void Resolver::ask(std::uint64_t id, const HostPort& name) {
  const Asker asker{id, name.port};
  const LookUp numeric = get_address_info(name.host, AI_NUMERICHOST);
  const std::lock_guard lock(shared_->mutex);
  if (numeric.result == 0) return shared_->answer_later(numeric, asker, shared_);
  if (const LookUp* kept = shared_->find_kept(name.host, Shared::now())) {
    return shared_->answer_later(*kept, asker, shared_);
  }
  const auto [place, is_new] = shared_->names.try_emplace(name.host);
  place->second.askers.push_back(asker);
  if (!is_new) return;
  place->second.since = Shared::now();
  shared_->queue.push_back(name.host);
  const int threads = static_cast<int>(shared_->threads.size());
  if (static_cast<int>(shared_->queue.size()) > shared_->idle && threads < kThreadsMax) {
    auto thread = start_thread(format("lt-resolve-{}", threads),
                               [shared = shared_] { Shared::serve(shared); });
    if (thread) {
      shared_->threads.push_back(std::move(*thread));
    } else if (threads == 0) {  // no thread will ever take the name
      shared_->queue.clear();
      shared_->answer_all(name.host, {.result = -EAGAIN, .error = thread.error().message}, shared_);
    }
  }
  shared_->changed.notify_one();
}

LookUp look_up(const std::string& host) { return get_address_info(host, 0); }

}  // namespace longthrow
