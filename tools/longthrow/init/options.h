// SPDX-License-Identifier: Apache-2.0
// What may be typed after `longthrow init`, as it was typed.
#pragma once

#include <string>
#include <vector>

namespace longthrow::cli {

struct InitOptions {
  std::string name;          // of this site's node
  std::string peer;          // of the peer's
  std::string dials;         // here, peer, both
  std::string address;       // where the peer reaches this site
  std::string peer_address;  // where this site reaches the peer
  std::vector<std::string> replicate;
  std::string server;  // here, peer
  std::string memlimit;
  std::string bandwidth;
  std::string writes;
  std::string outage;
  std::string directory = "/etc/longthrow";
  std::string join;  // the bundle of the other site
  bool force = false;
};

}  // namespace longthrow::cli
