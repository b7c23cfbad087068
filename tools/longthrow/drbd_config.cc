// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/drbd_config.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "proxy/base/log.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it said

namespace longthrow::cli {
namespace {

namespace tree = boost::property_tree;

constexpr std::size_t kXmlBytesMax = 16 << 20;

std::string attribute(const tree::ptree& node, const std::string& name) {
  return node.get<std::string>("<xmlattr>." + name, "");
}

void read_sections(const tree::ptree& parent, DrbdResource& resource) {
  for (const auto& [name, node] : parent) {
    if (name != "section") continue;
    DrbdResource::Options& options = resource.sections[attribute(node, "name")];
    for (const auto& [kind, option] : node) {
      if (kind == "option") options[attribute(option, "name")] = attribute(option, "value");
    }
  }
}

// A host has one address, or one for each of its connections; with a proxy also `inside`.
void read_addresses(const tree::ptree& parent, std::set<std::string>& addresses) {
  for (const auto& [name, node] : parent) {
    if (name == "address" || name == "inside") {
      const bool six = attribute(node, "family") == "ipv6";
      const std::string host = node.get_value<std::string>();
      addresses.insert((six ? "[" + host + "]" : host) + ":" + attribute(node, "port"));
    } else if (name != "<xmlattr>") {
      read_addresses(node, addresses);
    }
  }
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 16384> chunk{};
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > kXmlBytesMax) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

// What the program prints; its errors go where ours go.
Result<std::string> output_of(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int spawned = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text = spawned == 0 ? read_all(ends[0]) : std::string();
  ::close(ends[0]);
  if (spawned != 0) return fail(format("{}: {}", words[0], std::strerror(spawned)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(format("{} failed (status {})", words[0],
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
  }
  return text;
}

}  // namespace

std::string DrbdResource::option(const std::string& section, const std::string& key) const {
  const auto options = sections.find(section);
  if (options == sections.end()) return {};
  const auto value = options->second.find(key);
  return value == options->second.end() ? std::string() : value->second;
}

Result<std::vector<DrbdResource>> parse_drbd_xml(const std::string& xml) {
  tree::ptree document;
  try {
    std::istringstream text(xml);
    tree::read_xml(text, document, tree::xml_parser::trim_whitespace);
  } catch (const tree::xml_parser_error& error) {
    return fail(
        format("not the output of drbdadm dump-xml: line {}: {}", error.line(), error.message()));
  }
  // `dump-xml` prints a <config>, `dump-xml RESOURCE` what would be in it.
  const auto config = document.get_child_optional("config");
  if (!config && document.find("resource") == document.not_found()) {
    return fail("not the output of drbdadm dump-xml: neither <config> nor <resource>");
  }
  DrbdResource common;
  std::vector<DrbdResource> resources;
  for (const auto& [name, node] : config ? *config : document) {
    if (name == "common") read_sections(node, common);
    if (name != "resource") continue;
    DrbdResource& resource = resources.emplace_back();
    resource.name = attribute(node, "name");
    read_sections(node, resource);
    for (const auto& [kind, connection] : node) {
      if (kind == "connection") read_sections(connection, resource);
    }
    std::set<std::string> addresses;
    read_addresses(node, addresses);
    resource.addresses.assign(addresses.begin(), addresses.end());
  }
  for (DrbdResource& resource : resources) {
    for (const auto& [section, options] : common.sections) {
      resource.sections[section].insert(options.begin(), options.end());
    }
  }
  return resources;
}

Result<std::string> read_drbd_xml(const std::string& file) {
  if (file.empty()) return output_of({"drbdadm", "dump-xml"});
  std::ifstream stream(file, std::ios::binary);
  char first = 0;
  if (!stream.get(first)) return fail(format("{}: cannot be read, or is empty", file));
  if (first != '<') return output_of({"drbdadm", "-c", file, "dump-xml"});
  stream.seekg(0);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace longthrow::cli
