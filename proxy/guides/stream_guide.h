// SPDX-License-Identifier: Apache-2.0
// What Longthrow knows of the protocol inside a route. A stream guide sees the bytes of one channel
// as they pass; it may ask for the express lane, hold an end back, answer in the peer's stead, and
// say what the program has acknowledged. A route guide knows what the channels of one route mean
// together. `plain` knows nothing of the protocol; each other protocol is one more pair of them.
// Pure: no clock, socket, thread or log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "longthrow/bytes.h"
#include "longthrow/losses.h"
#include "longthrow/time.h"

namespace longthrow {

// Who has opened a channel: a leg that was accepted here, or the peer.
enum class Opener : std::uint8_t { here, peer };

// A channel, for its guide.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  [[nodiscard]] virtual std::uint64_t channel_id() const = 0;
  // The leg is open, and neither side has said an end of the stream yet.
  [[nodiscard]] virtual bool open_at_both_ends() const = 0;
  // The leg is closed, or has said its last.
  [[nodiscard]] virtual bool has_ended() const = 0;
  [[nodiscard]] virtual bool leg_closed() const = 0;
  // The program is about to end this stream, too: it has a little time to do so, with all that is
  // still unread in its leg. And whether an end is held back is to be asked again.
  virtual void end_soon(const LossCause& cause) = 0;
};

// Of one channel. Belongs to the loop's thread. The host outlives it.
class StreamGuide {
 public:
  virtual ~StreamGuide() = default;

  // --- told by the channel, in the order of the stream
  // The program has given these bytes for the peer.
  virtual void on_given(ByteView bytes, TimePoint now) = 0;
  // The program has given these bytes, and nobody wants them any more.
  virtual void on_thrown_away(ByteView) {}
  // These bytes of the peer's are about to be handed to the program.
  virtual void on_handed_over(ByteView, TimePoint) {}
  // The leg is closed, or has said its last: see concerns_others().
  virtual void on_end() {}
  // The session is over: only what is here is still handed over.
  virtual void on_session_over() {}
  // The channel is forgotten. Nothing is called after it.
  virtual void retire() {}

  // --- asked by the channel
  // What it carries must not wait behind bulk data.
  [[nodiscard]] virtual bool wants_express() const { return false; }
  // Its end concerns other channels of the route, or whether the route may open.
  [[nodiscard]] virtual bool concerns_others() const { return false; }
  // Also bytes that nobody wants any more are to be shown.
  [[nodiscard]] virtual bool wants_thrown_away() const { return false; }
  // The peer's end, though all bytes before it are handed over, is not to be given to the leg yet.
  [[nodiscard]] virtual bool holds_end() const { return false; }
  // The program has taken all that its TCP has acknowledged, as far as it says such things.
  [[nodiscard]] virtual bool has_applied() const { return true; }

  // --- answers in the stead of the peer's program, which cannot be reached
  // The next one for the local program, good until the next call; empty: there is none to give.
  // REQUIRES: nothing that the peer has said is left to be handed over.
  [[nodiscard]] virtual ByteView answer() { return {}; }
  // Answers were given, so some of the peer's next bytes are to be left out.
  [[nodiscard]] virtual bool leaves_out() const { return false; }
  // What to do with the peer's next bytes then.
  struct Step {
    std::size_t write_bytes = 0;  // hand these over, or, if there are none,
    std::size_t skip_bytes = 0;   // throw these away: an answer that was given before
    // Neither: a packet has begun, and the rest of it decides.
  };
  [[nodiscard]] virtual Step next(std::span<const ByteView>) const { return {}; }
  // These bytes of the peer's are left out: a step's.
  virtual void on_left_out(std::span<const ByteView>) {}

  // --- what it says of the copy
  enum class Carries : std::uint8_t {
    unknown,
    copy,     // what changes the copy, and the answers to it
    control,  // none of it
  };
  [[nodiscard]] virtual Carries carries() const { return Carries::copy; }
  // Bytes that change the copy; nothing: the protocol does not tell them from others.
  struct Changes {
    std::uint64_t given_bytes = 0;   // by the program here
    std::uint64_t handed_bytes = 0;  // to it
  };
  [[nodiscard]] virtual std::optional<Changes> changes() const { return std::nullopt; }
  // Marks in what the program gives, each of which the peer's program acknowledges when all before
  // it is on its disk. Nothing: there are none, or their acknowledgements cannot be seen.
  struct Barriers {
    std::uint64_t given = 0;
    bool one_follows = false;  // behind the last bytes there is none yet
    std::uint64_t acknowledged = 0;
  };
  [[nodiscard]] virtual std::optional<Barriers> barriers() const { return std::nullopt; }
};

}  // namespace longthrow
