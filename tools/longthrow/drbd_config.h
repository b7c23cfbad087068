// SPDX-License-Identifier: Apache-2.0
// DRBD's configuration, as `drbdadm dump-xml` prints it (drbd-utils 9.22; drbdadm-84 prints the
// same form).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "longthrow/error.h"

namespace longthrow::cli {

struct DrbdResource {
  using Options = std::map<std::string, std::string>;

  std::string name;
  std::vector<std::string> addresses;       // "192.0.2.1:7788", of all hosts
  std::map<std::string, Options> sections;  // net, disk, handlers; with what `common` says

  // "" if it is not set.
  [[nodiscard]] std::string option(const std::string& section, const std::string& key) const;
};

[[nodiscard]] Result<std::vector<DrbdResource>> parse_drbd_xml(const std::string& xml);

// What drbdadm says of `file`, or of its own configuration if that is empty. A file that holds the
// output of dump-xml is taken as it is.
[[nodiscard]] Result<std::string> read_drbd_xml(const std::string& file);

}  // namespace longthrow::cli
