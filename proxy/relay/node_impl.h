// SPDX-License-Identifier: Apache-2.0
// The node: its links and WAN ports, and the commands that an administrator gives.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "longthrow/node.h"
#include "proxy/groups/copies_file.h"
#include "proxy/groups/fences.h"
#include "proxy/losses/loss_ledger.h"
#include "proxy/relay/link.h"
#include "proxy/relay/node_stop.h"
#include "proxy/relay/tasks.h"
#include "proxy/uplink/refusal_log.h"
#include "proxy/uplink/wan_port.h"

namespace longthrow {

class NodeImpl final : public RunningNode, public WanPortOwner, private ClosableOwner {
 public:
  NodeImpl(Config config, NodeParts parts, std::string io_reason);
  ~NodeImpl() override;

  Result<void> start() override;
  void stop(std::function<void()> stopped) override;
  [[nodiscard]] std::uint64_t undelivered_bytes() const override;
  [[nodiscard]] Status status() const override;
  CommandId execute(Command command, AnswerHandler handler) override;
  void abandon(CommandId id) override;

  // For the simulator; null: there is no link of that name.
  [[nodiscard]] Link* find_link(const std::string& name) { return link_named(name); }

  Result<std::unique_ptr<TlsEngine>> wan_engine(const WanPort& port) override;
  void on_wan_hello(std::unique_ptr<Lane> lane, const wire::Hello& hello) override;
  void on_wan_bye(std::unique_ptr<Lane> lane, const wire::Bye& bye) override;
  void on_wan_refused(WanPort& port, const std::string& remote, const Error& why) override;

 private:
  static constexpr Duration kTaskTick = std::chrono::milliseconds(250);
  static constexpr Duration kCopiesTick = std::chrono::seconds(10);
  [[nodiscard]] std::map<std::string, RouteConfig> routes_of(const Config& config,
                                                             const std::string& link) const;
  [[nodiscard]] std::map<std::string, GroupConfig> groups_of(const Config& config,
                                                             const std::string& link) const;
  [[nodiscard]] Result<void> add_link(const Config& config, const std::string& name);
  // Opens the ports that `config` adds. Closes nothing: close_ports_beside() does.
  [[nodiscard]] Result<void> open_ports(const Config& config);
  [[nodiscard]] bool may_become_free(const Endpoint& local, const Error& error) const;
  void say_waiting_ports(Status& status) const;
  void close_ports_beside(const Config& config);
  void remove_links_beside(const Config& config);
  void restore_fences();
  void fence_as_before(Link& link, const std::string& name);
  void apply_fences();
  void on_stop_timer();
  void go_on_stopping();  // something of what is to end has ended
  void on_joined(Closable&) override { go_on_stopping(); }
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool is_idle() const;
  void end_links(TimePoint now);  // though bytes may be left

  [[nodiscard]] Link* link_named(const std::string& name);
  [[nodiscard]] Link* link_of_group(const std::string& group);
  Answer run(const SetMemlimit& command);
  Answer run(const SetCompression& command);
  Answer run(const SetBandwidth& command);
  Answer run(const Resume& command);
  Answer run(const Release& command);
  Answer run(const AcceptConsistent& command);
  Answer run(const Reload& command);
  [[nodiscard]] Result<void> can_reload(const Config& config) const;
  [[nodiscard]] Result<void> begin_reload(const Reload& command);
  Answer run(const RestartCheck& command);
  Answer run(const Losses& command);
  void add_drain(CommandId id, Link& link, DrainTask::Wanted wanted, AnswerHandler handler);
  void begin_pause(CommandId id, const Pause& command, AnswerHandler handler);
  void begin_checkpoint(CommandId id, const MakeCheckpoint& command, AnswerHandler handler);
  Answer run(const ListCheckpoints& command);
  void on_checkpoints_changed();
  void start_tasks();
  void on_task_timer();
  void restore_copies();
  void on_copies_timer();
  void keep_copies();
  void begin_takeover(CommandId id, const Takeover& command, AnswerHandler handler);
  [[nodiscard]] Result<void> keep_fence(TakeoverTask::Of of, const std::string& name);
  [[nodiscard]] Answer unknown_link(const std::string& name) const;
  [[nodiscard]] Answer unknown_group(const std::string& name) const;

  Config config_;
  NodeParts parts_;
  std::string io_reason_;
  ClosingList closing_list_;
  FrameJobs jobs_;
  std::vector<std::byte> garbage_;
  LossLedger losses_;
  KnownCheckpoints checkpoints_;
  LinkContext context_;
  Fences fences_;
  std::map<std::string, std::unique_ptr<Link>> links_;
  ClosingListOf<Link> removed_links_;
  std::map<Endpoint, std::unique_ptr<WanPort>> ports_;
  TimePoint started_at_{};
  RefusalLog refusals_;
  CommandId next_command_ = 1;
  Tasks tasks_;
  Timer task_timer_;
  struct KeptCopies {  // in the state directory
    Timer timer;
    SavedCopies saved;
    bool unsaved = false;  // the last save failed, and the log says so
  } copies_;
  NodeStop stop_;
  bool running_ = false;
};

}  // namespace longthrow
