// SPDX-License-Identifier: Apache-2.0
// Virtual replication software, on the network's own sockets: what stands before and behind a pair
// of nodes. Both ends write what they did and saw into a Ledger, which judges.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/sim/ledger.h"
#include "tests/sim/network.h"

namespace longthrow::sim {

enum class SourceEnding : std::uint8_t {
  half_close,  // FIN, then reads until the other side ends
  close,       // at once, both ways; nobody waits for answers
  reset,       // RST
  hold,        // stays open and silent until `finish_held`
};

struct SourceOptions {
  HostId host = -1;
  Endpoint target;                 // the node's inside listener
  std::uint32_t first_number = 1;  // of its streams, unique in the world
  int streams_max = 1;             // one connection each, one after the other
  Duration retry_delay = std::chrono::milliseconds(500);  // after a refused or failed connection
  std::uint64_t bytes = 1 * kMiB;  // of each stream; where the ending happens
  std::uint64_t rate_bytes_s = 0;  // 0: as fast as it is accepted
  std::uint64_t burst_bytes = 64 * kKiB;
  std::size_t write_bytes_max = 64 * kKiB;
  double pause_ratio = 0;  // writes after which it thinks
  Duration pause_max = std::chrono::milliseconds(100);
  bool compressible = true;
  bool meta = false;                // like DRBD's meta stream
  bool reads_while_writing = true;  // else only once it has ended
  SourceEnding ending = SourceEnding::half_close;
};

// Connects, and again whenever a stream has ended or failed, until it has had `streams_max`.
class SourceApp final : private SocketWatcher {
 public:
  SourceApp(SimNetwork& network, Ledger& ledger, SourceOptions options);
  ~SourceApp();
  SourceApp(const SourceApp&) = delete;
  SourceApp& operator=(const SourceApp&) = delete;

  // No stream is open and none will be.
  [[nodiscard]] bool finished() const { return socket_ == 0 && streams_ >= options_.streams_max; }
  [[nodiscard]] int streams() const { return streams_; }
  [[nodiscard]] std::uint64_t failed_connects() const { return failed_connects_; }
  // The stream of now, nullptr between two; and the last one, whatever has become of it.
  [[nodiscard]] const ChannelRecord* channel() const { return channel_; }
  [[nodiscard]] const ChannelRecord* latest_channel() const { return latest_; }
  // Of it: what the node's kernel has acknowledged (for the truth of lag).
  [[nodiscard]] std::uint64_t acknowledged_bytes() const;
  [[nodiscard]] std::uint16_t route_port() const { return options_.target.port; }
  // Of its connection: as the node's status calls it.
  [[nodiscard]] std::string address() const;
  // Makes no further streams; the present one goes on.
  void stop() { options_.streams_max = streams_; }
  // Ends a stream that holds.
  void finish_held(SourceEnding ending);
  SourceOptions& options() { return options_; }

 private:
  void on_ready(NetId socket, unsigned readiness) override;
  void connect();
  void begin();
  void pump();
  [[nodiscard]] ByteView next_bytes(std::size_t most);
  void write();
  void read();
  void end(SourceEnding ending);
  void lose(int error);
  void leave();
  void later(Duration delay);
  [[nodiscard]] std::uint64_t allowance();

  SimNetwork& network_;
  SimWorld& world_;
  Ledger& ledger_;
  SourceOptions options_;
  RandomStream random_;
  NetId socket_ = 0;
  bool connected_ = false;
  bool ended_ = false;  // wrote its last
  bool peer_ended_ = false;
  int streams_ = 0;
  std::uint64_t failed_connects_ = 0;
  ChannelRecord* channel_ = nullptr;
  const ChannelRecord* latest_ = nullptr;
  std::optional<StreamChecker> answers_;
  TimePoint began_at_{};
  TimePoint pause_until_{};
  EventId timer_;
  // buffer_ holds [made_begin_, made_end_) of made_channel_.
  std::vector<std::byte> buffer_;
  const ChannelRecord* made_channel_ = nullptr;
  std::uint64_t made_begin_ = 0;
  std::uint64_t made_end_ = 0;
  std::vector<std::byte> read_buffer_;
};

struct TargetOptions {
  HostId host = -1;
  std::uint16_t port = 0;
  std::uint64_t rate_bytes_s = 0;  // at which each connection reads; 0: as fast as it comes
  double stall_ratio = 0;          // reads after which it stops for a while
  Duration stall_max = std::chrono::seconds(5);
  double answer_ratio = 0.05;         // bytes answered for each byte read
  double reset_ratio = 0;             // connections that it resets within `early_bytes_max`
  double hang_ratio = 0;              // connections that it stops reading for ever, as early
  double early_half_close_ratio = 0;  // connections on which it ends its answers early
  std::uint64_t early_bytes_max = 1 * kMiB;
};

// Listens, checks each connection's stream, answers, and ends after the end.
class TargetApp final : private SocketWatcher {
 public:
  TargetApp(SimNetwork& network, Ledger& ledger, TargetOptions options);
  ~TargetApp();
  TargetApp(const TargetApp&) = delete;
  TargetApp& operator=(const TargetApp&) = delete;

  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] std::size_t open_connections() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t connections() const { return connections_; }
  // What its kernel has of a stream, whether it was read or not; and had of all that it ever took.
  [[nodiscard]] std::uint64_t received_bytes(const ChannelRecord& channel) const;
  [[nodiscard]] std::uint64_t received_bytes() const;
  // Of connections that have not read enough to know their streams.
  [[nodiscard]] std::uint64_t unnamed_bytes() const;
  // Nobody reads until then.
  void stall(TimePoint until);
  // Ends the programs that hang, as an administrator does.
  void end_hung();
  // Ends its own half of all connections that it has, and reads on.
  void half_close_all();
  // Resets all connections that it has, as a program that dies does.
  void reset_all();
  // Refuses connections, or takes them again.
  void listen(bool on);
  TargetOptions& options() { return options_; }

 private:
  struct Session;
  void on_ready(NetId socket, unsigned readiness) override;
  void accept_all();
  void pump(NetId socket);
  void read(Session& session);
  void answer(Session& session);
  void lose(Session& session, int error);
  void remove(Session& session, CloseMode mode);
  void half_close(Session& session);
  void later(Session& session, Duration delay);

  SimNetwork& network_;
  SimWorld& world_;
  Ledger& ledger_;
  TargetOptions options_;
  RandomStream random_;
  NetId listener_ = 0;
  TimePoint stalled_until_{};
  std::uint64_t connections_ = 0;
  std::uint64_t ended_bytes_ = 0;  // received by connections that have ended
  std::map<NetId, std::unique_ptr<Session>> sessions_;
  std::vector<std::byte> buffer_;
};

}  // namespace longthrow::sim
