// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/load.h"

#include "proxy/base/log.h"
#include "proxy/config/options.h"
#include "proxy/config/relations.h"
#include "proxy/config/suggest.h"

namespace longthrow {
namespace {

class Parser {
 public:
  explicit Parser(const NodeFolders& folders);
  LoadResult parse(const std::vector<SourceText>& sources, std::string_view host_name);

 private:
  // One table of the file that has a struct: where it is, and the struct.
  struct Place {
    Section section;
    std::string path;  // "link.dr"
    Subject subject;
  };
  void add_file(const Value& root);
  void add_named_tables(Section section, const Entry& entry);
  void add_overrides(const Entry& entry);
  template <typename T>
  void add_table(Section section, std::string path, const Entry& entry, T& target);
  void add_entries(const Place& place, const Value::Table& table, const std::string& prefix);
  void assign(const Place& place, const Option& option, const Entry& entry);
  void refuse_key(const Place& place, const std::string& key, const Entry& entry,
                  const std::string& prefix);
  void apply_overrides();
  void complete(std::string_view host_name);

  // False, with an error, when another file has defined `path` (within one file, TOML refuses it).
  bool define(const std::string& path, const Origin& origin);
  // The entry as a table; null, with an error, when it is none.
  const Value::Table* table_of(const Entry& entry, const std::string& path);

  struct Override {
    std::string link;
    Entry entry;
  };
  Config config_;
  Origins origins_;
  Report report_;
  std::vector<Override> overrides_;
  std::map<std::string, GroupConfig> group_tables_;
};

Parser::Parser(const NodeFolders& folders) {
  assign_defaults(Section::node, &config_.node);
  assign_defaults(Section::drbd_proxy, &config_.drbd_proxy);
  if (!folders.runtime.empty()) config_.node.control = folders.runtime + "/control.sock";
  if (!folders.state.empty()) config_.node.state_dir = folders.state;
}

bool Parser::define(const std::string& path, const Origin& origin) {
  if (!origins_.contains(path)) {
    origins_.add(path, origin);
    return true;
  }
  const Origin first = origins_.find(path);
  report_.error(origin, path,
                format("[{}] is defined twice: in {}:{} and in {}:{}; keep one", path, first.file,
                       first.line, origin.file, origin.line));
  return false;
}

const Value::Table* Parser::table_of(const Entry& entry, const std::string& path) {
  const auto* table = entry.value.get_if<Value::Table>();
  if (table == nullptr) {
    report_.error(entry.origin, path,
                  format("{} is not allowed here; allowed: a table", describe(entry.value)));
  }
  return table;
}

void Parser::add_file(const Value& root) {
  static const std::vector<std::string> kTables = {"node", "link", "route", "group", "drbd-proxy"};
  for (const Entry& entry : std::get<Value::Table>(root.data)) {
    if (entry.key == "node") {
      add_table(Section::node, "node", entry, config_.node);
    } else if (entry.key == "link") {
      add_named_tables(Section::link, entry);
    } else if (entry.key == "route") {
      add_named_tables(Section::route, entry);
    } else if (entry.key == "group") {
      add_named_tables(Section::group, entry);
    } else if (entry.key == "set") {
      add_overrides(entry);
    } else if (entry.key == section_name(Section::drbd_proxy)) {
      add_table(Section::drbd_proxy, entry.key, entry, config_.drbd_proxy);
    } else {
      std::string hint = did_you_mean(entry.key, kTables);
      for (const Option& option : options()) {
        if (option.key != entry.key || entry.value.get_if<Value::Table>() != nullptr) continue;
        hint = format("; this key belongs into {}", section_header(option.section));
        break;
      }
      report_.error(entry.origin, entry.key,
                    format("unknown{}{}", hint,
                           hint.starts_with("; did")
                               ? ""
                               : "; allowed: [node], [link.NAME], [route.NAME], [group.NAME], "
                                 "[drbd-proxy]"));
    }
  }
}

void Parser::add_named_tables(Section section, const Entry& entry) {
  const std::string kind(section_name(section));
  const auto* tables = table_of(entry, kind);
  if (tables == nullptr) return;
  for (const Entry& named : *tables) {
    const std::string path = kind + "." + named.key;
    if (named.value.get_if<Value::Table>() == nullptr &&
        find_option(section, named.key) != nullptr) {
      report_.error(named.origin, path,
                    format("[{}] needs a name: write [{}.NAME] above this key", kind, kind));
    } else if (!is_config_name(named.key)) {
      report_.error(named.origin, path,
                    "not a name; allowed: 1 to 64 letters, digits, '.', '_' or '-'");
    } else if (section == Section::link) {
      add_table(section, path, named, config_.links[named.key]);
    } else if (section == Section::route) {
      add_table(section, path, named, config_.routes[named.key]);
    } else {
      add_table(section, path, named, group_tables_[named.key]);
    }
  }
}

template <typename T>
void Parser::add_table(Section section, std::string path, const Entry& entry, T& target) {
  const auto* table = table_of(entry, path);
  if (!define(path, entry.origin) || table == nullptr) return;
  // Those of [node] are set already: the service manager has a word in them.
  if constexpr (!std::is_same_v<T, NodeConfig>) assign_defaults(section, &target);
  add_entries({section, std::move(path), &target}, *table, "");
}

void Parser::add_entries(const Place& place, const Value::Table& table, const std::string& prefix) {
  for (const Entry& entry : table) {
    const std::string key = prefix + entry.key;
    const Option* option = find_option(place.section, key);
    // A dot inside a quoted key is no path.
    if (option == nullptr || entry.key.find('.') != std::string::npos) {
      refuse_key(place, key, entry, prefix);
      continue;
    }
    origins_.add(place.path + "." + key, entry.origin);
    const auto* inner = entry.value.get_if<Value::Table>();
    if (option->type == ValueType::tls && inner != nullptr) {
      if (inner->empty()) origins_.add(place.path + "." + key + "{}", entry.origin);
      add_entries(place, *inner, key + ".");
    } else {
      assign(place, *option, entry);
    }
  }
}

void Parser::assign(const Place& place, const Option& option, const Entry& entry) {
  const auto result = option.assign(option, place.subject, entry.value);
  if (!result) {
    report_.error(entry.origin, format("{}.{}", place.path, option.key), result.error().message);
  }
}

void Parser::refuse_key(const Place& place, const std::string& key, const Entry& entry,
                        const std::string& prefix) {
  const auto known = keys_of(place.section, prefix);
  std::string hint = did_you_mean(entry.key, known);
  for (const Option& option : options()) {
    if (!hint.empty()) break;
    if (option.key == key)
      hint = format("; this key belongs into {}", section_header(option.section));
  }
  if (hint.empty()) {
    for (const std::string& name : known) hint += (hint.empty() ? "; allowed: " : ", ") + name;
  }
  report_.error(entry.origin, place.path + "." + key, "unknown key" + hint);
}

void Parser::add_overrides(const Entry& entry) {
  const auto* kinds = table_of(entry, "set");
  if (kinds == nullptr) return;
  for (const Entry& kind : *kinds) {
    if (kind.key != "link") {
      report_.error(kind.origin, "set." + kind.key, "unknown; allowed: [set.link.NAME]");
      continue;
    }
    const auto* links = table_of(kind, "set.link");
    if (links == nullptr) continue;
    for (const Entry& link : *links) {
      const std::string path = "set.link." + link.key;
      const auto* table = table_of(link, path);
      if (!define(path, link.origin) || table == nullptr) continue;
      for (const Entry& key : *table) overrides_.push_back({link.key, key});
    }
  }
}

// Runs after all files are read, so a [set.link.NAME] may come before its [link.NAME].
void Parser::apply_overrides() {
  for (const auto& [link, entry] : overrides_) {
    const Option* option = find_option(Section::link, entry.key);
    const std::string path = "set.link." + link;
    const auto found = config_.links.find(link);
    if (option == nullptr || !option->settable) {
      report_.error(entry.origin, path + "." + entry.key,
                    "this key cannot be set; allowed: memlimit, compression, bandwidth");
    } else if (found == config_.links.end()) {
      // No error: removing a link must not keep the daemon from starting.
      report_.warn(entry.origin, path,
                   format("there is no [link.{}] any more; it has no effect", link));
    } else {
      assign({Section::link, path, &found->second}, *option, entry);
    }
  }
}

void Parser::complete(std::string_view host_name) {
  for (auto& [name, route] : config_.routes) {
    if (route.group.empty()) route.group = name;
    const auto table = group_tables_.find(route.group);
    config_.groups[route.group] = table == group_tables_.end() ? GroupConfig{} : table->second;
  }
  for (const auto& [name, group] : group_tables_) {
    if (config_.groups.contains(name)) continue;
    const std::string path = "group." + name;
    report_.error(origins_.find(path), path, "no route has this group");
  }
  if (!config_.node.name.empty() || origins_.contains("node.name")) return;
  config_.node.name = host_name;
  if (!is_config_name(host_name) || host_name == "localhost") {
    report_.error(
        origins_.find("node"), "node.name",
        format("the host name \"{}\" cannot serve as the node's name; write one", host_name));
  }
}

LoadResult Parser::parse(const std::vector<SourceText>& sources, std::string_view host_name) {
  LT_ASSERT(!sources.empty());
  origins_.add("", {sources.front().file, 0});
  bool readable = true;
  for (const SourceText& source : sources) {
    report_.begin_file(source.file);
    const auto root = read_document(source, report_);
    if (root) add_file(*root);
    readable = readable && root.has_value();
  }
  // A file that is not TOML hides tables that others refer to: the checks would report false
  // errors.
  if (readable) {
    apply_overrides();
    complete(host_name);
    check_links(config_, origins_, report_);
    check_tls(config_, origins_, report_);
    check_routes(config_, origins_, report_);
    check_groups(config_, origins_, report_);
    check_listeners(config_, origins_, report_);
    check_drbd_proxy(config_, origins_, report_);
  }
  if (report_.has_errors()) return std::unexpected(report_.take_errors());
  return Loaded{std::move(config_), report_.take_warnings()};
}

}  // namespace

LoadResult parse_config(const std::vector<SourceText>& sources, std::string_view host_name,
                        const NodeFolders& folders) {
  return Parser(folders).parse(sources, host_name);
}

}  // namespace longthrow
