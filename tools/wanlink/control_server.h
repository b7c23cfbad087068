// SPDX-License-Identifier: Apache-2.0
// The control socket: lines in, one line of JSON out for each. Few, short, local connections.
#pragma once

#include <poll.h>

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "longthrow/error.h"
#include "tools/wanlink/fd.h"

namespace longthrow::wanlink {

class ControlServer {
 public:
  using Handler = std::function<std::string(std::string_view command)>;
  static constexpr std::size_t kConnectionsMax = 16;
  static constexpr std::size_t kLineBytesMax = 4096;

  ControlServer() = default;
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();  // removes the socket's file

  // Replaces a file that a killed emulator left behind; refuses one that is served.
  [[nodiscard]] Result<void> open(const std::string& path);

  void add_to(std::vector<pollfd>& polled) const;
  // Serves whatever is ready; never blocks.
  void serve(const Handler& handler);

 private:
  struct Connection {
    Fd socket;
    std::string unread;
  };
  void accept_all();
  // False when the connection is to be closed.
  [[nodiscard]] static bool serve_one(Connection& connection, const Handler& handler);

  std::string path_;
  Fd listener_;
  std::list<Connection> connections_;
};

}  // namespace longthrow::wanlink
