// SPDX-License-Identifier: Apache-2.0
// Writes what is derived from the table of options: conf/longthrow.toml and the options of
// man/longthrow.toml.5. Run it by hand after a change of the table: update_config_reference
// SOURCE_DIR
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proxy/config/reference.h"

int main(int argc, char** argv) {
  const std::filesystem::path source = argc == 2 ? argv[1] : LONGTHROW_SOURCE_DIR;
  std::ofstream(source / "conf/longthrow.toml") << longthrow::render_annotated_file();
  const auto page_path = source / "man/longthrow.toml.5";
  std::ostringstream page;
  page << std::ifstream(page_path).rdbuf();
  const auto updated = longthrow::with_man_options(page.str(), longthrow::render_man_options());
  if (!updated) {
    std::cerr << page_path << ": " << updated.error().message << "\n";
    return 1;
  }
  std::ofstream(page_path) << *updated;
  return 0;
}
