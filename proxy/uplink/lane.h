// SPDX-License-Identifier: Apache-2.0
// One TCP connection of a link, with its TLS engine. It sends and receives records.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/tls_engine.h"
#include "proxy/base/closing_list.h"
#include "proxy/session/out_stream.h"
#include "proxy/uplink/unread_watch.h"
#include "proxy/wire/record_reader.h"

namespace longthrow {

class Lane;

// Gets the events of a lane. First this is the object that waits for its hello, later its link.
class LaneHandler {
 public:
  virtual ~LaneHandler() = default;
  // TLS is up: records can be sent.
  virtual void on_lane_established(Lane& lane) = 0;
  // A returned error ends the lane, with that reason.
  [[nodiscard]] virtual Result<void> on_lane_record(Lane& lane, const wire::RecordView& record) = 0;
  // The lane has room for more records, after it had none.
  virtual void on_lane_room(Lane& lane) = 0;
  // All records of one receive were handed over.
  virtual void on_lane_turn(Lane& lane) = 0;
  // The lane has ended, by the peer or by a failure. Not called after finish() or drop().
  virtual void on_lane_closed(Lane& lane, const Error& why) = 0;
};

// Owns the socket. Memory: a receive buffer, and two send queues of at most kPendingBytesMax plus
// one record each. Belongs to the loop's thread.
class Lane final : public Closable {
 public:
  static constexpr std::size_t kReceiveBytes = 128 * kKiB;
  static constexpr std::size_t kStrangerReceiveBytes = 4 * kKiB;
  static constexpr std::size_t kPendingBytesMax = 256 * kKiB;

  Lane(Loop& loop, Socket socket, std::unique_ptr<TlsEngine> engine, wire::HelloRole role);
  ~Lane() override;

  // Begins the TLS handshake and receiving.
  void start(LaneHandler& handler);
  void set_handler(LaneHandler& handler) { handler_ = &handler; }
  // The peer has proven who it is: the lane gets its full receive buffer. Before, it has a small
  // one, so that strangers cost little memory.
  void trust() { trusted_ = true; }

  // Encrypts whole records, and sends them when the socket takes them. REQUIRES: TLS is up.
  void send(ByteView records);
  // Whether more records may be added. Records that are due again and again are built only then, so
  // a peer that does not read costs no memory. A hello or a bye is sent once, without asking.
  [[nodiscard]] bool has_room() const { return pending_.size() < kPendingBytesMax; }
  // Bytes that were handed to send() and are not yet in the kernel.
  [[nodiscard]] std::size_t queued_bytes() const { return pending_.size() + sending_.size(); }

  // Ends the lane in order: sends what is queued, then close_notify and FIN. Makes no more
  // callbacks. The lane is idle when the peer has closed too, at the latest after kFinishTime.
  void finish();
  // Ends the lane at once.
  void drop();
  [[nodiscard]] bool idle() const override;

  // REQUIRES: neither finish() nor drop() was called.
  [[nodiscard]] TlsEngine& engine() {
    LT_ASSERT(engine_ != nullptr);
    return *engine_;
  }
  [[nodiscard]] Socket socket() const { return socket_; }
  [[nodiscard]] bool dialled_here() const { return role_ == wire::HelloRole::dialler; }
  [[nodiscard]] TimePoint last_received_at() const { return last_received_at_; }
  // For how long the peer has acknowledged none of the waiting bytes. Call it regularly.
  [[nodiscard]] Duration unread_for();
  [[nodiscard]] const std::string& local() const { return local_; }
  [[nodiscard]] const std::string& remote() const { return remote_; }

  // Used by its handler.
  LaneId id = kNoLane;
  std::uint16_t index = 0;  // 0: the express lane
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;

 private:
  static constexpr Duration kFinishTime = std::chrono::seconds(2);
  enum class State : std::uint8_t { open, finishing, closed };

  void on_received(int result);
  void on_sent(int result);
  void on_finish_timeout();
  void receive();
  Result<void> feed(ByteView cipher);
  void flush();
  void end(const Error& why);
  void end_with_peer(CloseMode mode, const Error& why);
  void close(CloseMode mode);

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<TlsEngine> engine_;
  const wire::HelloRole role_;  // of this node
  LaneHandler* handler_ = nullptr;
  State state_ = State::open;
  bool trusted_ = false;
  std::string local_;
  std::string remote_;
  TimePoint last_received_at_;

  Operation receive_;
  std::vector<std::byte> received_;
  wire::RecordReader reader_;
  Operation send_;
  ByteQueue sending_;
  ByteQueue pending_;
  bool room_wanted_ = false;
  std::optional<Error> broken_;  // encryption has failed
  Timer finish_timer_;
  UnreadWatch unread_watch_;
};

}  // namespace longthrow
