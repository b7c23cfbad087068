// SPDX-License-Identifier: Apache-2.0
// The smallest relay on a Loop: each connection accepted is joined to one dialled, byte for byte.
// It stands where a pair of nodes will stand, to test the virtual programs and their judge; it can
// be told to do its work wrongly.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "longthrow/loop.h"

namespace longthrow::sim {

enum class SpliceBug : std::uint8_t {
  none,
  lose_byte,
  repeat_block,
  end_on_abort,    // passes a reset on as a clean end
  truncate,        // ends cleanly before the end
  cross,           // now and then gives a block to another stream
  forget_the_end,  // never passes an end on
};

class Splice {
 public:
  Splice(Loop& loop, const Endpoint& listen, const Endpoint& target, SpliceBug bug)
      : loop_(loop), target_(target), bug_(bug) {
    listener_ = *loop_.listen(listen, {});
    accept_.bind<&Splice::on_accept>(this);
    loop_.accept(accept_, listener_);
  }

 private:
  struct Pair;
  // Bytes from one socket of a pair to the other.
  struct Flow {
    void start() { pair->splice.loop_.receive(operation, pair->sockets[from], buffer); }
    void on_done(int result) {
      if (pair->aborted) return pair->splice.release(*pair);
      if (result < 0) return pair->abort();
      sending ? on_sent(result) : on_received(result);
    }
    void on_received(int result) {
      total += static_cast<std::size_t>(result);
      if (result == 0 || (total > 300'000 && pair->splice.bug_ == SpliceBug::truncate)) {
        ended = true;
        if (pair->splice.bug_ != SpliceBug::forget_the_end) {
          pair->splice.loop_.shutdown_send(pair->sockets[1 - from]);
        }
        return pair->end_if_both_ended();
      }
      ByteView bytes = ByteView(buffer).first(static_cast<std::size_t>(result));
      if (total > 100'000 && !std::exchange(bug_done, true)) {
        if (pair->splice.bug_ == SpliceBug::lose_byte && bytes.size() > 1) bytes = bytes.subspan(1);
        repeat = pair->splice.bug_ == SpliceBug::repeat_block;
        if (pair->splice.bug_ == SpliceBug::cross)
          std::ranges::copy(pair->splice.last_, buffer.begin());
      }
      std::ranges::copy(bytes.first(std::min<std::size_t>(64, bytes.size())),
                        pair->splice.last_.begin());
      wanted = static_cast<int>(bytes.size());
      sending = true;
      pair->splice.loop_.send(operation, pair->sockets[1 - from], std::span(&bytes, 1));
    }
    void on_sent(int result) {
      if (result != wanted) return pair->abort();
      sending = false;
      if (std::exchange(repeat, false)) return on_received(result);
      start();
    }
    Pair* pair = nullptr;
    int from = 0;
    Operation operation;
    bool sending = false, ended = false, bug_done = false, repeat = false;
    int wanted = 0;
    std::size_t total = 0;
    std::array<std::byte, 16384> buffer;
  };
  struct Pair {
    explicit Pair(Splice& splice_) : splice(splice_) {
      connect.bind<&Pair::on_connect>(this);
      for (int i : {0, 1}) {
        flows[i].pair = this;
        flows[i].from = i;
        flows[i].operation.bind<&Flow::on_done>(&flows[i]);
      }
    }
    void on_connect(int result) {
      if (result < 0) return abort();
      for (Flow& flow : flows) flow.start();
    }
    void abort() {
      aborted = true;
      const bool lie = splice.bug_ == SpliceBug::end_on_abort;
      for (const Socket socket : sockets) {
        splice.loop_.close(socket, lie ? CloseMode::graceful : CloseMode::reset);
      }
      splice.release(*this);
    }
    void end_if_both_ended() {
      if (!flows[0].ended || !flows[1].ended) return;
      for (const Socket socket : sockets) splice.loop_.close(socket, CloseMode::graceful);
      splice.release(*this);
    }
    [[nodiscard]] bool idle() const {
      return !connect.in_flight() && !flows[0].operation.in_flight() &&
             !flows[1].operation.in_flight();
    }
    Splice& splice;
    Socket sockets[2];
    Operation connect;
    Flow flows[2];
    bool aborted = false;
  };

  void on_accept(int result) {
    if (result < 0) return;
    auto pair = std::make_unique<Pair>(*this);
    pair->sockets[0] = Socket{result};
    pair->sockets[1] = *loop_.connect(pair->connect, target_, {});
    pairs_.emplace(pair.get()->sockets[0].id, std::move(pair));
  }
  // From a handler of the pair itself: so the pair goes later.
  void release(Pair& pair) {
    if (!pair.idle()) return;
    loop_.post([this, id = pair.sockets[0].id] { pairs_.erase(id); });
  }

  Loop& loop_;
  const Endpoint target_;
  const SpliceBug bug_;
  Socket listener_;
  Operation accept_;
  std::array<std::byte, 64> last_{};
  std::map<int, std::unique_ptr<Pair>> pairs_;
};

}  // namespace longthrow::sim
