// SPDX-License-Identifier: Apache-2.0
// The history of events of a node: looks at its status every second, is told what the status does
// not show, keeps all of it in memory and in a file of the state directory.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "longthrow/status.h"
#include "proxy/control/event_file_writer.h"
#include "proxy/control/json.h"
#include "proxy/control/node_gateway.h"
#include "proxy/control/reloader.h"
#include "proxy/control/request.h"
#include "proxy/events/event_book.h"
#include "proxy/events/status_watch.h"

namespace longthrow::control {

// Control thread only, but for the constructor, start() and close().
class EventLog {
 public:
  using AskStatus = std::function<void(std::function<void(Result<Status>)>)>;
  struct Told {
    std::function<void(const Event&)> on_event;    // each event that enters the history
    std::function<void(const Status&)> on_status;  // each status, once a second
  };
  // `disk` outlives this.
  EventLog(asio::io_context& io, DiskThread& disk, NodeGateway& gateway, AskStatus ask, Told told);

  // Reads the file of earlier processes, and begins to look. Blocks on the disk. REQUIRES: the
  // control thread does not run yet, and `disk` is started.
  void start(const std::string& state_dir);
  // Writes what is left. REQUIRES: the control thread does not run any more, and `disk` has ended.
  void close() { writer_.close(); }

  // An event without a time is of now.
  void note(Event event);
  // The last answer to a command.
  void note_answer(const Command& command, const Answer& answer);
  void note_reload(const ReloadStatus& reload);
  [[nodiscard]] json::object answer(const EventsRequest& request) const;

 private:
  static constexpr std::chrono::seconds kLook{1};

  void restore(const std::string& path);
  void look_later();
  void on_status(const Status& status);
  void ask_losses();
  void keep(const std::vector<Event>& events);

  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point next_look_;
  NodeGateway& gateway_;
  AskStatus ask_;
  Told told_;
  StatusWatch watch_;
  EventBook book_;
  EventFileWriter writer_;
  // As the last status has them.
  std::set<std::string> links_;
  std::map<std::string, std::string> links_of_groups_;
  // The losses from then on, and above this number, are not yet in the history.
  WallTime losses_since_{};
  std::uint64_t last_loss_ = 0;
};

}  // namespace longthrow::control
