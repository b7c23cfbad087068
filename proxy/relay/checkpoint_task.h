// SPDX-License-Identifier: Apache-2.0
// The command checkpoint: waits until its place is found, or until the copy has reached it.
#pragma once

#include <string>

#include "proxy/relay/task.h"

namespace longthrow {

class CheckpointTask final : public Task {
 public:
  enum class Until : std::uint8_t { placed, over };
  struct Wanted {
    std::string group;
    std::uint64_t id = 0;
    Until until = Until::placed;
  };
  CheckpointTask(Link& link, Wanted wanted, Node::AnswerHandler handler)
      : Task(link, std::move(handler)), wanted_(std::move(wanted)) {}

  [[nodiscard]] bool advance() override;
  [[nodiscard]] bool abandon() override;
  void hinder(Hindrance why) override;

 private:
  const Wanted wanted_;
};

}  // namespace longthrow
