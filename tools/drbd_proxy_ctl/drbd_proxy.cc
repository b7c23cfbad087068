// SPDX-License-Identifier: Apache-2.0
// `drbd-proxy --version`: LINSTOR allows a proxy on nodes where this program says a version. The
// daemon itself is longthrowd.
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  const char* wish = argc > 1 ? argv[1] : "";
  if (std::strcmp(wish, "--version") == 0 || std::strcmp(wish, "-v") == 0) {
    // The number is that of the DRBD Proxy whose commands drbd-proxy-ctl takes.
    std::puts("drbd-proxy 4.0.0, Longthrow " LONGTHROW_VERSION " in its place");
    return 0;
  }
  const bool help = std::strcmp(wish, "--help") == 0 || std::strcmp(wish, "-h") == 0;
  std::fputs(
      "drbd-proxy: on this machine Longthrow stands in the place of DRBD Proxy.\n"
      "  drbd-proxy --version         what LINSTOR asks\n"
      "  systemctl start longthrowd   the daemon\n"
      "  drbd-proxy-ctl --help        the commands of DRBD Proxy\n"
      "  longthrow --help             more\n",
      help ? stdout : stderr);
  return help ? 0 : 2;
}
