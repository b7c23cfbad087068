// SPDX-License-Identifier: Apache-2.0
// What must hold of the nodes themselves, beside the streams (tests/sim/ledger.h): bounded memory,
// the truth of the lag, no leaks, no protocol errors between honest nodes.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"
#include "tests/sim/cluster.h"

namespace longthrow::sim {

// G5: neither share is exceeded; may be asked at any moment.
void check_memory(Cluster& cluster, std::vector<std::string>& violations);
// G7: the lag of each node is at least what the other one cannot use of it.
void check_lag(Cluster& cluster, std::vector<std::string>& violations);
// After everything has settled: no channel, no byte, no operation is left.
void check_no_leaks(Cluster& cluster, std::vector<std::string>& violations);
// Log lines that honest nodes never cause, and error lines.
[[nodiscard]] bool is_protocol_error(LogLevel level, const std::string& line);

}  // namespace longthrow::sim
