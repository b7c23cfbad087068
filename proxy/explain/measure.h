// SPDX-License-Identifier: Apache-2.0
// What one look at a node shows in numbers, or two of them a second or so apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "longthrow/status.h"

namespace longthrow::explain {

// One look, or two. Refers to them.
class Looks {
 public:
  // Looks that are closer to each other show nothing.
  static constexpr double kSecondsMin = 0.1;

  // `before`: null if there was none. It is left aside if the node has restarted since, or if it is
  // too close.
  Looks(const Status* before, const Status& now);

  [[nodiscard]] const Status& now() const { return now_; }
  // Between both looks; 0: there is only one.
  [[nodiscard]] double seconds() const { return seconds_; }
  // Nothing: it was not there then.
  [[nodiscard]] const LinkStatus* link_before(const std::string& name) const;
  [[nodiscard]] const GroupStatus* group_before(const std::string& name) const;
  [[nodiscard]] const RouteStatus* route_before(const std::string& name) const;

 private:
  const Status* before_;
  const Status& now_;
  double seconds_ = 0.0;
};

// Of a link. Rates are those between the looks, or else the node's own; nothing: not known.
struct Numbers {
  double seconds = 0.0;  // between the looks; 0: one look
  std::optional<double> in_bytes_s;
  std::optional<double> out_bytes_s;        // on the wire
  std::optional<double> from_peer_bytes_s;  // on the wire
  std::optional<double> handed_bytes_s;     // to local targets
  std::optional<double> ratio;
  Lag lag;
  std::optional<double> lag_growth_bytes_s;
  std::optional<double> drain_s;
  std::optional<double> full_s;
  double buffer_share = 0.0;  // how full the send share is: 0 to 1
  std::uint64_t undelivered_bytes = 0;
  // What the peer has and its target has not acknowledged, as far as it has told, and how fast that
  // goes. Nothing: one look.
  std::optional<std::uint64_t> held_at_peer_bytes;
  double delivered_bytes_s = 0.0;

  // Of the bulk lanes, as their TCP says. Nothing: not known, or too little was sent to say.
  struct {
    std::optional<double> rtt_ms;  // the longest
    std::optional<double> min_rtt_ms;
    std::optional<double> sent_again_share;      // of the bytes sent between the looks
    std::optional<double> receive_window_share;  // of the time in which they were busy
    std::optional<double> send_buffer_share;
    std::uint64_t waiting_bytes = 0;  // above and in the sockets, not yet sent
  } tcp;
};

// REQUIRES: `name` is a link of looks.now().
[[nodiscard]] Numbers measure_link(const Looks& looks, const std::string& name);
// The same of a group, as far as it is known of one: what it gives and lags. The rest is its
// link's. REQUIRES: `name` is a group of looks.now().
[[nodiscard]] Numbers measure_group(const Looks& looks, const std::string& name);

}  // namespace longthrow::explain
