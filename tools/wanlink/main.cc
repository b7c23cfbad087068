// SPDX-License-Identifier: Apache-2.0
// wanlink: emulates a WAN between two network namespaces.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "proxy/base/log.h"
#include "tools/wanlink/control_client.h"
#include "tools/wanlink/emulator.h"
#include "tools/wanlink/namespace.h"
#include "tools/wanlink/options.h"

namespace longthrow::wanlink {
namespace {

constexpr int kFailed = 1;
constexpr int kRealtimePriority = 10;

int complain(const Error& error) {
  std::cerr << "wanlink: " << error.message << '\n';
  return kFailed;
}

int send(const Options& options) {
  const auto answer = send_command(options.send_path, options.send_command);
  if (!answer) return complain(answer.error());
  std::cout << *answer << '\n';
  return answer->starts_with(R"({"ok":true)") ? 0 : kFailed;
}

// Signals that end the run come through a descriptor; blocked from before the child starts.
Fd take_signals() {
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, signal);
  ::sigprocmask(SIG_BLOCK, &ending, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return Fd(::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK));
}

Result<std::array<Fd, 2>> make_devices(const Options& options) {
  const auto home = current_network_namespace();
  if (!home) return std::unexpected(home.error());
  std::array<Fd, 2> devices;
  for (std::size_t side = 0; side < devices.size(); ++side) {
    const auto place = open_network_namespace(options.sides[side].network_namespace);
    if (!place) return std::unexpected(place.error());
    if (auto done = enter_network_namespace(*place); !done) return std::unexpected(done.error());
    auto device = create_device(options.sides[side].device);
    if (auto done = enter_network_namespace(*home); !done) return std::unexpected(done.error());
    if (!device) {
      return fail(format("side {} ({}): {}", side == 0 ? 'a' : 'b',
                         options.sides[side].network_namespace, device.error().message));
    }
    devices[side] = std::move(*device);
  }
  return devices;
}

Result<void> become_realtime() {
  const sched_param priority{.sched_priority = kRealtimePriority};
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) != 0) {
    return fail(format("--rt: {}. It needs the real root, or an rtprio limit (ulimit -r) of {}; "
                       "leave --rt out, and delays may be late on a busy machine",
                       std::strerror(errno), kRealtimePriority),
                errno);
  }
  // Best effort: a low memlock limit only costs exactness.
  ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  return {};
}

void say_ready(const Options& options) {
  if (options.ready_fd < 0) {
    std::cout << "ready" << std::endl;
    return;
  }
  constexpr std::string_view kReady = "READY=1\n";
  [[maybe_unused]] const auto written = ::write(options.ready_fd, kReady.data(), kReady.size());
  ::close(options.ready_fd);
}

void tell_statistics(const Options& options, const Link& link) {
  if (options.stats_json.empty()) {
    std::cerr << link.statistics_text();
    return;
  }
  const std::string json = link.statistics_json(monotonic_now()) + '\n';
  if (options.stats_json == "-") {
    std::cout << json << std::flush;
    return;
  }
  std::ofstream file(options.stats_json);
  if (!(file << json << std::flush)) {
    std::cerr << "wanlink: cannot write " << options.stats_json << '\n' << json;
  }
}

int run(const Options& options) {
  Fd signals = take_signals();
  auto devices = make_devices(options);
  if (!devices) return complain(devices.error());
  ::prctl(PR_SET_TIMERSLACK, 1);  // ns; the default of 50 us would be added to each delay

  int status = 0;
  {
    Emulator emulator(options.link, std::move(*devices), std::move(signals));
    if (!options.control.empty()) {
      if (auto done = emulator.control().open(options.control); !done)
        return complain(done.error());
    }
    if (options.realtime) {
      if (auto done = become_realtime(); !done) return complain(done.error());
    }
    say_ready(options);
    if (!options.command.empty()) {
      if (auto done = emulator.child().start(options.command); !done) return complain(done.error());
    }
    status = emulator.run();
    tell_statistics(options, emulator.link());
  }
  return status;
}

}  // namespace
}  // namespace longthrow::wanlink

int main(int argc, char** argv) {
  using namespace longthrow::wanlink;
  const auto options = parse_options(argc, argv);
  if (!options) return options.error().status;
  return options->send_path.empty() ? run(*options) : send(*options);
}
