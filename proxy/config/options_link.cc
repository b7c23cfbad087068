// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "proxy/config/fields.h"
#include "proxy/config/options_tls.h"

namespace longthrow {

using fields::bind;
using fields::Field;
using fields::ns;
using fields::tls_ca;
using fields::tls_cert;
using fields::tls_key;
using fields::TlsField;
using fields::TlsTable;

namespace {

using namespace std::chrono_literals;

constexpr std::array kOptions = {
    bind<Field<&LinkConfig::listen>>({
        .section = Section::link,
        .key = "listen",
        .type = ValueType::endpoint,
        .default_note = "do not accept; then connect is needed",
        .example = "listen = \"192.0.2.1:7700\"",
        .apply = Apply::new_connections,
        .essential = true,
        .doc = "Where the peer's connections are accepted. Several links may name one address: one "
               "open port serves all peers, and the identity that a peer proves (its key or "
               "certificate) selects the link. An address that does not exist yet is bound all the "
               "same.",
    }),
    bind<Field<&LinkConfig::connect>>({
        .section = Section::link,
        .key = "connect",
        .type = ValueType::host_ports,
        .default_note = "do not dial; then listen is needed",
        .example = "connect = \"dr.example.org:7700\"",
        .apply = Apply::new_connections,
        .doc = "Where the peer is dialled: one name or address, or a list that is tried in turn. "
               "Names are resolved afresh at each attempt. One side behind NAT is enough: that "
               "side dials. Both sides may dial.",
    }),
    bind<Field<&LinkConfig::source>>({
        .section = Section::link,
        .key = "source",
        .type = ValueType::source,
        .default_note = "the address of listen, else the kernel's choice",
        .example = "source = \"192.0.2.1\"",
        .apply = Apply::new_connections,
        .doc = "The local address from which the peer is dialled.",
    }),
    bind<TlsTable>({
        .section = Section::link,
        .key = "tls",
        .type = ValueType::tls,
        .default_note = "required",
        .example = "tls = { psk_file = \"/etc/longthrow/dr.psk\" }",
        .apply = Apply::live,
        .essential = true,
        .doc = "How the two nodes recognise each other, and what encrypts the link: a table with "
               "psk_file, or with cert, key, ca and peer_name. TLS 1.3 is the only version. "
               "\"none\" sends everything in the clear to whoever answers; it warns at each start "
               "and is refused off loopback unless allow_plaintext is set. A reload reads all "
               "files anew; lanes in use stay as they are.",
    }),
    bind<TlsField<&PskTls::psk_file>>({
        .section = Section::link,
        .key = "tls.psk_file",
        .type = ValueType::key_file,
        .max = 4000,
        .default_note = "none",
        .example = "tls.psk_file = \"/etc/longthrow/dr.psk\"",
        .apply = Apply::live,
        .doc = "A file of pre-shared keys, made by longthrow genkey and the same on both nodes: "
               "lines of IDENTITY:HEX. The first is offered, all are accepted, so a key can be "
               "replaced without both sides doing it at one moment. \"credential:NAME\", as of "
               "every key and certificate, is systemd's credential of that name (LoadCredential= "
               "in the unit).",
    }),
    tls_cert(Section::link),
    tls_key(Section::link),
    tls_ca(Section::link),
    bind<TlsField<&CertificateTls::peer_name>>({
        .section = Section::link,
        .key = "tls.peer_name",
        .type = ValueType::text,
        .default_note = "required beside ca",
        .example = "tls.peer_name = \"beta.example.org\"",
        .apply = Apply::live,
        .doc = "The name that the peer's certificate must bear. \"*\" accepts every certificate "
               "that ca has signed, and warns.",
    }),
    bind<Field<&LinkConfig::memlimit>>({
        .section = Section::link,
        .key = "memlimit",
        .type = ValueType::size,
        .min = kMemlimitMin,
        .max = std::int64_t{1} << 46,  // 64 TiB: no machine has more
        .default_text = "1GiB",
        .apply = Apply::live,
        .settable = true,
        .doc = "All memory that the link's data may take: three quarters to send, one quarter to "
               "receive. When the send share is full, the source is slowed. The receive share "
               "needs 512 KiB for each group on the link. Lowered under what is used, it is "
               "approached as the buffer drains.",
    }),
    bind<Field<&LinkConfig::compression>>({
        .section = Section::link,
        .key = "compression",
        .type = ValueType::compression,
        .default_text = "auto",
        .apply = Apply::live,
        .settable = true,
        .doc = "What is done to the data before it is buffered and sent: none, lz4, zstd:LEVEL (-7 "
               "to 19; negative is faster), or auto, which follows whether the link or the CPU is "
               "the narrower. Each direction has its sender's setting; new frames take a new "
               "setting.",
    }),
    bind<Field<&LinkConfig::bandwidth_bytes_s>>({
        .section = Section::link,
        .key = "bandwidth",
        .type = ValueType::rate,
        .min = 1000,
        .max = 125'000'000'000,  // 1tbit
        .word = "unlimited",
        .default_text = "unlimited",
        .apply = Apply::live,
        .settable = true,
        .doc = "The most that this node sends on the link, all lanes together: 100mbit is 10^8 "
               "bits a second, 4MiB/s are bytes. What does not say which of them it means, as "
               "100Mbps, is refused.",
    }),
    bind<Field<&LinkConfig::bandwidth_schedule>>({
        .section = Section::link,
        .key = "bandwidth_schedule",
        .type = ValueType::windows,
        .default_text = "[]",
        .example = "bandwidth_schedule = [\"mon-fri 08:00-18:00 20mbit\", \"daily 22:00-06:00 "
                   "unlimited\"]",
        .apply = Apply::live,
        .doc = "Other bandwidths for parts of the week, in the civil time of this host; the first "
               "window that fits counts, and outside of all of them `bandwidth`. A window whose "
               "end is not after its begin ends on the next day. What `longthrow set` gives holds "
               "until the next begin or end.",
    }),
    bind<Field<&LinkConfig::lanes>>({
        .section = Section::link,
        .key = "lanes",
        .type = ValueType::count,
        .min = 1,
        .max = 8,
        .word = "auto",
        .default_text = "auto",
        .apply = Apply::new_connections,
        .doc = "TCP connections that carry bulk data; the express lane comes on top. More than one "
               "helps where loss, or a limit per connection, holds a single one back.",
    }),
    bind<Field<&LinkConfig::congestion>>({
        .section = Section::link,
        .key = "congestion",
        .type = ValueType::token,
        .word = "auto",
        .default_text = "auto",
        .example = "congestion = \"bbr\"",
        .apply = Apply::new_connections,
        .doc = "TCP congestion control of the lanes, best effort: one of "
               "/proc/sys/net/ipv4/tcp_allowed_congestion_control. auto leaves the system's.",
    }),
    bind<Field<&LinkConfig::heartbeat>>({
        .section = Section::link,
        .key = "heartbeat",
        .type = ValueType::duration,
        .min = ns(100ms),
        .max = ns(1min),
        .default_text = "2s",
        .apply = Apply::live,
        .doc = "How often an idle link says that it is alive. The age of the copy is known to "
               "this.",
    }),
    bind<Field<&LinkConfig::dead_after>>({
        .section = Section::link,
        .key = "dead_after",
        .type = ValueType::duration,
        .min = ns(200ms),
        .max = ns(10min),
        .default_text = "10s",
        .apply = Apply::live,
        .doc = "A lane on which nothing was heard for so long is taken for dead, closed and "
               "dialled again. At least twice the heartbeat (of the peer, too). A peer that sends "
               "and reads nothing is cut off after twice as long.",
    }),
    bind<Field<&LinkConfig::session_timeout>>({
        .section = Section::link,
        .key = "session_timeout",
        .type = ValueType::duration,
        .min = ns(1s),
        .max = ns(std::chrono::hours(24 * 30)),
        .default_text = "1h",
        .apply = Apply::live,
        .doc = "How long a link may be down before its channels are given up. Until then they stay "
               "open, input goes on filling the buffer, and the session resumes where it stopped.",
    }),
    bind<Field<&LinkConfig::abort_linger>>({
        .section = Section::link,
        .key = "abort_linger",
        .type = ValueType::duration,
        .max = ns(1h),
        .default_text = "30s",
        .apply = Apply::live,
        .doc = "How long an aborted channel may go on delivering what the local kernel holds for "
               "it. A reset destroys what is queued; after this time it is sent all the same, and "
               "the lost bytes are counted and logged.",
    }),
    bind<Field<&LinkConfig::allow_plaintext>>({
        .section = Section::link,
        .key = "allow_plaintext",
        .type = ValueType::flag,
        .default_text = "false",
        .apply = Apply::live,
        .doc = "Permits tls = \"none\" on addresses that are not loopback, for a link inside a "
               "tunnel that encrypts and authenticates already.",
    }),
    bind<Field<&LinkConfig::notify>>({
        .section = Section::link,
        .key = "notify",
        .type = ValueType::argv,
        .default_text = "[]",
        .example = "notify = [\"/usr/local/bin/longthrow-event\", \"dr\"]",
        .apply = Apply::live,
        .doc = "Reserved: a program, with its arguments, to run when the link goes up or down. "
               "This version never runs it, and warns where it is set.",
    }),
};

}  // namespace

std::span<const Option> link_options() { return kOptions; }

}  // namespace longthrow
