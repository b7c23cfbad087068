// SPDX-License-Identifier: Apache-2.0
// The command takeover. It answers when the legs have delivered all that is here and are closed, or
// when they make no progress.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "proxy/groups/drain_watch.h"
#include "proxy/relay/task.h"

namespace longthrow {

class TakeoverTask final : public Task {
 public:
  enum class Of : std::uint8_t { link, group };
  using OnTaken = std::function<void(const Answer&)>;

  // `on_taken` gets the final answer, before the client does.
  TakeoverTask(Loop& loop, Link& link, Of of, std::string name, Node::AnswerHandler handler,
               OnTaken on_taken);

  // Why the takeover is refused without --force; none: it is not.
  [[nodiscard]] std::optional<std::string> objection() const;
  // REQUIRES: the fence is durable.
  void fence();
  [[nodiscard]] bool advance() override;
  // Goes on without the client that asked: the fence stands, and the bytes here are worth
  // delivering.
  [[nodiscard]] bool abandon() override;
  void hinder(Hindrance why) override;
  // The fence was released before all was delivered.
  void on_released();
  // `second` gets the answers, too: a client asked again.
  void join(const Node::AnswerHandler& second);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  // Added to abort_linger, after which a leg without progress ends by itself.
  static constexpr Duration kMargin = std::chrono::seconds(5);

  void end();
  [[nodiscard]] std::vector<Group*> groups() const;

  Loop& loop_;
  const Of of_;
  const std::string name_;
  const std::set<std::string> names_;  // of the groups that it takes over
  OnTaken on_taken_;
  Status before_;  // just before the fence
  std::uint64_t left_bytes_ = ~std::uint64_t{0};
  TimePoint progress_at_{};
  DrainPace pace_;
};

}  // namespace longthrow
