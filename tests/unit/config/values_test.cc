// SPDX-License-Identifier: Apache-2.0
// Each kind of value: what is refused, and what the refusal says.
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

struct Refused {
  const char* line;  // of [link.dr]
  const char* key;
  const char* part;  // of the message
};

class RefusedValue : public ConfigCase, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedValue, NamesPlaceKeyAndWhatIsAllowed) {
  const Refused& refused = GetParam();
  link(std::string(refused.line) + "\nconnect = \"dr:7700\"\ntls = { psk_file = \"/k\" }\n");
  expect_error(std::string("/etc/main.toml:2: link.dr.") + refused.key + ": ", refused.part);
  EXPECT_NE(errors().find("; allowed: "), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    OfLink, RefusedValue,
    ::testing::Values(
        Refused{"memlimit = 5", "memlimit", "5 (a number) is not allowed"},
        Refused{"memlimit = \"15MiB\"", "memlimit", "a size from \"16MiB\""},
        Refused{"memlimit = \"1 parsec\"", "memlimit", "\"parsec\" is not a unit"},
        Refused{"memlimit = \"99999999TiB\"", "memlimit", "too large"},
        Refused{"memlimit = 1979-05-27", "memlimit", "a date is not allowed"},
        Refused{"compression = \"gzip\"", "compression", "\"zstd:LEVEL\""},
        Refused{"compression = \"zstd:99\"", "compression", "-7 to 19"},
        Refused{"bandwidth = \"100\"", "bandwidth", "the unit is missing"},
        Refused{"bandwidth = \"100Mbps\"", "bandwidth", "write \"100mbit\" (bits) or \"100MB/s\""},
        Refused{"bandwidth = \"1bit\"", "bandwidth", "a rate from \"8kbit\""},
        Refused{"bandwidth = \"0mbit\"", "bandwidth", "\"unlimited\""},
        Refused{"bandwidth_schedule = \"mon 08:00-18:00 1mbit\"", "bandwidth_schedule", "a list"},
        Refused{"bandwidth_schedule = [\"mon 8-18 1mbit\"]", "bandwidth_schedule", "no times"},
        Refused{"lanes = 9", "lanes", "a whole number from 1 to 8"},
        Refused{"lanes = \"2\"", "lanes", "without quotes"},
        Refused{"lanes = 2.5", "lanes", "2.5 (a number)"},
        Refused{"heartbeat = 2", "heartbeat", "with its unit"},
        Refused{"heartbeat = \"2\"", "heartbeat", "the unit is missing"},
        Refused{"heartbeat = \"2m\"", "heartbeat", "from \"100ms\" to \"60s\""},
        Refused{"allow_plaintext = \"yes\"", "allow_plaintext", "true or false, without quotes"},
        Refused{"listen = \"dr.example.org:7700\"", "listen", "not a numeric IP address"},
        Refused{"listen = \"192.0.2.1\"", "listen", "has no port"},
        Refused{"listen = \"[fe80::1]:7700\"", "listen", "needs its interface"},
        Refused{"listen = \"[fe80::1%a/b]:7700\"", "listen",
                "\"a/b\" is not the name of an interface"},
        Refused{"source = \"fe80::1%\"", "source", "\"\" is not the name of an interface"},
        Refused{"listen = \"192.0.2.1:0\"", "listen", "the port is 0"},
        Refused{"listen = \"2001:db8::1:7700\"", "listen", "in brackets"},
        Refused{"source = \"192.0.2.1:7700\"", "source", "a numeric address"},
        Refused{"congestion = \"../etc\"", "congestion", "the name of an algorithm"},
        Refused{"notify = \"/bin/true\"", "notify", "a list of strings"},
        Refused{"notify = [\"true\"]", "notify", "full path"},
        Refused{"notify = [1]", "notify", "a list of strings"}));

class Scopes : public ConfigCase {};

TEST_F(Scopes, NameOrNumberOfAnInterface) {
  for (const char* zone : {"lo", "1"}) {
    link(std::string("listen = \"[fe80::1%") + zone +
         "]:7700\"\nconnect = \"[fe80::2%lo]:7700\"\ntls = { psk_file = \"/k\" }\n");
    const LinkConfig link = good_link();
    EXPECT_EQ(to_string(*link.listen), "[fe80::1%lo]:7700");
    EXPECT_EQ(to_string(link.connect.at(0)), "[fe80::2%lo]:7700");
    sources_.clear();
  }
}
// A VPN's comes with the VPN: the node starts, and waits for it. A misspelt one is seen all the
// same.
TEST_F(Scopes, AnInterfaceThatIsNotThereIsAWarning) {
  link(
      "listen = \"[fe80::1%nic7]:7700\"\nsource = \"fe80::1%nic8\"\n"
      "connect = \"[fe80::2%nic9]:7700\"\ntls = { psk_file = \"/k\" }\n");
  EXPECT_EQ(to_string(*good_link().listen), "[fe80::1%nic7]:7700");
  EXPECT_TRUE(good_link().listen->awaits_interface());
  for (const char* name : {"nic7", "nic8", "nic9"}) {
    const std::string words = std::string("there is no interface \"") + name + "\" now";
    EXPECT_NE(warnings().find(words + ": it is waited for"), std::string::npos) << name;
  }
}
TEST_F(Scopes, ConnectNeedsTheInterfaceToo) {
  link("connect = \"[fe80::2]:7700\"\ntls = { psk_file = \"/k\" }\n");
  expect_error("/etc/main.toml:2: link.dr.connect: ", "needs its interface");
}

class RefusedConnect : public ConfigCase, public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedConnect, IsOneError) {
  link(std::string("connect = ") + GetParam() + "\ntls = { psk_file = \"/k\" }\n");
  expect_error("/etc/main.toml:2: link.dr.connect: ", "; allowed: a name or address and a port");
}
INSTANTIATE_TEST_SUITE_P(Forms, RefusedConnect,
                         ::testing::Values("[]", "7700", "\"dr\"", "\"dr:0\"", "[\"a:1\", 5]",
                                           "[\"a:1\", \"a:1\"]", "\"a b:1\"", "{ host = \"a\" }"));

TEST_F(ConfigCase, LongTextIsCutInTheMessage) {
  link_with("compression = \"" + std::string(5000, 'x') + "\"\n");
  EXPECT_LT(errors().size(), 500U);
}

TEST_F(ConfigCase, PathOfControlSocketFitsTheKernel) {
  smallest_and("[node]\ncontrol = \"/" + std::string(107, 'x') + "\"\n");
  expect_error("/etc/main.toml:8: node.control: ", "at most 107 bytes");
}

}  // namespace
}  // namespace longthrow
