// SPDX-License-Identifier: Apache-2.0
// The TUN devices at both ends of the emulated WAN.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/error.h"
#include "tools/wanlink/fd.h"

namespace longthrow::wanlink {

// An interface's address: "10.77.0.1/24" or "fd77::1/64". Network byte order.
struct InterfaceAddress {
  int family = 0;  // AF_INET or AF_INET6
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t prefix_bits = 0;
};
[[nodiscard]] Result<InterfaceAddress> parse_interface_address(std::string_view text);

struct DeviceOptions {
  std::string name;
  std::vector<InterfaceAddress> addresses;
  int mtu = 1500;
};

// Makes the device in the calling thread's network namespace, brings it and lo up. The descriptor
// is non-blocking and exchanges frames (packet.h); closing it removes the device. On failure
// nothing but an lo that is up is left behind.
[[nodiscard]] Result<Fd> create_device(const DeviceOptions& options);

}  // namespace longthrow::wanlink
