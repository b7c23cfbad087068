// SPDX-License-Identifier: Apache-2.0
// The command language of drbd-proxy-ctl, as drbdadm and people have written it for its versions 1,
// 3 and 4. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "longthrow/error.h"
#include "proxy/config/drbd_connections.h"

namespace longthrow::proxy_ctl {

enum class Listing : std::uint8_t {
  paths,           // show: a line "add connection ..." for each
  connections,     // states, for people
  subconnections,  // one line of TAB separated columns for each TCP stream
  memusage,
  plugins,
  statistics,  // one line of key=value for each connection
};
struct Change {
  ConnectionChange what;
};
struct Show {
  Listing what = Listing::paths;
  bool human = false;  // sizes with their units
};
struct ShowProxySettings {
  std::string name;
};
struct ShowVersion {};
struct ShowHelp {};
struct Shutdown {};
struct Quit {};
// Understood, and left without an effect; `note` says why.
struct Ignored {};
struct Command {
  std::variant<Change, Show, ShowProxySettings, ShowVersion, ShowHelp, Shutdown, Quit, Ignored>
      what;
  std::vector<std::string> notes;  // for people, on stderr
};

// The commands of a command line, without the program's name and its options: each follows a -c, or
// stands alone, as one argument or as its words.
[[nodiscard]] Result<std::vector<std::string>> split_arguments(
    const std::vector<std::string>& arguments);

// The error says what is wrong and how it is written.
[[nodiscard]] Result<Command> parse_command(std::string_view text);

// "ADDRESS:PORT" as drbdadm writes it: IPv6 without brackets, too.
[[nodiscard]] Result<Endpoint> parse_address(std::string_view text);

}  // namespace longthrow::proxy_ctl
