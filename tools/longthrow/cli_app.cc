// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/cli_app.h"

#include <CLI/CLI.hpp>

#include "tools/longthrow/add_command.h"
#include "tools/longthrow/cli_checkpoints.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/trace/trace_commands.h"

namespace longthrow::cli {

CLI::App* add_command(CLI::App& app, CommandLine& into, const std::string& name,
                      const std::string& what, const std::string& examples) {
  CLI::App* command = app.add_subcommand(name, what);
  command->fallthrough();  // --control may also stand behind the command
  command->add_flag("--json", into.json, "Answer in JSON, for scripts");
  command->footer("Examples:\n" + examples);
  command->callback([&into, name] { into.command = name; });
  return command;
}

namespace {

void add_status(CLI::App& app, CommandLine& into) {
  CLI::App* status = add_command(app, into, "status", "Show links, groups, routes, buffer and lag",
                                 "  longthrow status\n"
                                 "  longthrow status --watch        again every 2 seconds\n"
                                 "  longthrow status --watch 0.5\n"
                                 "  longthrow status --json | jq .links.dr.lag");
  status->add_option("--watch", into.watch_s, "Show it again every SECONDS (2), until Ctrl-C")
      ->expected(0, 1)
      ->default_str("2")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 86400.0));
}

void add_watching(CLI::App& app, CommandLine& into) {
  CLI::App* explain = add_command(
      app, into, "explain",
      "Say in a sentence why the lag grows, or that nothing stands in the way",
      "  longthrow explain                 of each link, and of groups that differ\n"
      "  longthrow explain dr              of a link or a group\n"
      "  longthrow explain --over 10s      what comes and goes shows in a longer time\n"
      "  longthrow explain --json | jq .links.dr.cause\n"
      "It looks at the daemon twice and judges what limits the link, and TCP's own counters: a "
      "full\n"
      "WAN, losses, a receive window, the bandwidth setting, the codec or the CPU, a target that "
      "does\n"
      "not read, a buffer that is too small, and what an administrator has stopped.");
  explain->add_option("NAME", into.name, "Only of this link or group");
  explain->add_option("--over", into.over, "How far apart both looks are (1s)")->type_name("TIME");

  CLI::App* top = add_command(
      app, into, "top",
      "Watch links and groups live: lag, rates, what limits, when full or drained",
      "  longthrow top\n"
      "  longthrow top --interval 5        a look every 5 seconds\n"
      "  longthrow top --once              one frame, as text; also if there is no terminal\n"
      "  longthrow top --json | jq .links.dr.effect    what explain says, a line a look\n"
      "Keys: q ends it, arrows or j and k scroll, also by pages (space, b) and to the ends (g, "
      "G).\n"
      "The line below a link or group says what stands in its way.");
  top->add_option("--interval", into.interval_s, "Look every SECONDS (1)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.2, 3600.0));
  top->add_flag("--once", into.once, "Print one frame and end");
}

void add_losses(CLI::App& app, CommandLine& into) {
  CLI::App* losses = add_command(
      app, into, "losses", "Show what this node has lost, and why; it outlives restarts",
      "  longthrow losses                        all of them, the oldest first\n"
      "  longthrow losses vm1                    of a group, a link or a route\n"
      "  longthrow losses --since 24h            of the last day; also 2026-01-31T12:00:00Z\n"
      "  longthrow losses --json | jq '[.losses[].bytes] | add'\n"
      "A loss is what was accepted here and is not known to be delivered at the peer when its\n"
      "connection ended, or what had arrived and the program here did not take. Both nodes keep a\n"
      "ledger of their own: look at both. \"Perhaps there\" was sent, and no answer came any "
      "more.\n"
      "Minor ones are the last words of connections that were given up, less than 1 KiB.");
  losses->add_option("NAME", into.name, "Only of this link, group or route");
  losses
      ->add_option("--since", into.since, "Only those of the last TIME (24h), or since a UTC time")
      ->type_name("TIME");
  losses->add_flag("--minor", into.minor, "Also the minor ones");
}

void add_events(CLI::App& app, CommandLine& into) {
  CLI::App* events = add_command(
      app, into, "events", "Show what has happened at this node; it outlives restarts",
      "  longthrow events                        all of them, the oldest first\n"
      "  longthrow events --since 24h --link dr  of the last day, of one link and its groups\n"
      "  longthrow events -n 20 --follow         the last 20, and then what comes\n"
      "  longthrow events --json | jq '.events[] | select(.weight != \"info\")'\n"
      "An event is: a link down or up, a buffer over 80 % and below 50 % again, a copy that cannot "
      "be\n"
      "trusted and that can be again, bytes lost, a fence, a hold, a pause, a takeover, a drain, "
      "a\n"
      "reload, a restart that is pending. What comes again and again "
      "is\n"
      "told ever more rarely, with the number of those left out. Both nodes keep a history.");
  events
      ->add_option("--since", into.since, "Only those of the last TIME (24h), or since a UTC time")
      ->type_name("TIME");
  events->add_option("--link", into.link, "Only of this link and its groups");
  events->add_option("--group", into.group, "Only of this group");
  events->add_option("-n", into.newest, "Only the newest N")->type_name("N");
  events->add_flag("--follow", into.follow, "Go on, with what comes, until Ctrl-C");
}

void add_set(CLI::App& app, CommandLine& into) {
  CLI::App* set =
      add_command(app, into, "set", "Change a setting of a link while it runs; nothing is dropped",
                  "  longthrow set dr memlimit 2GiB\n"
                  "  longthrow set dr compression zstd:3     (none, lz4, zstd:LEVEL, auto)\n"
                  "  longthrow set dr bandwidth 100mbit --save\n"
                  "  longthrow set dr bandwidth unlimited");
  set->add_option("LINK", into.name, "The link's name")->required();
  set->add_option("SETTING", into.setting, "memlimit, compression or bandwidth")
      ->required()
      ->check(CLI::IsMember({"memlimit", "compression", "bandwidth"}));
  set->add_option("VALUE", into.value, "As in the configuration file")->required();
  set->add_flag("--save", into.save, "Keep it beyond a restart (conf.d/90-set.toml)");
}

void add_drain(CLI::App& app, CommandLine& into) {
  CLI::App* drain =
      add_command(app, into, "drain",
                  "Wait until the peer's target has acknowledged all that was accepted so far",
                  "  longthrow drain vm1                      input keeps flowing meanwhile\n"
                  "  longthrow drain vm1 --timeout 10m\n"
                  "  longthrow drain vm1 --hold               stop the services first; then\n"
                  "  longthrow resume vm1                     lets input in again");
  drain->add_option("GROUP", into.name, "The group's name")->required();
  drain->add_option("--timeout", into.timeout, "Give up after TIME, e.g. 30s or 10m")
      ->type_name("TIME");
  drain->add_flag("--hold", into.hold, "Also stop input, until `longthrow resume GROUP`");
}

void add_link_state(CLI::App& app, CommandLine& into) {
  CLI::App* pause =
      add_command(app, into, "pause", "Disconnect a link on purpose; its sessions stay",
                  "  longthrow pause dr            monitoring says paused, not down\n"
                  "  longthrow pause dr --drain    empty the buffer first\n"
                  "  longthrow resume dr");
  pause->add_option("LINK", into.name, "The link's name")->required();
  pause->add_flag("--drain", into.drain, "Empty the buffer first");

  CLI::App* resume = add_command(app, into, "resume", "End a pause, or the hold of a drain",
                                 "  longthrow resume dr     a paused link\n"
                                 "  longthrow resume vm1    a group held by drain --hold");
  resume->add_option("NAME", into.name, "The link's or the group's name")->required();

  CLI::App* takeover = add_command(
      app, into, "takeover",
      "At the DR site: the primary is lost, make our copy final and fence it",
      "  longthrow takeover dr       delivers what is here, says as of when the copy is; exit 3:\n"
      "                              it is not consistent\n"
      "  longthrow takeover vm1      one group alone\n"
      "  longthrow release dr        later: let the peer in again");
  takeover->add_option("NAME", into.name, "The link's or the group's name")->required();
  takeover->add_flag("--force", into.force,
                     "Even though the link is up, or bytes of our own are destroyed");

  CLI::App* release =
      add_command(app, into, "release", "End the fence of a takeover", "  longthrow release dr");
  release->add_option("NAME", into.name, "The link's or the group's name")->required();

  CLI::App* accept = add_command(
      app, into, "accept-consistent",
      "You have made the copies of a group whole by other means: forget what was lost before",
      "  longthrow accept-consistent vm1    at both sites, after a new base backup or a full "
      "resync\n"
      "                                     that went another way");
  accept->add_option("GROUP", into.name, "The group's name")->required();

  CLI::App* ping = add_command(app, into, "ping", "Measure round trips to the peer's daemon",
                               "  longthrow ping dr\n  longthrow ping dr --count 10");
  ping->add_option("LINK", into.name, "The link's name")->required();
  ping->add_option("--count", into.count, "How many round trips (3)")->check(CLI::Range(1, 1000));
}

void add_administration(CLI::App& app, CommandLine& into) {
  CLI::App* genkey = add_command(
      app, into, "genkey", "Make a key file for a link, or show a key's fingerprint",
      "  longthrow genkey -o /etc/longthrow/dr.psk\n"
      "  longthrow genkey -o dr.psk --identity dr-2026\n"
      "  longthrow genkey --fingerprint /etc/longthrow/dr.psk    compare it at both sites\n"
      "Both sites need the same file: copy it over a safe way, e.g. scp.");
  CLI::Option_group* what = genkey->add_option_group("One of these");
  auto* output = what->add_option("-o,--output", into.output, "The key file to make (mode 0600)")
                     ->type_name("FILE");
  what->add_option("--fingerprint", into.fingerprint, "Show the keys of FILE, not the secret")
      ->type_name("FILE");
  what->require_option(1);
  genkey->add_option("--identity", into.identity, "The key's name (host name and date)")
      ->type_name("NAME")
      ->needs(output);

  CLI::App* reload = add_command(app, into, "reload", "Read the configuration again and apply it",
                                 "  longthrow reload --dry-run    only say what would happen\n"
                                 "  longthrow reload");
  reload->add_flag("--dry-run", into.dry_run, "Only say what would happen");

  CLI::App* doctor = add_command(
      app, into, "doctor", "Say what will go wrong, and the line to write against it",
      "  longthrow doctor                              with DRBD's own configuration, if it is "
      "here\n"
      "  longthrow doctor --drbd-conf /etc/drbd.d/r0.res\n"
      "  longthrow doctor --drbd-conf dump.xml         what drbdadm dump-xml printed\n"
      "Exit code: 0 nothing to say, 1 warnings (or not done, with an error), 2 wrong usage.");
  doctor->add_option("--drbd-conf", into.drbd_conf, "DRBD's configuration, or its dump-xml")
      ->type_name("FILE");

  CLI::App* restart = add_command(
      app, into, "restart-check", "Say whether a restart now would lose anything (exit code 0: no)",
      "  longthrow restart-check && systemctl restart longthrowd\n"
      "  longthrow restart-check --wait --timeout 10m && systemctl restart longthrowd\n"
      "A restart ends the connections that this node carries: they reconnect, DRBD then resyncs "
      "what\n"
      "was written meanwhile, and a standby asks for the WAL that it lacks. That loses nothing. "
      "What\n"
      "is under way may be lost: bytes that are not delivered, writes that DRBD has not\n"
      "acknowledged, and what the peer holds for this node. Then the exit code is 1, with the "
      "groups,\n"
      "the bytes and what to do.");
  CLI::Option* wait =
      restart->add_flag("--wait", into.wait, "Wait until nothing would be lost any more");
  restart->add_option("--timeout", into.timeout, "Give up waiting after TIME, e.g. 30s or 10m")
      ->type_name("TIME")
      ->needs(wait);
}

void add_init_flags(CLI::App& init, InitOptions& into) {
  const auto text = [&](const char* flag, std::string& value, const char* what, const char* type) {
    return init.add_option(flag, value, what)->type_name(type);
  };
  text("--name", into.name, "This site's node (the host's name)", "NAME");
  text("--peer", into.peer, "The peer's node", "NAME");
  text("--dials", into.dials, "Who dials over the WAN: here, peer or both (peer)", "WHO");
  text("--address", into.address, "Where the peer reaches this site, if it dials",
       "ADDRESS[:PORT]");
  text("--peer-address", into.peer_address,
       "Where this site reaches the peer, if it dials; else for the firewall", "ADDRESS[:PORT]");
  init.add_option("--replicate", into.replicate,
                  "drbd:RESOURCE:PORT, postgresql[:NAME:PORT] or tcp:NAME:PORT; may be repeated")
      ->type_name("WHAT")
      ->take_all();
  text("--server", into.server,
       "Where the program is that accepts connections (PostgreSQL: the primary): here or peer "
       "(here)",
       "WHERE");
  text("--memlimit", into.memlimit, "The RAM for the buffer; else one is proposed", "SIZE");
  text("--bandwidth", into.bandwidth, "What the WAN carries, for the proposal", "RATE");
  text("--writes", into.writes, "How much is written, for the proposal, instead of --bandwidth",
       "RATE");
  text("--outage", into.outage, "The outage to survive, for the proposal (10m)", "TIME");
  text("--directory", into.directory, "Where the files are written", "DIRECTORY")
      ->capture_default_str();
  text("--join", into.join, "At the other site: take what init has made there", "FILE");
  init.add_flag("--force", into.force, "Replace files that are there, and keep backups of them");
}

void add_init(CLI::App& app, CommandLine& into) {
  CLI::App* init = add_command(
      app, into, "init", "Write the first configuration of two sites: files, key, firewall line",
      "  longthrow init                asks, then writes; at the other site:\n"
      "  longthrow init --join beta.join\n"
      "  longthrow init --name alpha --peer beta --address 192.0.2.1 --peer-address 198.51.100.7 "
      "\\\n"
      "      --replicate postgresql --bandwidth 100mbit --outage 10m\n"
      "  longthrow init --name alpha --peer beta --dials here --peer-address 198.51.100.7 \\\n"
      "      --replicate drbd:r0:7788 --memlimit 4GiB --dry-run\n"
      "What is given as a flag is not asked; without a terminal nothing is. It writes\n"
      "longthrow.toml, the key and, for the other site, PEER.join with its configuration and the\n"
      "key: carry it over a safe way (scp). It says what to do next: firewall, start, and the "
      "lines\n"
      "for DRBD or PostgreSQL. memlimit is proposed as (bytes written during the outage) /\n"
      "(compression ratio) * 4/3: what the WAN carries is at most that, compressed.");
  add_init_flags(*init, into.init);
  init->add_flag("--dry-run", into.dry_run, "Only show the files");
}

}  // namespace

std::unique_ptr<CLI::App> make_app(CommandLine& into) {
  auto app = std::make_unique<CLI::App>(
      "Looks after longthrowd, the long-throw replication buffer.", "longthrow");
  app->set_version_flag("--version", "longthrow " LONGTHROW_VERSION);
  into.control = kDefaultControl;
  app->add_option("--control", into.control, "The daemon's control socket")
      ->envname("LONGTHROW_CONTROL")
      ->type_name("SOCKET")
      ->capture_default_str();
  app->require_subcommand(1);
  add_init(*app, into);
  add_status(*app, into);
  add_watching(*app, into);
  add_losses(*app, into);
  add_events(*app, into);
  add_trace_commands(*app, into);
  add_set(*app, into);
  add_drain(*app, into);
  add_checkpoints(*app, into);
  add_link_state(*app, into);
  add_administration(*app, into);
  app->footer(
      "Each command has a --help of its own, with examples.\n"
      "Exit code: 0 done, 1 not done (says why), 2 wrong usage.");
  return app;
}

}  // namespace longthrow::cli
