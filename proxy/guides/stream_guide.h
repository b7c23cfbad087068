// SPDX-License-Identifier: Apache-2.0
// What Longthrow knows of the protocol inside a route. A stream guide sees the bytes of one channel
// as they pass. It may ask for the express lane, hold an end back, answer in place of the peer's
// program, and say what that program has acknowledged. A route guide knows what the channels of one
// route mean together. `plain` knows nothing of the protocol; each other protocol is one more pair
// of guides. Pure: no clock, socket, thread or log.
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

// A channel, as its guide sees it.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  [[nodiscard]] virtual std::uint64_t channel_id() const = 0;
  // Whether the leg is open, and neither side has ended the stream yet.
  [[nodiscard]] virtual bool open_at_both_ends() const = 0;
  // Whether the leg is closed, or its program will say nothing more.
  [[nodiscard]] virtual bool has_ended() const = 0;
  [[nodiscard]] virtual bool leg_closed() const = 0;
  // The guide expects that the program ends this stream, too. The program gets a little time for
  // that, and for all that is still unread in the leg. The channel also asks again whether the
  // guide holds an end back.
  virtual void end_soon(const LossCause& cause) = 0;
};

// One for each channel. Belongs to the loop's thread. The host outlives it.
class StreamGuide {
 public:
  virtual ~StreamGuide() = default;

  // --- told by the channel, in the order of the stream
  // The program has given these bytes for the peer.
  virtual void on_given(ByteView bytes, TimePoint now) = 0;
  // The program has given these bytes, and the channel throws them away.
  virtual void on_thrown_away(ByteView) {}
  // These bytes of the peer are about to be handed to the program.
  virtual void on_handed_over(ByteView, TimePoint) {}
  // The peer's end has been given to the program, which has not said its last.
  virtual void on_end_given() {}
  // The leg is closed, or its program will say nothing more. Called only if concerns_others().
  virtual void on_end() {}
  // The session is over: only the bytes that are here are still handed over.
  virtual void on_session_over() {}
  // The channel is forgotten. No call comes after this one.
  virtual void retire() {}

  // --- asked by the channel
  // Whether the channel's bytes must not wait behind bulk data.
  [[nodiscard]] virtual bool wants_express() const { return false; }
  // Whether its end concerns other channels of the route, or the opening of the route.
  [[nodiscard]] virtual bool concerns_others() const { return false; }
  // Whether on_thrown_away() must be called.
  [[nodiscard]] virtual bool wants_thrown_away() const { return false; }
  // Whether the peer's end must not be given to the leg yet, although all bytes before it are
  // handed over.
  [[nodiscard]] virtual bool holds_end() const { return false; }
  // Whether all that was handed over is on the program's disk, as far as the protocol tells this.
  enum class Applied : std::uint8_t {
    unknown,  // the protocol does not say, or not of the last bytes
    no,       // it will say, and has not yet
    yes,
  };
  [[nodiscard]] virtual Applied applied() const { return Applied::unknown; }

  // --- answers in the stead of the peer's program, which cannot be reached
  // The next answer for the local program, valid until the next call; empty: there is none to give.
  // REQUIRES: no bytes of the peer are left to be handed over.
  [[nodiscard]] virtual ByteView answer() { return {}; }
  // Whether answers were given, so that some of the peer's next bytes must be left out.
  [[nodiscard]] virtual bool leaves_out() const { return false; }
  // What to do with the peer's next bytes then.
  struct Step {
    std::size_t write_bytes = 0;  // hand these over; or, if it is 0,
    std::size_t skip_bytes = 0;   // throw these away: an answer that was given already
    // Both 0: a packet has begun, and the rest of it decides.
  };
  [[nodiscard]] virtual Step next(std::span<const ByteView>) const { return {}; }
  // These bytes of the peer are left out, by a step.
  virtual void on_left_out(std::span<const ByteView>) {}

  // --- what it says of the copy
  enum class Carries : std::uint8_t {
    unknown,
    copy,     // changes of the copy, and the answers to them
    control,  // neither
  };
  [[nodiscard]] virtual Carries carries() const { return Carries::copy; }
  // Bytes that change the copy. No value: the protocol does not tell them from others.
  struct Changes {
    std::uint64_t given_bytes = 0;   // by the program here
    std::uint64_t handed_bytes = 0;  // to it
  };
  [[nodiscard]] virtual std::optional<Changes> changes() const { return std::nullopt; }
  // Barriers are marks in what the program gives. The peer's program acknowledges each when all
  // bytes before it are on its disk. No value: there are none, or their acknowledgements cannot be
  // seen.
  struct Barriers {
    std::uint64_t given = 0;
    bool one_follows = false;  // no barrier follows the last bytes yet
    std::uint64_t acknowledged = 0;
  };
  [[nodiscard]] virtual std::optional<Barriers> barriers() const { return std::nullopt; }
};

}  // namespace longthrow
