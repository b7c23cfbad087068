// SPDX-License-Identifier: Apache-2.0
// takeover answers when all that is here is handed over and the legs are closed, or nothing gets
// on.
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

  // `on_taken` is told the final answer first.
  TakeoverTask(Loop& loop, Link& link, Of of, std::string name, Node::AnswerHandler handler,
               OnTaken on_taken);

  // Why it is not to be done without --force.
  [[nodiscard]] std::optional<std::string> objection() const;
  // REQUIRES: the fence is durable.
  void fence();
  [[nodiscard]] bool advance() override;
  // It goes on without its asker: it is fenced, and what is here is worth handing over.
  [[nodiscard]] bool abandon() override;
  void hinder(Hindrance why) override;
  // The fence is gone before all was handed over.
  void on_released();
  // Whoever asks again is answered, too.
  void join(const Node::AnswerHandler& second);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  // Beyond abort_linger, in which a leg ends by itself.
  static constexpr Duration kMargin = std::chrono::seconds(5);

  void end();
  [[nodiscard]] std::vector<Group*> groups() const;

  Loop& loop_;
  const Of of_;
  const std::string name_;
  const std::set<std::string> names_;  // of its groups
  OnTaken on_taken_;
  Status before_;  // as it was judged before
  std::uint64_t left_bytes_ = ~std::uint64_t{0};
  TimePoint progress_at_{};
  DrainPace pace_;
};

}  // namespace longthrow
