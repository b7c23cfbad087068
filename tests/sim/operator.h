// SPDX-License-Identifier: Apache-2.0
// An administrator who gives commands at any moment, and holds the answers to the truth.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/shadow.h"

namespace longthrow::sim {

class DrbdWorld;

class Operator {
 public:
  using Violate = std::function<void(std::string)>;
  // Which kinds of command it gives is drawn. Outlives the nodes' answers: they come from the loops
  // of `cluster` alone.
  Operator(Cluster& cluster, Shadow& shadow, RandomStream random, Violate violate);
  ~Operator();
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  // Answers are held to its truth, too.
  void know(DrbdWorld& drbd) { drbd_ = &drbd; }
  // Gives one command to one of the nodes.
  void act(TimePoint now);
  // What must hold of the nodes by the answers that they have given, and have not given.
  void judge(TimePoint now, const Statuses& statuses);
  // Undoes all that was done, at the end of the faults.
  void restore();
  // At the very end: every question was answered.
  void check_answered();
  [[nodiscard]] std::string describe() const;

 private:
  enum class Kind : std::uint8_t {
    set,
    pause,
    resume,
    drain,
    takeover,
    release,
    clock,
    reload,
    stop,
    checkpoint,
  };
  static constexpr std::size_t kKinds = 10;
  // A question that has not had its last answer.
  struct Asked {
    Kind kind = Kind::drain;
    int side = 0;
    int start = 0;  // of the node that it was put to
    Node::CommandId id = 0;
    TimePoint answer_by = kNever;
  };
  // What a side has answered that it took over.
  struct Fence {
    std::string name;  // a link or a group
    int disks_lost = 0;
    std::map<std::size_t, std::uint64_t> received_bytes;  // by route, when it answered
  };
  // How much of each stream had been accepted.
  struct Mark {
    const ChannelRecord* record = nullptr;
    std::size_t route = 0;
    std::uint64_t bytes = 0;
  };

  [[nodiscard]] NodeImpl* node(int side) { return cluster_.node(side); }
  [[nodiscard]] std::uint64_t memlimit() const;
  [[nodiscard]] std::string some_group();
  [[nodiscard]] std::set<std::size_t> copies_in(int side, const std::string& name) const;
  [[nodiscard]] std::uint64_t handed_over(int side, const std::string& name);
  [[nodiscard]] std::uint64_t left_out(int side, const std::string& name);
  void give(int side, Command command);
  // `judge_answer` gets the last answer.
  void ask(Kind kind, int side, Command command, TimePoint answer_by,
           std::function<void(const Answer&)> judge_answer);
  void set(int side);
  void pause(int side);
  void drain(int side, TimePoint now);
  void checkpoint(int side, TimePoint now);
  void judge_checkpoint(int side, const std::string& group, const std::string& name);
  void on_hook_begin(int side, const HookRun& run);
  void on_hook_end(int side, const HookRun& run);
  // How much of each stream of a group has been given, that is still open.
  [[nodiscard]] std::vector<Mark> marks_of(int side, const std::string& group) const;
  void takeover(int side);
  void release(int side, const std::string& name);
  void reload(int side, std::set<std::size_t> left_out);
  void stop(int side, TimePoint now);
  void judge_moment(int side, const std::string& name);
  void judge_drain(int side, const std::string& group, const std::vector<Mark>& marks,
                   const std::string& called);
  void note_torn_record(int side);
  void judge_fence(int side, const Fence& fence, const LinkStatus& link);

  Cluster& cluster_;
  Shadow& shadow_;
  DrbdWorld* drbd_ = nullptr;
  RandomStream random_;
  Violate violate_;
  std::vector<Kind> kinds_;
  std::list<Asked> asked_;
  std::list<Fence> fences_[2];
  int records_torn_[2] = {0, 0};  // that it knows of
  // Of checkpoints that were asked for at a side: what was given before, by their names.
  std::map<std::string, std::vector<Mark>> marks_;
  // While a hook runs, by side and number: what the targets of its group had received.
  std::map<std::pair<int, std::uint64_t>, std::map<std::size_t, std::uint64_t>> held_;
  std::set<std::string> hooked_;  // checkpoints whose hook has begun
  std::uint64_t next_checkpoint_ = 1;
  std::map<std::string, int> releases_[2];
  struct Stop {
    int start = 0;
    TimePoint ended_by = kNever;
    TimePoint back_at{};
  };
  Stop stops_[2];
};

}  // namespace longthrow::sim
