// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire/group_records.h"

#include <algorithm>

#include "proxy/wire/put_record.h"

namespace longthrow::wire {

bool is_checkpoint_name(std::string_view text) {
  const auto is_plain = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kNameBytesMax && text.front() != '-' &&
         std::ranges::all_of(text, is_plain);
}

void encode(const Marks& marks, ByteQueue& out) {
  put_record(RecordType::marks, out, [&](FieldWriter& writer) {
    writer.put(marks.bulk_next);
    writer.put(marks.express_next);
    writer.put(marks.wall_ns);
    writer.put(marks.civil_ns);
    writer.put(static_cast<std::uint16_t>(marks.groups.size()));
    for (const GroupMark& mark : marks.groups) {
      writer.put(mark.group_id);
      writer.put(mark.wall_ns);
    }
  });
}

void encode(const Notices& notices, ByteQueue& out) {
  put_record(RecordType::notices, out, [&](FieldWriter& writer) {
    writer.put(static_cast<std::uint16_t>(notices.entries.size()));
    for (const NoticeEntry& entry : notices.entries) {
      writer.put(static_cast<std::uint8_t>(entry.kind));
      writer.put(entry.group_id);
      writer.put(entry.since_ns);
      writer.put_text(entry.by, kCommandBytesMax);
    }
  });
}

void encode(const Cut& cut, ByteQueue& out) {
  put_record(RecordType::cut, out, [&](FieldWriter& writer) {
    writer.put(cut.group_id);
    writer.put(static_cast<std::uint8_t>(cut.proof));
    writer.put(cut.epoch);
    writer.put(cut.wall_ns);
    writer.put(static_cast<std::uint16_t>(cut.entries.size()));
    for (const CutEntry& entry : cut.entries) {
      writer.put(entry.channel);
      writer.put(entry.offset);
    }
  });
}

void encode(const Epochs& epochs, ByteQueue& out) {
  put_record(RecordType::epochs, out, [&](FieldWriter& writer) {
    writer.put(static_cast<std::uint16_t>(epochs.groups.size()));
    for (const GroupEpochs& group : epochs.groups) {
      writer.put(group.group_id);
      writer.put(group.whole_epoch);
      writer.put(group.epoch_bytes_max);
    }
  });
}

void encode(const Checkpoint& checkpoint, ByteQueue& out) {
  put_record(RecordType::checkpoint, out, [&](FieldWriter& writer) {
    writer.put(checkpoint.group_id);
    writer.put(checkpoint.epoch);
    writer.put(checkpoint.id);
    writer.put(checkpoint.civil_ns);
    writer.put_text(checkpoint.name, kNameBytesMax);
  });
}

void encode(const CheckpointReports& reports, ByteQueue& out) {
  put_record(RecordType::checkpoint_reports, out, [&](FieldWriter& writer) {
    writer.put(static_cast<std::uint16_t>(reports.groups.size()));
    for (const CheckpointReport& report : reports.groups) {
      writer.put(report.group_id);
      writer.put(report.id);
      writer.put(static_cast<std::uint8_t>(report.state));
      writer.put(static_cast<std::uint8_t>(report.hook));
      writer.put(static_cast<std::uint8_t>(report.applied));
      writer.put(report.civil_ns);
      writer.put_text(report.text, kCommandBytesMax);
    }
  });
}

Result<Marks> decode_marks(ByteView body) {
  FieldReader reader(body);
  Marks marks;
  marks.bulk_next = reader.get<std::uint64_t>();
  marks.express_next = reader.get<std::uint64_t>();
  marks.wall_ns = reader.get<std::int64_t>();
  marks.civil_ns = reader.get<std::int64_t>();
  marks.groups.resize(reader.get_count(kRoutesMax, 12));
  for (GroupMark& mark : marks.groups) {
    mark.group_id = reader.get<std::uint32_t>();
    mark.wall_ns = reader.get<std::int64_t>();
  }
  if (!reader.complete()) return breach("malformed marks");
  return marks;
}

Result<Notices> decode_notices(ByteView body) {
  constexpr std::size_t kEntryBytesMin = 1 + 4 + 8 + 2;
  FieldReader reader(body);
  Notices notices;
  notices.entries.resize(reader.get_count(kRoutesMax, kEntryBytesMin));
  for (NoticeEntry& entry : notices.entries) {
    const auto kind = reader.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(NoticeKind::fenced)) return breach("malformed notices");
    entry.kind = static_cast<NoticeKind>(kind);
    entry.group_id = reader.get<std::uint32_t>();
    entry.since_ns = reader.get<std::int64_t>();
    entry.by = reader.get_text(kCommandBytesMax);
  }
  if (!reader.complete()) return breach("malformed notices");
  return notices;
}

Result<Cut> decode_cut(ByteView body) {
  FieldReader reader(body);
  Cut cut;
  cut.group_id = reader.get<std::uint32_t>();
  const auto proof = reader.get<std::uint8_t>();
  cut.epoch = reader.get<std::uint64_t>();
  cut.wall_ns = reader.get<std::int64_t>();
  cut.entries.resize(reader.get_count(kCutEntriesMax, 16));
  for (std::size_t i = 0; i < cut.entries.size(); ++i) {
    cut.entries[i].channel = reader.get<std::uint64_t>();
    cut.entries[i].offset = reader.get<std::uint64_t>();
    if (i > 0 && cut.entries[i].channel <= cut.entries[i - 1].channel)
      return breach("malformed cut");
  }
  if (!reader.complete() || proof > static_cast<std::uint8_t>(Proof::none) || cut.epoch == 0)
    return breach("malformed cut");
  cut.proof = static_cast<Proof>(proof);
  return cut;
}

Result<Epochs> decode_epochs(ByteView body) {
  FieldReader reader(body);
  Epochs epochs;
  epochs.groups.resize(reader.get_count(kRoutesMax, 20));
  for (GroupEpochs& group : epochs.groups) {
    group.group_id = reader.get<std::uint32_t>();
    group.whole_epoch = reader.get<std::uint64_t>();
    group.epoch_bytes_max = reader.get<std::uint64_t>();
  }
  if (!reader.complete()) return breach("malformed epochs");
  return epochs;
}

Result<Checkpoint> decode_checkpoint(ByteView body) {
  FieldReader reader(body);
  Checkpoint checkpoint;
  checkpoint.group_id = reader.get<std::uint32_t>();
  checkpoint.epoch = reader.get<std::uint64_t>();
  checkpoint.id = reader.get<std::uint64_t>();
  checkpoint.civil_ns = reader.get<std::int64_t>();
  checkpoint.name = reader.get_text(kNameBytesMax);
  if (!reader.complete() || checkpoint.epoch == 0 || checkpoint.id == 0 ||
      !is_checkpoint_name(checkpoint.name)) {
    return breach("malformed checkpoint");
  }
  return checkpoint;
}

Result<CheckpointReports> decode_checkpoint_reports(ByteView body) {
  constexpr std::size_t kReportBytesMin = 4 + 8 + 1 + 1 + 1 + 8 + 2;
  FieldReader reader(body);
  CheckpointReports reports;
  reports.groups.resize(reader.get_count(kRoutesMax, kReportBytesMin));
  for (CheckpointReport& report : reports.groups) {
    report.group_id = reader.get<std::uint32_t>();
    report.id = reader.get<std::uint64_t>();
    const auto state = reader.get<std::uint8_t>();
    const auto hook = reader.get<std::uint8_t>();
    const auto applied = reader.get<std::uint8_t>();
    if (state > static_cast<std::uint8_t>(CheckpointState::failed) ||
        hook > static_cast<std::uint8_t>(HookResult::timed_out) || applied > 1) {
      return breach("malformed reports of checkpoints");
    }
    report.state = static_cast<CheckpointState>(state);
    report.hook = static_cast<HookResult>(hook);
    report.applied = applied == 1;
    report.civil_ns = reader.get<std::int64_t>();
    report.text = reader.get_text(kCommandBytesMax);
  }
  if (!reader.complete()) return breach("malformed reports of checkpoints");
  return reports;
}

}  // namespace longthrow::wire
