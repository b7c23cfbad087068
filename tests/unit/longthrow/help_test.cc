// SPDX-License-Identifier: Apache-2.0
// Help, completion and manual page say the same.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <sstream>

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {
namespace {

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(SOURCE_DIR "/" + path).rdbuf();
  return out.str();
}

std::vector<const CLI::App*> commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// "--save", "-o" of a command; what every command has is left to the front.
std::vector<std::string> own_options(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* group : commands(app)) {
    for (std::string& option : own_options(*group)) out.push_back(std::move(option));
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    for (const std::string& name : option->get_snames()) {
      if (name != "h") out.push_back("-" + name);
    }
  }
  return out;
}

// The line of the completion that begins with `command)`, and what follows up to ";;".
std::string completion_of(const std::string& script, const std::string& command) {
  std::istringstream in(script);
  std::string found;
  for (std::string line; std::getline(in, line);) {
    const std::size_t end = line.find(") ");
    const std::size_t bare = line.ends_with(")") ? line.size() - 1 : end;
    if (line.starts_with("    ") && !line.starts_with("     ") && bare != std::string::npos) {
      std::istringstream names(line.substr(0, bare));
      found.clear();
      for (std::string name; names >> name;) {
        if (name == command) found = line;
      }
    }
    if (!found.empty() && line.find("options=") != std::string::npos) return line;
  }
  return {};
}

TEST(Help, EachCommandTeachesByExample) {
  CommandLine line;
  const auto app = make_app(line);
  for (const CLI::App* command : commands(*app)) {
    EXPECT_NE(command->help().find("longthrow " + command->get_name()), std::string::npos)
        << command->get_name();
    EXPECT_NE(command->help().find("--json"), std::string::npos) << command->get_name();
  }
}

TEST(Help, CompletionKnowsEveryCommandAndOption) {
  CommandLine line;
  const auto app = make_app(line);
  const std::string script = read_file("conf/completion/longthrow.bash");
  for (const CLI::App* command : commands(*app)) {
    const std::string part = completion_of(script, command->get_name());
    ASSERT_NE(part, "") << command->get_name();
    for (const std::string& option : own_options(*command)) {
      if (option == "--json" || option == "--help") continue;  // $common
      EXPECT_NE((part + " ").find(option), std::string::npos)
          << command->get_name() << " " << option;
    }
  }
}

TEST(Help, ManualPageKnowsEveryCommandAndOption) {
  CommandLine line;
  const auto app = make_app(line);
  std::string page = read_file("man/longthrow.1");
  std::erase(page, '\\');
  for (const CLI::App* command : commands(*app)) {
    EXPECT_NE(page.find(command->get_name()), std::string::npos) << command->get_name();
    for (const std::string& option : own_options(*command)) {
      EXPECT_NE(page.find(option), std::string::npos) << command->get_name() << " " << option;
    }
  }
}

}  // namespace
}  // namespace longthrow::cli
