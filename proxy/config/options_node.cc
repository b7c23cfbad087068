// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "proxy/config/fields.h"

namespace longthrow {

using fields::bind;
using fields::Field;
using fields::ns;

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kIoChoices = {"auto", "io_uring", "epoll"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};

constexpr std::array kOptions = {
    bind<Field<&NodeConfig::name>>({
        .section = Section::node,
        .key = "name",
        .type = ValueType::name,
        .default_note = "the host name",
        .example = "name = \"alpha\"",
        .apply = Apply::restart,
        .doc =
            "What this node is called by its peers, in their status and in logs. The two nodes of "
            "a link need different names: a node refuses a peer that bears its own.",
    }),
    bind<Field<&NodeConfig::control>>({
        .section = Section::node,
        .key = "control",
        .type = ValueType::path,
        .max = 107,  // sockaddr_un
        .default_text = "/run/longthrow/control.sock",
        .apply = Apply::restart,
        .doc = "The Unix socket on which longthrow and other tools reach the daemon. Whoever may "
               "write to it (mode 0660) may steer the daemon. An instance of longthrowd@.service "
               "has /run/longthrow/INSTANCE/control.sock where this names none.",
    }),
    bind<Field<&NodeConfig::http>>({
        .section = Section::node,
        .key = "http",
        .type = ValueType::endpoint,
        .default_note = "no HTTP",
        .example = "http = \"127.0.0.1:9917\"",
        .apply = Apply::restart,
        .doc =
            "Where /metrics (for Prometheus) and /status (JSON) are served, without authentication "
            "and read-only. An address other than loopback is warned of.",
    }),
    bind<Field<&NodeConfig::io>>({
        .section = Section::node,
        .key = "io",
        .type = ValueType::choice,
        .choices = kIoChoices,
        .default_text = "auto",
        .apply = Apply::restart,
        .doc = "How the kernel is asked for network I/O. auto takes io_uring, and epoll where the "
               "kernel "
               "or a container refuses io_uring; status says which it is and why.",
    }),
    bind<Field<&NodeConfig::codec_threads>>({
        .section = Section::node,
        .key = "codec_threads",
        .type = ValueType::count,
        .min = 0,
        .max = 256,
        .word = "auto",
        .default_text = "auto",
        .apply = Apply::restart,
        .doc = "Threads that compress and decompress, for all links together. 0 does it on the "
               "network "
               "thread.",
    }),
    bind<Field<&NodeConfig::state_dir>>({
        .section = Section::node,
        .key = "state_dir",
        .type = ValueType::path,
        .max = 4000,
        .default_text = "/var/lib/longthrow",
        .apply = Apply::restart,
        .doc = "A directory for the little that must outlive a restart: which links and groups are "
               "fenced after a takeover, as of when copies are, what was lost, and the connections "
               "that drbd-proxy-ctl has added. Replicated data is never written to it. An instance "
               "of longthrowd@.service has /var/lib/longthrow/INSTANCE where this names none.",
    }),
    bind<Field<&NodeConfig::log_level>>({
        .section = Section::node,
        .key = "log_level",
        .type = ValueType::choice,
        .choices = kLogLevels,
        .default_text = "info",
        .apply = Apply::live,
        .doc = "The least important kind of line that is logged.",
    }),
    bind<Field<&NodeConfig::stop_timeout>>({
        .section = Section::node,
        .key = "stop_timeout",
        .type = ValueType::duration,
        .max = ns(24h),
        .default_text = "60s",
        .apply = Apply::live,
        .doc = "How long a daemon that was told to stop goes on delivering what it has already "
               "accepted. "
               "What is left then is said in the log, and its channels are aborted. Keep "
               "TimeoutStopSec "
               "of the systemd unit above it.",
    }),
    bind<Field<&NodeConfig::overcommit>>({
        .section = Section::node,
        .key = "overcommit",
        .type = ValueType::flag,
        .default_text = "false",
        .apply = Apply::restart,
        .doc = "Start even when all memlimits, plus 64 MiB a link, exceed the memory limit of the "
               "control "
               "group or 80 % of the machine's RAM. A buffer that the kernel cannot back ends with "
               "the "
               "daemon being killed, and with it all that was buffered.",
    }),
    bind<Field<&NodeConfig::notify>>({
        .section = Section::node,
        .key = "notify",
        .type = ValueType::path,
        .max = 4000,
        .default_note = "none",
        .example = "notify = \"/usr/local/bin/longthrow-event\"",
        .apply = Apply::live,
        .doc =
            "A program to run on events that somebody should look at: those of weight warning and "
            "critical that `longthrow events` shows. It gets no arguments, and no shell is used. "
            "The event is in its environment: LONGTHROW_NODE, LONGTHROW_EVENT (the code, such as "
            "link_down), LONGTHROW_WEIGHT, LONGTHROW_TIME, LONGTHROW_LINK, LONGTHROW_GROUP, "
            "LONGTHROW_TEXT (which may have words of the peer: quote it), LONGTHROW_NUMBER, "
            "LONGTHROW_LEFT_OUT and LONGTHROW_DROPPED. One runs "
            "at a time, at most once a second; 32 events wait, and of further ones the next run is "
            "told how many were dropped. After 10 s it is killed, with all that it has started. It "
            "runs as the daemon's user, in the sandbox of its systemd unit, with no output; that "
            "it fails is logged once an hour at most.",
    }),
};

}  // namespace

std::span<const Option> node_options() { return kOptions; }

}  // namespace longthrow
