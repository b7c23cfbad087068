// SPDX-License-Identifier: Apache-2.0
// Writes what is derived from the table of the status: the tables of docs/CONTROL.md and
// docs/METRICS.md. Run it by hand after a change of the table: update_status_reference SOURCE_DIR
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proxy/control/status_reference.h"

namespace {

bool update(const std::filesystem::path& path, const std::string& table) {
  std::ostringstream document;
  document << std::ifstream(path).rdbuf();
  const auto updated = longthrow::control::with_table(document.str(), table);
  if (!updated) {
    std::cerr << path << ": " << updated.error().message << "\n";
    return false;
  }
  std::ofstream(path) << *updated;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path source = argc == 2 ? argv[1] : SOURCE_DIR;
  const bool keys = update(source / "docs/CONTROL.md", longthrow::control::render_status_keys());
  const bool metrics = update(source / "docs/METRICS.md", longthrow::control::render_metrics());
  return keys && metrics ? 0 : 1;
}
