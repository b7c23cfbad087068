// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "proxy/config/fields.h"
#include "proxy/config/options_tls.h"

namespace longthrow {

using fields::bind;
using fields::Field;
using fields::tls_ca;
using fields::tls_cert;
using fields::tls_key;
using fields::TlsField;
using fields::TlsTable;

namespace {

constexpr std::array kOptions = {
    bind<TlsTable>({
        .section = Section::drbd_proxy,
        .key = "tls",
        .type = ValueType::tls,
        .default_note = "none: a connection can only share a link, or adopt a route",
        .example = "tls = { psk_file = \"/etc/longthrow/drbd.psk\" }",
        .apply = Apply::live,
        .doc = "How the peers of the connections that drbd-proxy-ctl adds prove who they are, as "
               "tls of a link. All nodes that such connections lead to have the same key file, or "
               "certificates of the same ca.",
    }),
    bind<TlsField<&PskTls::psk_file>>({
        .section = Section::drbd_proxy,
        .key = "tls.psk_file",
        .type = ValueType::key_file,
        .max = 4000,
        .default_note = "none",
        .example = "tls.psk_file = \"/etc/longthrow/drbd.psk\"",
        .apply = Apply::live,
        .doc = "A file of pre-shared keys, as of a link.",
    }),
    tls_cert(Section::drbd_proxy),
    tls_key(Section::drbd_proxy),
    tls_ca(Section::drbd_proxy),
    bind<TlsField<&CertificateTls::peer_name>>({
        .section = Section::drbd_proxy,
        .key = "tls.peer_name",
        .type = ValueType::text,
        .default_note = "required beside ca",
        .example = "tls.peer_name = \"*\"",
        .apply = Apply::live,
        .doc = "The name that the peers' certificates must bear; with several peers, \"*\" "
               "accepts every certificate that ca has signed, and warns.",
    }),
    bind<Field<&DrbdProxyConfig::link>>({
        .section = Section::drbd_proxy,
        .key = "link",
        .type = ValueType::name,
        .default_note = "each connection has a link of its own",
        .example = "link = \"dr\"",
        .apply = Apply::live,
        .doc = "A [link.NAME] of this file that carries the connections between its two hosts: "
               "those whose outside addresses are on the hosts of its listen (or source) and "
               "connect. They share its buffer, its lanes and its settings; the ports of their "
               "outside addresses are then not used. Give both nodes such a link.",
    }),
    bind<Field<&DrbdProxyConfig::memlimit>>({
        .section = Section::drbd_proxy,
        .key = "memlimit",
        .type = ValueType::size,
        .min = kMemlimitMin,
        .max = std::int64_t{1} << 46,
        .default_text = "16MiB",
        .apply = Apply::live,
        .doc = "The memlimit of a connection that names none, as with DRBD Proxy.",
    }),
};

}  // namespace

std::span<const Option> drbd_proxy_options() { return kOptions; }

}  // namespace longthrow
