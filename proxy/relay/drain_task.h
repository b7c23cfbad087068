// SPDX-License-Identifier: Apache-2.0
// drain, drain --hold, and pause --drain: they succeed only if every byte that was accepted before
// is delivered.
#pragma once

#include <set>
#include <string>

#include "proxy/groups/drain_watch.h"
#include "proxy/relay/task.h"

namespace longthrow {

class DrainTask final : public Task {
 public:
  enum class Then : std::uint8_t { go_on, hold, pause };
  struct Wanted {
    std::string group;  // "": all groups of the link
    Then then = Then::go_on;
    TimePoint deadline = kNever;
  };
  DrainTask(Loop& loop, Link& link, DrainBook::Id id, Wanted wanted, Node::AnswerHandler handler)
      : Task(link, std::move(handler)), loop_(loop), id_(id), wanted_(std::move(wanted)) {}

  [[nodiscard]] bool advance() override;
  [[nodiscard]] bool hurries() const override { return turns_to_begin_ > 0; }
  [[nodiscard]] bool abandon() override;
  void hinder(Hindrance why) override;

 private:
  // Turns of the loop between a command and the marks of its drain. The kernel may take a
  // connection while the loop waits at the beginning of the turn in which the command comes; the
  // next turn accepts that connection.
  static constexpr int kTurnsToBegin = 2;

  void begin();
  void end_hold();
  void end(const DrainLeft& left);
  void end_in_vain(const DrainLeft& left);
  [[nodiscard]] Answer progress(const DrainLeft& left) const;

  Loop& loop_;
  const DrainBook::Id id_;
  const Wanted wanted_;
  int turns_to_begin_ = kTurnsToBegin;
  DrainPace pace_;
};

}  // namespace longthrow
