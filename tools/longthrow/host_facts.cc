// SPDX-License-Identifier: Apache-2.0
// What the doctor reads of this host.
#include <fstream>
#include <sstream>

#include "tools/longthrow/doctor.h"

namespace longthrow::cli {
namespace {

std::string first_line(const char* path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::optional<std::uint64_t> third_number(const char* path) {
  std::istringstream words(first_line(path));
  std::uint64_t number = 0;
  for (int i = 0; i < 3; ++i) {
    if (!(words >> number)) return std::nullopt;
  }
  return number;
}

}  // namespace

HostFacts read_host_facts() {
  HostFacts host;
  host.congestion_controls = first_line("/proc/sys/net/ipv4/tcp_available_congestion_control");
  host.tcp_wmem_max = third_number("/proc/sys/net/ipv4/tcp_wmem");
  host.tcp_rmem_max = third_number("/proc/sys/net/ipv4/tcp_rmem");
  std::istringstream version(first_line("/proc/drbd"));  // "version: 8.4.11 (api:...)"
  std::string word;
  if (version >> word && word == "version:") version >> host.drbd_version;
  return host;
}

}  // namespace longthrow::cli
