// SPDX-License-Identifier: Apache-2.0
// The records of whole groups: how new their copies are, what is stopped, and their epochs. A peer
// that does not know one of them skips it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/status_words.h"
#include "proxy/wire/records.h"

namespace longthrow::wire {

struct GroupMark {
  std::uint32_t group_id = 0;  // the sender's
  std::int64_t wall_ns = 0;    // all that its sources had given by then has frame numbers
};
struct Marks {
  std::uint64_t bulk_next = 0;     // those frame numbers lie below, in the bulk space ...
  std::uint64_t express_next = 0;  // ... and in the express space
  std::int64_t wall_ns = 0;        // the sender's time, as in frames
  std::int64_t civil_ns = 0;       // what its civil clock says at that time
  std::vector<GroupMark> groups;
};

// All that an administrator of the sender has stopped of its groups.
struct NoticeEntry {
  NoticeKind kind = NoticeKind::held;
  std::uint32_t group_id = 0;  // the sender's
  std::int64_t since_ns = 0;   // civil time
  std::string by;              // the command
};
struct Notices {
  std::vector<NoticeEntry> entries;
};

// A cut: one offset of each channel of a group. Bytes of frames with `held` are handed over only
// when all that lies below a cut is received, and then up to the cut. What lies between two cuts is
// an epoch. Epochs count from 1 within a session.
struct CutEntry {
  std::uint64_t channel = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const CutEntry&, const CutEntry&) = default;
};
// The cut that ends `epoch` is a checkpoint. The record comes directly before the cut's own.
struct Checkpoint {
  std::uint32_t group_id = 0;  // the sender's
  std::uint64_t epoch = 0;
  std::uint64_t id = 0;       // of the sender's group; not 0
  std::int64_t civil_ns = 0;  // when it was asked for, by the sender's civil clock
  std::string name;
};
struct Cut {
  std::uint32_t group_id = 0;  // the sender's
  Proof proof = Proof::none;   // why no byte before the cut depends on one after it
  std::uint64_t epoch = 0;     // which ends here
  std::int64_t wall_ns = 0;    // all that the sources had given by then lies before it; 0: unknown
  std::vector<CutEntry> entries;  // ascending by channel
  // Not a field of the record, but of one before it.
  std::optional<Checkpoint> checkpoint{};
};
inline constexpr std::size_t kCutEntriesMax = 1024;

// What the receiver of frames has of each group.
struct GroupEpochs {
  std::uint32_t group_id = 0;         // the frame sender's
  std::uint64_t whole_epoch = 0;      // all epochs up to this one are whole here
  std::uint64_t epoch_bytes_max = 0;  // charge of an open epoch that the receiver can hold
};
struct Epochs {
  std::vector<GroupEpochs> groups;
};

// 1 to 64 of [A-Za-z0-9._-], the first no dash: the name goes to programs, and into file names.
[[nodiscard]] bool is_checkpoint_name(std::string_view text);

// How far the newest checkpoint of each group has come at the receiver of frames. Absolute.
struct CheckpointReport {
  std::uint32_t group_id = 0;  // the frame sender's
  std::uint64_t id = 0;
  CheckpointState state = CheckpointState::received;
  HookResult hook = HookResult::none;
  bool applied = false;       // on the target's disk, as its protocol says
  std::int64_t civil_ns = 0;  // since when it is in this state, by the reporter's civil clock
  std::string text;           // for people: why it failed
};
struct CheckpointReports {
  std::vector<CheckpointReport> groups;
};

void encode(const Marks& marks, ByteQueue& out);
void encode(const Notices& notices, ByteQueue& out);
void encode(const Cut& cut, ByteQueue& out);
void encode(const Epochs& epochs, ByteQueue& out);
void encode(const Checkpoint& checkpoint, ByteQueue& out);
void encode(const CheckpointReports& reports, ByteQueue& out);

[[nodiscard]] Result<Marks> decode_marks(ByteView body);
[[nodiscard]] Result<Notices> decode_notices(ByteView body);
[[nodiscard]] Result<Cut> decode_cut(ByteView body);
[[nodiscard]] Result<Epochs> decode_epochs(ByteView body);
[[nodiscard]] Result<Checkpoint> decode_checkpoint(ByteView body);
[[nodiscard]] Result<CheckpointReports> decode_checkpoint_reports(ByteView body);

}  // namespace longthrow::wire
