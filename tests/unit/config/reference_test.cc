// SPDX-License-Identifier: Apache-2.0
// conf/ and the manual page say what the table of options says. When one of these tests fails after
// a change of the table, run `update_config_reference`.
#include "proxy/config/reference.h"

#include <regex>
#include <set>

#include "proxy/config/fields.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

const std::filesystem::path kSource = LONGTHROW_SOURCE_DIR;
const std::filesystem::path kConf = kSource / "conf";

// The parser itself is asked: it knows each key that the page describes.
class PageAndParser : public ConfigCase {
 protected:
  // What the parser says of `line` in the table of `section`.
  std::string said_of(Section section, const std::string& line) {
    static const std::map<Section, std::string> tables{
        {Section::node, "[node]\n"},
        {Section::link, ""},
        {Section::route, "[route.r1]\nlink = \"dr\"\n"},
        {Section::group, "[group.r0]\n"},
        {Section::drbd_proxy, "[drbd-proxy]\n"}};
    ConfigCase::file("/etc/main.toml",
                     section == Section::link
                         ? "[link.dr]\n" + line + kRoute
                         : "[link.dr]\n" + std::string(kLink) + kRoute + tables.at(section) + line);
    return joined_errors();
  }
  std::string joined_errors() {
    std::string said = errors();
    sources_.clear();
    return said;
  }
  static constexpr const char* kLink = "listen = \"192.0.2.1:7700\"\ntls = { psk_file = \"/k\" }\n";
  static constexpr const char* kRoute = "[route.r0]\nlink = \"dr\"\nlisten = \"127.0.0.1:7788\"\n";
};

TEST_F(PageAndParser, AgreeOnEachKey) {
  const std::string page = read_text(kSource / "man/longthrow.toml.5");
  for (const Option& option : options()) {
    const std::string key(option.key);
    const std::string bold = std::regex_replace("\\fB" + key + "\\fR\n", std::regex("-"), "\\-");
    const bool described = page.find(bold) != std::string::npos;
    EXPECT_TRUE(described) << key;
    const std::string said =
        said_of(option.section, key + " = 1979-05-27\n");  // no key takes a date
    EXPECT_NE(said.find(key), std::string::npos) << key << ": " << said;
    EXPECT_EQ(said.find("unknown key"), std::string::npos) << said;
  }
}

TEST(ConfReference, AnnotatedFileIsMadeFromTheTable) {
  EXPECT_EQ(read_text(kConf / "longthrow.toml"), render_annotated_file());
}

// Read as a stranger would: "key = value" lines, commented or not, under their table.
TEST(ConfReference, AnnotatedFileHasEveryKeyWithItsDefault) {
  std::istringstream lines(read_text(kConf / "longthrow.toml"));
  std::map<std::string, std::string> values;
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex(R"((# )?\[(set\.)?([\w-]+).*\])"))) {
      table = match[2].str() + match[3].str();
    } else if (std::regex_match(line, match, std::regex(R"((# )?([a-z_.]+) = (.*))"))) {
      values.emplace(table + "." + match[2].str(), match[3].str());
    }
  }
  std::size_t count = 0;
  for (const Option& option : options()) {
    const std::string key =
        std::string(section_name(option.section)) + "." + std::string(option.key);
    ++count;
    ASSERT_TRUE(values.contains(key)) << key;
    if (option.default_text.empty()) continue;
    EXPECT_EQ(values[key], default_toml(option)) << key;
  }
  EXPECT_EQ(count, 54U);
}

TEST(ConfReference, ManualPageIsMadeFromTheTable) {
  const std::string page = read_text(kSource / "man" / "longthrow.toml.5");
  EXPECT_EQ(page, with_man_options(page, render_man_options()).value());
}

TEST(ConfReference, HelpNamesEveryOption) {
  const std::string help = render_reference();
  for (const Option& option : options()) {
    EXPECT_NE(help.find("\n  " + std::string(option.key) + "\n"), std::string::npos) << option.key;
  }
}

TEST(OptionTable, EveryRowIsComplete) {
  for (const Option& option : options()) {
    EXPECT_FALSE(option.doc.empty()) << option.key;
    EXPECT_TRUE(option.assign != nullptr && option.show != nullptr) << option.key;
    EXPECT_NE(option.default_text.empty(), option.default_note.empty()) << option.key;
    EXPECT_FALSE(option.default_text.empty() && option.example.empty()) << option.key;
  }
}

template <typename T>
void expect_defaults(Section section, std::set<std::string> except = {}) {
  T from_table;
  assign_defaults(section, &from_table);
  const T from_struct;
  for (const Option& option : section_options(section)) {
    if (option.show == nullptr || except.contains(std::string(option.key))) continue;
    EXPECT_EQ(option.show(option, &from_table), option.show(option, &from_struct)) << option.key;
  }
}
TEST(OptionTable, DefaultsAreThoseOfTheStructs) {
  expect_defaults<NodeConfig>(Section::node);
  expect_defaults<LinkConfig>(Section::link, {"memlimit"});
  expect_defaults<RouteConfig>(Section::route);
  expect_defaults<GroupConfig>(Section::group);
  expect_defaults<DrbdProxyConfig>(Section::drbd_proxy);
}

class Example : public ConfigCase, public ::testing::WithParamInterface<const char*> {};
TEST_P(Example, LoadsWithoutAWarning) {
  host_name_ = "alpha";
  const std::filesystem::path path = kConf / GetParam();
  file(path.string(), read_text(path));
  EXPECT_EQ(warnings(), "");
}
INSTANTIATE_TEST_SUITE_P(
    Conf, Example,
    ::testing::Values("longthrow.toml", "examples/pair/alpha.toml", "examples/pair/beta.toml",
                      "examples/postgresql/primary.toml", "examples/postgresql/standby.toml",
                      "examples/three-sites/alpha.toml", "examples/three-sites/beta.toml",
                      "examples/three-sites/gamma.toml", "drbd/on-the-nodes/alpha.toml",
                      "drbd/on-the-nodes/beta.toml", "drbd/separate-hosts/alpha-proxy.toml",
                      "drbd/separate-hosts/beta-proxy.toml", "drbd/linstor/longthrow.toml",
                      "drbd/anvil/longthrow.toml"));

TEST(ConfExamples, NoneIsForgotten) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kConf)) {
    count += entry.path().extension() == ".toml" ? 1 : 0;
  }
  EXPECT_EQ(count, 14U);
}

// Nodes that are to work together need the same routes, and different names.
TEST(ConfExamples, PeersAgree) {
  const auto load = [](const char* name) {
    return parse_config({{name, read_text(kConf / name)}}, "host")->config;
  };
  for (const auto& [a, b] :
       {std::pair("examples/pair/alpha.toml", "examples/pair/beta.toml"),
        std::pair("examples/postgresql/primary.toml", "examples/postgresql/standby.toml"),
        std::pair("examples/three-sites/alpha.toml", "examples/three-sites/beta.toml"),
        std::pair("examples/three-sites/alpha.toml", "examples/three-sites/gamma.toml"),
        std::pair("drbd/on-the-nodes/alpha.toml", "drbd/on-the-nodes/beta.toml"),
        std::pair("drbd/separate-hosts/alpha-proxy.toml", "drbd/separate-hosts/beta-proxy.toml")}) {
    const Config here = load(a);
    const Config there = load(b);
    EXPECT_NE(here.node.name, there.node.name);
    for (const auto& [name, route] : there.routes) {
      ASSERT_TRUE(here.routes.contains(name)) << a << " " << name;
      EXPECT_EQ(here.routes.at(name).protocol, route.protocol);
      EXPECT_EQ(here.routes.at(name).group, route.group);
      EXPECT_EQ(here.links.at(here.routes.at(name).link).tls, there.links.at(route.link).tls);
    }
  }
}

}  // namespace
}  // namespace longthrow
