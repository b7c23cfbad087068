// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/io/socket.h"
#include "proxy/io/thread.h"

namespace longthrow {
namespace {

struct Question {
  std::uint64_t id;
  HostPort name;
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

}  // namespace

struct Resolver::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Question> questions;  // guarded by mutex, as all below
  Mailbox* mailbox = nullptr;      // null: the resolver has ended
  Answer answer;
  std::vector<std::thread> threads;
  int idle = 0;
  int busy = 0;  // in getaddrinfo

  void answer_later(LookUp found, const std::shared_ptr<Shared>& self) const {
    mailbox->post([self, found = std::move(found)]() mutable {
      if (self->mailbox != nullptr) self->answer(std::move(found));
    });
  }
  static void serve(const std::shared_ptr<Shared>& self) {
    std::unique_lock lock(self->mutex);
    for (;;) {
      ++self->idle;
      self->changed.wait(lock,
                         [&] { return self->mailbox == nullptr || !self->questions.empty(); });
      --self->idle;
      if (self->mailbox == nullptr) return;
      const Question question = std::move(self->questions.front());
      self->questions.pop_front();
      ++self->busy;
      lock.unlock();
      LookUp found = look_up(question.name);
      found.id = question.id;
      lock.lock();
      --self->busy;
      if (self->mailbox == nullptr) return;
      self->answer_later(std::move(found), self);
    }
  }
};

Resolver::Resolver(Mailbox& mailbox, Answer answer) : shared_(std::make_shared<Shared>()) {
  shared_->mailbox = &mailbox;
  shared_->answer = std::move(answer);
}

Resolver::~Resolver() {
  std::vector<std::thread> threads;
  bool none_busy = false;
  {
    const std::lock_guard lock(shared_->mutex);
    none_busy = shared_->busy == 0;
    shared_->mailbox = nullptr;
    shared_->questions.clear();
    threads.swap(shared_->threads);
  }
  shared_->changed.notify_all();
  for (std::thread& thread : threads) none_busy ? thread.join() : thread.detach();
}

void Resolver::ask(std::uint64_t id, const HostPort& name) {
  const std::lock_guard lock(shared_->mutex);
  shared_->questions.push_back({id, name});
  const int threads = static_cast<int>(shared_->threads.size());
  if (static_cast<int>(shared_->questions.size()) > shared_->idle && threads < kThreadsMax) {
    auto thread = start_thread(format("lt-resolve-{}", threads),
                               [shared = shared_] { Shared::serve(shared); });
    if (thread) {
      shared_->threads.push_back(std::move(*thread));
    } else if (threads == 0) {  // nobody will ever take it
      shared_->questions.clear();
      shared_->answer_later({.id = id, .result = -EAGAIN, .error = thread.error().message},
                            shared_);
    }
  }
  shared_->changed.notify_one();
}

LookUp look_up(const HostPort& name) {
  // Not AI_ADDRCONFIG: in a namespace with nothing but loopback it would refuse even localhost.
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  LookUp found;
  const int code = ::getaddrinfo(name.host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    const int error = to_errno(code);
    found.result = -error;
    found.error = format("cannot resolve \"{}\": {}", name.host,
                         code == EAI_SYSTEM ? std::strerror(error) : ::gai_strerror(code));
    return found;
  }
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
    Endpoint endpoint = from_sockaddr(*item->ai_addr);
    endpoint.port = name.port;
    if (std::ranges::find(found.endpoints, endpoint) == found.endpoints.end()) {
      found.endpoints.push_back(endpoint);
    }
  }
  ::freeaddrinfo(list);
  if (found.endpoints.empty()) {
    found.result = -ENOENT;
    found.error = format("\"{}\" has no IP address", name.host);
  }
  return found;
}

}  // namespace longthrow
