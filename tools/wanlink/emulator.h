// SPDX-License-Identifier: Apache-2.0
// Joins the pure link to the world: two TUN devices, the control socket, signals, the command.
#pragma once

#include <sys/types.h>

#include <array>
#include <vector>

#include "tools/wanlink/child.h"
#include "tools/wanlink/control_server.h"
#include "tools/wanlink/fd.h"
#include "tools/wanlink/link.h"

namespace longthrow::wanlink {

[[nodiscard]] TimePoint monotonic_now();

class Emulator {
 public:
  // `devices` are those of sides a and b; `signals` a signalfd of the signals that end the run.
  Emulator(const LinkSettings& settings, std::array<Fd, 2> devices, Fd signals)
      : link_(settings, monotonic_now()),
        devices_(std::move(devices)),
        signals_(std::move(signals)),
        scratch_(kFrameBytesMax) {}

  [[nodiscard]] ControlServer& control() { return control_; }
  [[nodiscard]] Child& child() { return child_; }
  [[nodiscard]] const Link& link() const { return link_; }

  // Carries packets until a signal, "quit" or the end of the command. Returns the exit status.
  [[nodiscard]] int run();

 private:
  // Frames read from one device before the other directions get their turn.
  static constexpr int kReadsPerTurn = 64;

  void collect_polled();
  void wait();
  void read_frames(std::size_t from);
  void deliver(std::size_t to);

  Link link_;
  std::array<Fd, 2> devices_;
  Fd signals_;
  ControlServer control_;
  Child child_;
  std::vector<std::byte> scratch_;
  std::vector<pollfd> polled_;
};

}  // namespace longthrow::wanlink
