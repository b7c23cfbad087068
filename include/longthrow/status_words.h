// SPDX-License-Identifier: Apache-2.0
// The states that a status tells, and the word of each. Programs compare the enumerators; the words
// appear only where a status becomes JSON or text, and where JSON becomes a status again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace longthrow {

enum class LinkState : std::uint8_t { connecting, up, down };

// What limits a link's throughput. source: nothing, all that the source offers is taken.
enum class Limit : std::uint8_t { source, wan, bandwidth, cpu, peer_disk, down, paused };

enum class RouteState : std::uint8_t { open, closed, mismatched, fenced };

enum class ChannelState : std::uint8_t { connecting, open, half_closed, closing, aborting };

// Is the copy of a group one that can be trusted? unknown: it cannot be told from here.
enum class Consistency : std::uint8_t { yes, no, unknown };

// What proves that a copy is of one moment. source: it comes by one stream, in order, or ends at a
// cut that is proven at the source; freeze: at a cut while the source stood still; observed: at a
// cut of what was received, which proves nothing of sources on other hosts.
enum class Proof : std::uint8_t { source, freeze, observed, none };

// What an administrator has stopped, with the numbers of the wire.
enum class NoticeKind : std::uint8_t { held = 0, paused = 1, fenced = 2 };

// How far a checkpoint has come, with the numbers of the wire. placed: it has its place in the
// stream; received: all before it is in the memory of the node at the copy; reached: all before it
// has been taken by the targets, nothing behind it is handed over, and the hook runs; done, failed:
// the copy goes on.
enum class CheckpointState : std::uint8_t { placed = 0, received, reached, done, failed };

// How the hook of a checkpoint ended, with the numbers of the wire. none: none has run.
enum class HookResult : std::uint8_t { none = 0, ok, failed, timed_out };

// Of the two nodes of a link.
enum class Side : std::uint8_t { here, peer };

namespace words {
inline constexpr std::string_view kLinkStates[]{"connecting", "up", "down"};
inline constexpr std::string_view kLimits[]{"source",    "wan",  "bandwidth", "cpu",
                                            "peer_disk", "down", "paused"};
inline constexpr std::string_view kRouteStates[]{"open", "closed", "mismatched", "fenced"};
inline constexpr std::string_view kChannelStates[]{"connecting", "open", "half-closed", "closing",
                                                   "aborting"};
inline constexpr std::string_view kProofs[]{"source", "freeze", "observed", "none"};
inline constexpr std::string_view kNoticeKinds[]{"held", "paused", "fenced"};
inline constexpr std::string_view kCheckpointStates[]{"placed", "received", "reached", "done",
                                                      "failed"};
inline constexpr std::string_view kHookResults[]{"none", "ok", "failed", "timed out"};
inline constexpr std::string_view kSides[]{"here", "peer"};
}  // namespace words

// The words of an enumeration, in the order of its enumerators.
template <typename Enum>
inline constexpr std::span<const std::string_view> kWords{};
template <>
inline constexpr std::span<const std::string_view> kWords<LinkState>{words::kLinkStates};
template <>
inline constexpr std::span<const std::string_view> kWords<Limit>{words::kLimits};
template <>
inline constexpr std::span<const std::string_view> kWords<RouteState>{words::kRouteStates};
template <>
inline constexpr std::span<const std::string_view> kWords<ChannelState>{words::kChannelStates};
template <>
inline constexpr std::span<const std::string_view> kWords<Proof>{words::kProofs};
template <>
inline constexpr std::span<const std::string_view> kWords<NoticeKind>{words::kNoticeKinds};
template <>
inline constexpr std::span<const std::string_view> kWords<CheckpointState>{
    words::kCheckpointStates};
template <>
inline constexpr std::span<const std::string_view> kWords<HookResult>{words::kHookResults};
template <>
inline constexpr std::span<const std::string_view> kWords<Side>{words::kSides};

template <typename Enum>
concept HasWords = !kWords<Enum>.empty();

template <HasWords Enum>
[[nodiscard]] constexpr std::string_view to_string(Enum value) {
  return kWords<Enum>[static_cast<std::size_t>(value)];
}
// Nothing: it is no word of this enumeration.
template <HasWords Enum>
[[nodiscard]] constexpr std::optional<Enum> parse_word(std::string_view word) {
  for (std::size_t i = 0; i < kWords<Enum>.size(); ++i) {
    if (kWords<Enum>[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace longthrow
