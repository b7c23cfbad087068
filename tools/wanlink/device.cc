// SPDX-License-Identifier: Apache-2.0
// TUN devices, as Linux 4.x to 6.x has them.
//
// A descriptor stays tied to the network namespace in which TUNSETIFF was called, so the devices
// are made inside the namespaces and used from outside. IFF_VNET_HDR with TUNSETOFFLOAD makes the
// kernel hand over TCP super-packets instead of one packet for each read (performance: 5 times).
// ECN super-packets (TUN_F_TSO_ECN) are not asked for: the kernel then cuts those itself, by its
// own rules. The queue between kernel and reader (tx queue length) drops when it is full, like any
// device; it is made long, so that drops happen in the emulated queue, where they are counted.
// Addresses and sizes are set by rtnetlink: the ioctl for IPv6 addresses knows no IFA_F_NODAD, and
// duplicate detection would keep the address unusable for a second; the one for the queue length
// (SIOCSIFTXQLEN) is refused to the root of a user namespace.
#include "tools/wanlink/device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>

#include "proxy/base/log.h"

namespace longthrow::wanlink {
namespace {

constexpr std::uint32_t kTransmitQueuePackets = 4096;

std::unexpected<Error> fail_errno(std::string_view what) {
  const int error = errno;
  return fail(format("{}: {}", what, std::strerror(error)), error);
}

Result<Fd> open_tun() {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (fd.valid()) return fd;
  const int error = errno;
  if (error == ENOENT || error == ENXIO || error == ENODEV) {
    return fail(
        "there is no /dev/net/tun. Load the module (modprobe tun), or give the container the "
        "device (docker run --device /dev/net/tun ...)",
        error);
  }
  if (error == EACCES || error == EPERM) {
    return fail(
        "no right to open /dev/net/tun. Be root, or let everybody open it (it is harmless "
        "without rights over a namespace): chmod 0666 /dev/net/tun",
        error);
  }
  return fail(format("cannot open /dev/net/tun: {}", std::strerror(error)), error);
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

Result<void> attach(const Fd& tun, const std::string& name) {
  ifreq request = request_for(name);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
    if (errno == EBUSY) {
      return fail(format("there is a device {} in this namespace already: choose another name with "
                         "--device-a or --device-b",
                         name),
                  errno);
    }
    if (errno == EPERM) {
      return fail("no right to make a device in this namespace: run under: unshare -Urn", errno);
    }
    return fail_errno(format("cannot make the device {}", name));
  }
  if (::ioctl(tun.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) {
    return fail_errno("cannot switch on TCP offloads of the TUN device");
  }
  return {};
}

Result<void> bring_up(const Fd& socket, const std::string& name) {
  ifreq request = request_for(name);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return fail_errno(format("cannot look at the device {}", name));
  }
  if ((request.ifr_flags & IFF_UP) != 0) return {};
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return fail_errno(format("cannot bring up the device {}", name));
  }
  return {};
}

// One attribute of a rtnetlink request.
struct Attribute {
  rtattr header;
  std::array<std::uint8_t, 16> value;
};

void fill(Attribute& attribute, unsigned short type, std::span<const std::uint8_t> value) {
  attribute.header.rta_type = type;
  attribute.header.rta_len = static_cast<unsigned short>(RTA_LENGTH(value.size()));
  std::ranges::copy(value, attribute.value.begin());
}

// Sends a request (its header filled but for the flags) and waits for the kernel's verdict.
Result<void> ask_kernel(nlmsghdr& request, std::string_view what) {
  request.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  const Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    nlmsgerr error;
  } answer{};
  if (!netlink.valid() || ::send(netlink.get(), &request, request.nlmsg_len, 0) < 0 ||
      ::recv(netlink.get(), &answer, sizeof(answer), 0) < static_cast<ssize_t>(sizeof(answer))) {
    return fail_errno("cannot talk to the kernel about devices (rtnetlink)");
  }
  errno = -answer.error.error;
  if (errno != 0) return fail_errno(what);
  return {};
}

Result<void> set_number(const std::string& device, unsigned short type, std::uint32_t number) {
  struct {
    nlmsghdr header;
    ifinfomsg device;
    Attribute attribute;
  } request{};
  request.header.nlmsg_type = RTM_SETLINK;
  request.device.ifi_index = static_cast<int>(if_nametoindex(device.c_str()));
  std::array<std::uint8_t, sizeof(number)> value;
  std::memcpy(value.data(), &number, sizeof(number));
  fill(request.attribute, type, value);
  request.header.nlmsg_len =
      static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(ifinfomsg)) + RTA_LENGTH(value.size()));
  return ask_kernel(request.header,
                    format("cannot set {} of {} to {}",
                           type == IFLA_MTU ? "the MTU" : "the queue length", device, number));
}

Result<void> add_address(const std::string& device, const InterfaceAddress& address) {
  const std::size_t address_bytes = address.family == AF_INET ? 4 : 16;
  struct {
    nlmsghdr header;
    ifaddrmsg address;
    Attribute local;
  } request{};
  request.header.nlmsg_type = RTM_NEWADDR;
  request.address.ifa_family = static_cast<std::uint8_t>(address.family);
  request.address.ifa_prefixlen = address.prefix_bits;
  request.address.ifa_flags = IFA_F_NODAD;
  request.address.ifa_index = if_nametoindex(device.c_str());
  fill(request.local, IFA_LOCAL, std::span(address.bytes).first(address_bytes));
  request.header.nlmsg_len =
      static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(ifaddrmsg)) + RTA_LENGTH(address_bytes));
  return ask_kernel(request.header, format("the address of {} was refused", device));
}

Result<void> configure(const DeviceOptions& options) {
  const auto mtu = static_cast<std::uint32_t>(options.mtu);
  if (auto done = set_number(options.name, IFLA_MTU, mtu); !done) return done;
  if (auto done = set_number(options.name, IFLA_TXQLEN, kTransmitQueuePackets); !done) return done;
  for (const InterfaceAddress& address : options.addresses) {
    if (auto done = add_address(options.name, address); !done) return done;
  }
  return {};
}

}  // namespace

Result<InterfaceAddress> parse_interface_address(std::string_view text) {
  InterfaceAddress address;
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  address.family = host.find(':') == host.npos ? AF_INET : AF_INET6;
  const int bits_max = address.family == AF_INET ? 32 : 128;
  int bits = -1;
  if (slash != text.npos) {
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
    if (parsed.ec != std::errc{} || parsed.ptr != end) bits = -1;
  }
  if (inet_pton(address.family, host.c_str(), address.bytes.data()) != 1 || bits < 0 ||
      bits > bits_max) {
    return fail(
        format("\"{}\" is not an address with a prefix, such as 10.77.0.1/24 or fd77::1/64", text));
  }
  address.prefix_bits = static_cast<std::uint8_t>(bits);
  return address;
}

Result<Fd> create_device(const DeviceOptions& options) {
  if (options.name.empty() || options.name.size() >= IFNAMSIZ) {
    return fail(format("\"{}\" is no device name: 1 to 15 characters", options.name));
  }
  auto tun = open_tun();
  if (!tun) return tun;
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_errno("cannot open a socket in the namespace");
  if (auto done = attach(*tun, options.name); !done) return std::unexpected(done.error());
  if (auto done = configure(options); !done) return std::unexpected(done.error());
  for (const std::string& name : {std::string("lo"), options.name}) {
    if (auto done = bring_up(socket, name); !done) return std::unexpected(done.error());
  }
  return tun;
}

}  // namespace longthrow::wanlink
