// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/command.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <span>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow::proxy_ctl {
namespace {

using Words = std::span<const std::string>;

constexpr const char* kAddUsage =
    "add connection NAME INSIDE PEER-OUTSIDE OUTSIDE DRBD [--memlimit=SIZE]";

bool has_space(std::string_view text) { return text.find_first_of(" \t\n") != text.npos; }

// Words, of which one in quotes may have spaces.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back() += c;
      }
      continue;
    }
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (c == '"' || c == '\'') {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return fail(format("a quote ({}) has no end", quote));
  return words;
}

std::unexpected<Error> usage(std::string_view what, std::string_view how) {
  return fail(format("{}; write: {}", what, how));
}

constexpr auto kUnused =
    std::to_array<std::string_view>({"read-loops", "sndbuf-size", "rcvbuf-size", "ping-timeout"});

std::string unused_note(std::string_view option) {
  return format("{} has no effect: longthrowd sizes its sockets and watches the peer by itself",
                option);
}

// One setting of a connection, from `add --OPTION=VALUE` or `set OPTION NAME VALUE`.
struct Settings {
  std::optional<std::uint64_t> memlimit;
  std::optional<std::uint64_t> bandwidth_bytes_s;
  std::vector<std::string> notes;

  Result<void> take(std::string_view option, std::string_view value) {
    if (option == "memlimit" || option == "bwlimit") {
      const auto bytes = option == "bwlimit" ? parse_drbd_rate(value) : parse_size(value);
      if (!bytes) return fail(format("{}: {}", option, bytes.error().message));
      (option == "memlimit" ? memlimit : bandwidth_bytes_s) = *bytes;
    } else if (std::ranges::find(kUnused, option) != kUnused.end()) {
      notes.push_back(unused_note(option));
    } else if (option == "compression") {
      notes.emplace_back(
          "compression is obsolete and has no effect: without a plugin longthrowd compresses as "
          "the link and the processors allow");
    } else {
      notes.push_back(format("option \"{}\" is not known and has no effect", option.substr(0, 40)));
    }
    return {};
  }
};

Result<Command> parse_add(Words words) {
  if (words.size() < 7 || words[1] != "connection") {
    return usage("add needs a name and four addresses", kAddUsage);
  }
  AddConnection add{.name = words[2]};
  const auto members = std::to_array<Endpoint DrbdConnection::*>(
      {&DrbdConnection::inside, &DrbdConnection::peer_outside, &DrbdConnection::outside,
       &DrbdConnection::drbd});
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto endpoint = parse_address(words[3 + i]);
    if (!endpoint) return fail(format("{}: {}", words[3 + i], endpoint.error().message));
    add.connection.*members[i] = *endpoint;
  }
  Settings settings;
  for (const std::string& word : words.subspan(7)) {
    const auto equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) {
      settings.notes.push_back(format("\"{}\" is not understood and has no effect", word));
      continue;
    }
    auto taken = settings.take(std::string_view(word).substr(2, equals - 2),
                               std::string_view(word).substr(equals + 1));
    if (!taken) return std::unexpected(taken.error());
  }
  add.connection.memlimit = settings.memlimit;
  add.connection.bandwidth_bytes_s = settings.bandwidth_bytes_s;
  return Command{Change{std::move(add)}, std::move(settings.notes)};
}

Result<Command> parse_delete(Words words) {
  if (words.size() != 3 || words[1] != "connection") {
    return usage("del needs the name of a connection", "del connection NAME");
  }
  return Command{Change{DeleteConnection{words[2]}}, {}};
}

Result<Command> parse_set_plugin(Words words) {
  constexpr const char* kUsage =
      "set plugin NAME INDEX PLUGIN [WORDS...], or: set plugin NAME INDEX END";
  if (words.size() < 5) return usage("set plugin needs a name, an index and a plugin", kUsage);
  SetPlugin set{.name = words[2]};
  const std::string& index = words[3];
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), set.index);
  if (error != std::errc{} || end != index.data() + index.size()) {
    return usage(format("\"{}\" is not an index", index), kUsage);
  }
  if (words.size() == 5 && (words[4] == "END" || words[4] == "end")) {
    return Command{Change{std::move(set)}, {}};
  }
  std::string plugin;
  for (const std::string& word : words.subspan(4)) plugin += (plugin.empty() ? "" : " ") + word;
  set.plugin = std::move(plugin);
  return Command{Change{std::move(set)}, {}};
}

Result<Command> parse_set(Words words) {
  constexpr const char* kUsage =
      "set memlimit NAME SIZE, set bwlimit NAME BYTES/S, set plugin NAME INDEX PLUGIN";
  if (words.size() > 1 && words[1] == "plugin") return parse_set_plugin(words);
  if (words.size() == 3 && words[1] == "loglevel") {
    return Command{Ignored{},
                   {"loglevel has no effect: set log_level in longthrow.toml, then run "
                    "`longthrow reload`"}};
  }
  if (words.size() != 4) return usage("set needs what to set, a name and a value", kUsage);
  Settings settings;
  if (auto taken = settings.take(words[1], words[3]); !taken) return std::unexpected(taken.error());
  if (!settings.memlimit && !settings.bandwidth_bytes_s) {
    return Command{Ignored{}, std::move(settings.notes)};
  }
  return Command{Change{SetConnection{words[2], settings.memlimit, settings.bandwidth_bytes_s}},
                 std::move(settings.notes)};
}

struct ListingRow {
  std::string_view name;
  Show show;
};
constexpr std::array kListings{
    ListingRow{"connections", {Listing::connections, false}},
    ListingRow{"hconnections", {Listing::connections, true}},
    ListingRow{"subconnections", {Listing::subconnections, false}},
    ListingRow{"hsubconnections", {Listing::subconnections, true}},
    ListingRow{"memusage", {Listing::memusage, true}},
    ListingRow{"avail-plugins", {Listing::plugins, false}},
    ListingRow{"statistics", {Listing::statistics, false}},
    ListingRow{"details", {Listing::statistics, false}},
};

Result<Command> parse_show(Words words) {
  if (words.size() == 1) return Command{Show{}, {}};
  if (words[1] == "proxy-settings" || words[1] == "as-resources") {
    if (words.size() == 3) return Command{ShowProxySettings{words[2]}, {}};
    return usage("show proxy-settings needs a name", "show proxy-settings NAME");
  }
  const auto row = std::ranges::find(kListings, words[1], &ListingRow::name);
  if (row != kListings.end() && words.size() == 2) return Command{row->show, {}};
  return usage(format("\"{}\" cannot be shown", words[1].substr(0, 40)),
               "show [connections | hconnections | subconnections | hsubconnections | memusage | "
               "avail-plugins | proxy-settings NAME], or print statistics");
}

template <typename What>
Result<Command> parse_plain(Words) {
  return Command{What{}, {}};
}

struct VerbRow {
  std::string_view name;
  Result<Command> (*parse)(Words);
};
constexpr std::array kVerbs{
    VerbRow{"add", parse_add},
    VerbRow{"del", parse_delete},
    VerbRow{"delete", parse_delete},
    VerbRow{"set", parse_set},
    VerbRow{"show", parse_show},
    VerbRow{"list", parse_show},
    VerbRow{"print", parse_show},
    VerbRow{"version", parse_plain<ShowVersion>},
    VerbRow{"help", parse_plain<ShowHelp>},
    VerbRow{"shutdown", parse_plain<Shutdown>},
    VerbRow{"quit", parse_plain<Quit>},
    VerbRow{"exit", parse_plain<Quit>},
};

}  // namespace

Result<std::vector<std::string>> split_arguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> commands;
  bool joins = false;  // the last command was given as single words: the next word belongs to it
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool flagged = arguments[i] == "-c";
    if (flagged && ++i == arguments.size()) return fail("-c needs a command behind it");
    const std::string& argument = arguments[i];
    if (joins && !flagged && !has_space(argument)) {
      commands.back() += " " + argument;
    } else {
      commands.push_back(argument);
      joins = !has_space(argument);
    }
  }
  return commands;
}

Result<Endpoint> parse_address(std::string_view text) {
  if (const auto usual = parse_endpoint(text)) return usual;
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos &&
      text.substr(0, colon).find(':') != std::string_view::npos) {
    auto v6 = parse_endpoint(format("[{}]{}", text.substr(0, colon), text.substr(colon)));
    if (v6) return v6;
  }
  return fail("not an address and a port, e.g. 192.0.2.1:7788 or fd00::1:7788");
}

Result<Command> parse_command(std::string_view text) {
  const auto words = words_of(text);
  if (!words) return std::unexpected(words.error());
  if (words->empty()) return Command{Ignored{}, {}};
  const auto verb = std::ranges::find(kVerbs, words->front(), &VerbRow::name);
  if (verb != kVerbs.end()) return verb->parse(*words);
  return fail(format("there is no command \"{}\"; `drbd-proxy-ctl --help` lists them",
                     words->front().substr(0, 40)));
}

}  // namespace longthrow::proxy_ctl
