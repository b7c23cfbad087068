// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/checkpoint_json.h"

#include <utility>

#include "proxy/base/human.h"

namespace longthrow::control {
namespace {

json::value time_to_json(const std::optional<WallTime>& at) {
  return at ? json::value(utc_text(*at)) : json::value(nullptr);
}

}  // namespace

json::object checkpoint_to_json(const CheckpointRecord& record) {
  json::object out;
  out["group"] = record.group;
  out["link"] = record.link;
  out["name"] = record.name;
  out["made"] = to_string(record.made);
  out["state"] = to_string(record.state);
  out["proof"] = to_string(record.proof);
  out["created"] = utc_text(record.created);
  out["received"] = time_to_json(record.received);
  out["reached"] = time_to_json(record.reached);
  out["ended"] = time_to_json(record.ended);
  out["took_s"] = nullptr;
  if (record.took) out["took_s"] = seconds_of(*record.took);
  out["applied"] = record.applied;
  out["hook"] = to_string(record.hook);
  out["text"] = record.text;
  return out;
}

void add_checkpoints(const CheckpointReport& report, json::object& answer) {
  json::array list;
  for (const CheckpointRecord& record : report.checkpoints)
    list.push_back(checkpoint_to_json(record));
  answer["checkpoints"] = std::move(list);
  answer["not_kept"] = report.not_kept;
}

}  // namespace longthrow::control
