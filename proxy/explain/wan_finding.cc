// SPDX-License-Identifier: Apache-2.0
// Frames wait for the WAN: its rate, its losses, or a window of TCP that is too small.
#include <algorithm>

#include "proxy/base/human.h"
#include "proxy/base/log.h"
#include "proxy/explain/finding.h"

namespace longthrow::explain {
namespace {

// Of the time in which TCP was busy.
constexpr double kWindowShareMin = 0.5;
// A full queue of a router drops packets, too. That is a full WAN. Losses are a cause of their own
// if they are many and there is no queue.
constexpr double kLossShareMin = 0.01;
constexpr double kQueueMsMin = 10.0;
constexpr double kQueueShareMin = 0.25;  // of the shortest round trip

bool has_queue(const Numbers& numbers) {
  const auto& tcp = numbers.tcp;
  if (!tcp.rtt_ms || !tcp.min_rtt_ms) return true;
  const double queue_ms = *tcp.rtt_ms - *tcp.min_rtt_ms;
  return queue_ms > std::max(kQueueMsMin, kQueueShareMin * *tcp.min_rtt_ms);
}

}  // namespace

Finding judge_wan(const std::string& name, const LinkStatus& link, const Numbers& numbers) {
  const auto& tcp = numbers.tcp;
  if (tcp.receive_window_share.value_or(0) >= kWindowShareMin) {
    return {Cause::receive_window, Side::peer,
            format("TCP waits for the peer's receive window {} of the time: raise "
                   "net.ipv4.tcp_rmem there, if its daemon has CPU to spare",
                   percent(*tcp.receive_window_share))};
  }
  if (tcp.send_buffer_share.value_or(0) >= kWindowShareMin) {
    return {Cause::send_buffer, Side::here,
            format("TCP's send buffer is too small for this round trip {} of the time: raise "
                   "net.ipv4.tcp_wmem here",
                   percent(*tcp.send_buffer_share))};
  }
  if (tcp.sent_again_share.value_or(0) >= kLossShareMin && !has_queue(numbers)) {
    return {Cause::loss, Side::here,
            format("the WAN loses packets: {} of what TCP sends is sent again, and no queue is "
                   "the reason",
                   percent(*tcp.sent_again_share))};
  }
  if (link.buffer.full && tcp.waiting_bytes == 0) {
    return {Cause::buffer_full, Side::here,
            format("all of the buffer is under way and not yet acknowledged, so it is too small "
                   "for this rate and round trip (`longthrow set {} memlimit SIZE` raises it)",
                   name)};
  }
  return {Cause::wan_full, Side::here, "the WAN is full and carries no more"};
}

}  // namespace longthrow::explain
