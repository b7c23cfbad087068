// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"

namespace longthrow::wanlink {
namespace {

std::string path_of(const std::string& name) {
  if (name.find('/') != name.npos) return name;
  const bool number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  return number ? "/proc/" + name + "/ns/net" : "/run/netns/" + name;
}

Result<Fd> open_path(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.valid()) return fd;
  const int error = errno;
  return fail(format("{}: {}", path, std::strerror(error)), error);
}

}  // namespace

Result<Fd> open_network_namespace(const std::string& name) {
  auto fd = open_path(path_of(name));
  if (fd) return fd;
  return fail(
      format("cannot open the network namespace \"{}\" ({}). Give the PID of a process in it, "
             "a path such as /proc/PID/ns/net, or a name that \"ip netns list\" shows",
             name, fd.error().message),
      fd.error().os_errno);
}

Result<Fd> current_network_namespace() { return open_path("/proc/self/ns/net"); }

Result<void> enter_network_namespace(const Fd& network_namespace) {
  if (::setns(network_namespace.get(), CLONE_NEWNET) == 0) return {};
  const int error = errno;
  if (error == EPERM) {
    return fail(
        "no right to enter the network namespace. Be root, or make the namespaces and run "
        "wanlink inside one user namespace of your own: run under: unshare -Urn",
        error);
  }
  return fail(format("cannot enter the network namespace: {}", std::strerror(error)), error);
}

}  // namespace longthrow::wanlink
