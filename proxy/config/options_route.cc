// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "proxy/config/fields.h"

namespace longthrow {

using fields::bind;
using fields::Field;
using fields::ns;

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kProtocols = {"tcp", "drbd"};
constexpr std::array<std::string_view, 2> kAnswerPings = {"never", "outage"};
constexpr std::array<std::string_view, 3> kWhenDown = {"auto", "wait", "refuse"};

constexpr std::array kRouteOptions = {
    bind<Field<&RouteConfig::link>>({
        .section = Section::route,
        .key = "link",
        .type = ValueType::name,
        .default_note = "required",
        .example = "link = \"dr\"",
        .apply = Apply::recreate,
        .essential = true,
        .doc = "The [link.NAME] of this file that carries the route's channels.",
    }),
    bind<Field<&RouteConfig::listen>>({
        .section = Section::route,
        .key = "listen",
        .type = ValueType::endpoint,
        .default_note = "accept nothing here; then target is needed",
        .example = "listen = \"127.0.0.1:7788\"",
        .apply = Apply::new_connections,
        .essential = true,
        .doc = "Where the local replication software connects to. Each connection is a channel, "
               "and comes out "
               "at the peer's target. What happens while the peer cannot be reached is when_down's "
               "to say. Nothing is "
               "authenticated here: keep it on loopback or on a network that you trust.",
    }),
    bind<Field<&RouteConfig::target>>({
        .section = Section::route,
        .key = "target",
        .type = ValueType::host_port,
        .default_note = "dial nothing here; then listen is needed",
        .example = "target = \"127.0.0.1:7789\"",
        .apply = Apply::new_connections,
        .essential = true,
        .doc = "Where the channels that the peer opens on this route are connected to: the local "
               "replication "
               "software.",
    }),
    bind<Field<&RouteConfig::inside_source>>({
        .section = Section::route,
        .key = "inside_source",
        .type = ValueType::source,
        .default_note =
            "the address of listen where that can reach the target, else the kernel's choice",
        .example = "inside_source = \"127.0.0.1\"",
        .apply = Apply::new_connections,
        .doc = "The local address from which target is dialled, for software that checks where its "
               "peer "
               "comes from.",
    }),
    bind<Field<&RouteConfig::protocol>>({
        .section = Section::route,
        .key = "protocol",
        .type = ValueType::choice,
        .choices = kProtocols,
        .default_text = "tcp",
        .apply = Apply::recreate,
        .doc =
            "What is carried: any TCP stream, or DRBD's. Of DRBD's two connections, the one of its "
            "pings and acknowledgements then overtakes all data. The same at both nodes.",
    }),
    bind<Field<&RouteConfig::group>>({
        .section = Section::route,
        .key = "group",
        .type = ValueType::name,
        .default_note = "the route's name",
        .example = "group = \"vm1\"",
        .apply = Apply::recreate,
        .doc = "Routes of one group belong together and are drained and watched as one; all are on "
               "one link. "
               "The same at both nodes.",
    }),
    bind<Field<&RouteConfig::when_down>>({
        .section = Section::route,
        .key = "when_down",
        .type = ValueType::choice,
        .choices = kWhenDown,
        .default_text = "auto",
        .apply = Apply::live,
        .doc =
            "What becomes of new connections to listen while the link is down. \"wait\" accepts "
            "them: they go on when the link is up again, and are reset after 2 minutes if it is "
            "not; at most 64 of a route wait, and 256 of a link. \"refuse\" closes the listener: "
            "for software that is to try again, or elsewhere, at once. auto: wait; refuse for "
            "protocol drbd, which cannot wait. While an administrator has paused the link, held "
            "the group or taken it over, connections are refused in any case.",
    }),
    bind<Field<&RouteConfig::applied_check>>({
        .section = Section::route,
        .key = "applied_check",
        .type = ValueType::argv,
        .default_text = "[]",
        .example = "applied_check = [\"/usr/local/bin/standby-has-replayed\"]",
        .apply = Apply::live,
        .doc = "Reserved: a program, with its arguments, that exits 0 once what was delivered is "
               "on the target's disk. This version never runs it, and warns where it is set.",
    }),
    bind<Field<&RouteConfig::answer_pings>>({
        .section = Section::route,
        .key = "answer_pings",
        .type = ValueType::choice,
        .choices = kAnswerPings,
        .default_text = "never",
        .apply = Apply::new_connections,
        .doc = "Of protocol drbd. \"outage\" answers DRBD's pings here while the link is down, so "
               "that DRBD sits out an outage longer than its ping-timeout, until session_timeout "
               "or a takeover. It is the one answer that Longthrow gives for the peer: both DRBDs "
               "go on seeing each other alive, and nobody but the status says that they are cut "
               "off. DRBD's ko-count must be 0. The same at both nodes.",
    }),
};

constexpr std::array kGroupOptions = {
    bind<Field<&GroupConfig::share>>({
        .section = Section::group,
        .key = "share",
        .type = ValueType::size,
        .min = kMiB,
        .word = "auto",
        .default_text = "auto",
        .example = "share = \"256MiB\"",
        .apply = Apply::live,
        .doc = "The most that the group may hold of the link's send share while its peer gives it "
               "no credit "
               "(a slow disk over there), so that other groups go on. auto: half of what is free, "
               "never "
               "the last eighth. At most three quarters of the memlimit.",
    }),
    bind<Field<&GroupConfig::cut_interval>>({
        .section = Section::group,
        .key = "cut_interval",
        .type = ValueType::duration,
        .min = ns(1ms),
        .max = ns(10s),
        .default_text = "50ms",
        .apply = Apply::live,
        .doc = "How often the group is cut while its programs write, if it has several routes. The "
               "other side hands its bytes over from one cut to the next: so the copy is always of "
               "one moment.",
    }),
    bind<Field<&GroupConfig::cut_deadline>>({
        .section = Section::group,
        .key = "cut_deadline",
        .type = ValueType::duration,
        .min = ns(10ms),
        .max = ns(1min),
        .default_text = "2s",
        .apply = Apply::live,
        .doc = "How long a proof of a cut is waited for. After that the group is cut without one, "
               "and status and takeover say so.",
    }),
    bind<Field<&GroupConfig::on_checkpoint>>({
        .section = Section::group,
        .key = "on_checkpoint",
        .type = ValueType::argv,
        .default_text = "[]",
        .example = "on_checkpoint = [\"/usr/local/bin/snapshot\"]",
        .apply = Apply::live,
        .doc = "At the node with the copy: a program, with its arguments, that is run for each "
               "checkpoint of the group. When it starts, all before the checkpoint has been taken "
               "by the targets; until it ends, or hook_timeout has passed, nothing behind it is "
               "handed over. So a snapshot that it takes is the checkpoint. It is run without a "
               "shell, as the daemon's user, with LONGTHROW_CHECKPOINT, LONGTHROW_GROUP, "
               "LONGTHROW_CREATED, LONGTHROW_PROOF and LONGTHROW_APPLIED in its environment.",
    }),
    bind<Field<&GroupConfig::hook_timeout>>({
        .section = Section::group,
        .key = "hook_timeout",
        .type = ValueType::duration,
        .min = ns(100ms),
        .max = ns(1h),
        .default_text = "60s",
        .apply = Apply::live,
        .doc = "How long the copy stands for a checkpoint: for the targets to write what they have "
               "taken, and then as long for on_checkpoint. After that the checkpoint has failed, "
               "the program is killed, and the copy goes on.",
    }),
    bind<Field<&GroupConfig::checkpoint_every>>({
        .section = Section::group,
        .key = "checkpoint_every",
        .type = ValueType::duration,
        .min = ns(10s),
        .max = ns(24h),
        .word = "never",
        .default_text = "never",
        .example = "checkpoint_every = \"15m\"",
        .apply = Apply::live,
        .doc = "At the node where the programs write: takes a checkpoint whenever so much time has "
               "passed, counted from midnight UTC. Its name is that time: 20260131T120000Z.",
    }),
};

}  // namespace

std::span<const Option> route_options() { return kRouteOptions; }
std::span<const Option> group_options() { return kGroupOptions; }

}  // namespace longthrow
