// SPDX-License-Identifier: Apache-2.0
// A simulated DRBD 8.4 on one side of a pair of nodes: its two connections, their handshake, its
// pings. What it does with its disk is its role's (tests/sim/drbd_role.h). Whatever goes wrong, it
// drops both connections and tries again.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "tests/sim/drbd_connector.h"
#include "tests/sim/drbd_primary.h"
#include "tests/sim/drbd_secondary.h"

namespace longthrow::sim {

struct DrbdNodeOptions {
  DrbdConnectOptions connect;
  std::uint32_t protocol_max = 101;
  Duration ping_interval = std::chrono::seconds(10);  // of silence on the meta stream
  Duration extra_pings_every{0};   // on the average, whether others are answered or not; 0: none
  std::uint64_t read_bytes_s = 0;  // at which it reads its data stream; 0: as fast as it comes
  DrbdProgramOptions program;      // the primary's
  Duration disk_delay{0};          // the secondary's
};

enum class DrbdPart : std::uint8_t { primary, secondary };

class DrbdNode final : private DrbdWires, private SocketWatcher {
 public:
  DrbdNode(SimNetwork& network, DrbdTruth& truth, DrbdPart part, DrbdNodeOptions options);
  ~DrbdNode() { stop(); }
  DrbdNode(const DrbdNode&) = delete;
  DrbdNode& operator=(const DrbdNode&) = delete;

  // As an administrator connects and disconnects it.
  void start();
  void stop();
  // Its disk takes nothing until then: the data stream is not read.
  void stall_data(TimePoint until);

  // Both sides have said their states.
  [[nodiscard]] bool connected() const { return stage_ == Stage::connected; }
  [[nodiscard]] DrbdPrimary& primary() { return *primary_; }
  [[nodiscard]] DrbdSecondary& secondary() { return *secondary_; }
  DrbdNodeOptions& options() { return options_; }
  struct Counters {
    int connects = 0;  // that came to be connected
    int drops = 0;     // of those
    int ping_timeouts = 0;
    int crossed = 0;
    std::uint64_t pings = 0;
    std::uint64_t ping_acks = 0;
    std::uint64_t data_bytes = 0;  // read from data streams
  };
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] std::size_t pings_open() const { return pings_.size(); }
  // Of the last connection: why it ended, and how its data stream did.
  [[nodiscard]] const std::string& last_drop() const { return last_drop_; }
  [[nodiscard]] bool data_was_reset() const { return data_was_reset_; }
  // Of its data stream that stands: what the node's kernel has acknowledged.
  [[nodiscard]] std::uint64_t given_bytes() const {
    return data_ != nullptr ? network_.acknowledged_bytes(data_->socket()) : 0;
  }

 private:
  enum class Stage : std::uint8_t { away, connecting, features, reports, connected };
  void on_ready(NetId socket, unsigned readiness) override;
  void send_data(DrbdCommand command, const DrbdPayload& payload) override;
  void send_meta(DrbdCommand command, const DrbdPayload& payload) override;
  [[nodiscard]] std::size_t queued_bytes() const override { return data_->queued_bytes(); }
  [[nodiscard]] std::uint64_t sent_bytes() const override { return data_->sent_bytes(); }

  void on_pair(DrbdStreamPtr data, DrbdStreamPtr meta);
  void pump_data();
  [[nodiscard]] std::size_t may_read();
  void pump_meta();
  void on_data(const DrbdPacket& packet);
  void on_meta(const DrbdPacket& packet);
  void on_features(const DrbdPacket& packet);
  void be_connected();
  void limit(Duration time, const char* stage);
  void ping();
  void heed_pings();
  void ping_now_and_then();
  void drop(std::string why);
  void let_go();

  SimNetwork& network_;
  SimWorld& world_;
  DrbdTruth& truth_;
  DrbdNodeOptions options_;
  RandomStream random_;
  DrbdConnector connector_;
  std::unique_ptr<DrbdPrimary> primary_;
  std::unique_ptr<DrbdSecondary> secondary_;
  DrbdRole* role_ = nullptr;
  Stage stage_ = Stage::away;
  DrbdHeader header_ = DrbdHeader::of_8_bytes;
  DrbdStreamPtr data_;
  DrbdStreamPtr meta_;
  TimePoint stalled_until_{};
  TimePoint reading_since_{};
  TimePoint meta_heard_at_{};
  std::deque<TimePoint> pings_;  // without an answer
  Counters counters_;
  std::string last_drop_;
  bool data_was_reset_ = false;
  EventId limit_timer_;
  EventId ping_timer_;
  EventId extra_timer_;
  EventId read_timer_;
};

}  // namespace longthrow::sim
