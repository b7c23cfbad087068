// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/request_history.h"

#include "proxy/config/units.h"
#include "proxy/control/loss_json.h"

namespace longthrow::control {
namespace {

// "24h": of the last 24 hours; else a UTC time, "2026-01-31" or "2026-01-31T12:00:00Z".
template <typename Query>
void read_since(RequestReader& in, Query& query) {
  if (!in.has("since")) return;
  const std::string text = in.required_text("since");
  if (auto within = parse_duration(text)) {
    query.within = *within;
  } else if (auto time = parse_utc(text)) {
    query.since = *time;
  } else {
    in.note(R"("since" must be a duration like "24h", or a time like "2026-01-31T12:00:00Z")");
  }
}

}  // namespace

Request read_losses(RequestReader& in) {
  Losses losses{.minor = in.flag("minor")};
  if (in.has("name")) losses.name = in.required_text("name");
  read_since(in, losses);
  return NodeRequest{.command = std::move(losses)};
}

Request read_events(RequestReader& in) {
  EventsRequest events;
  if (in.has("link")) events.link = in.required_text("link");
  if (in.has("group")) events.group = in.required_text("group");
  if (in.has("after")) events.after = in.index("after");
  if (in.has("limit")) events.limit = in.index("limit");
  read_since(in, events);
  return events;
}

}  // namespace longthrow::control
