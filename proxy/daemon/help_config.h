// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace longthrow {

// Every key of the configuration file, from the table of options.
[[nodiscard]] std::string config_help();

}  // namespace longthrow
