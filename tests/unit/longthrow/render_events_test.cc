// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_events.h"

#include <gtest/gtest.h>

namespace longthrow::cli {
namespace {

json::object event() {
  return json::parse(R"({"number":7,"at":"2026-01-31T11:46:40.000Z","code":"link_down",
      "weight":"warning","link":"dr","group":"","text":"no sign of life","left_out":0})")
      .as_object();
}

json::object answer(json::array events) {
  return {{"since", "2026-01-21T12:53:20.000Z"},
          {"events", std::move(events)},
          {"forgotten", 0},
          {"not_kept", ""}};
}

TEST(RenderEvents, OneLineSaysWhenWhatAndWhere) {
  const Painter plain(false);
  EXPECT_EQ(render_event(event(), plain),
            "2026-01-31T11:46:40.000Z  warning   link_down            link dr: no sign of life\n");
  json::object other = event();
  other["group"] = "vm1";
  other["left_out"] = 12;
  EXPECT_NE(render_event(other, plain)
                .find("group vm1 (dr): no sign of life (12 more like it were left out before)"),
            std::string::npos);
  other["group"] = other["link"] = "";
  EXPECT_NE(render_event(other, plain).find("  node: no sign"), std::string::npos);
}

TEST(RenderEvents, TextOfThePeerCannotSteerATerminal) {
  json::object evil = event();
  evil["text"] = "\033[2Jgone";
  EXPECT_EQ(render_event(evil, Painter(false)).find('\033'), std::string::npos);
}

TEST(RenderEvents, TheWholeSaysWhereItBeginsAndWhatItLacks) {
  const Painter plain(false);
  EXPECT_EQ(render_events(answer({}), plain),
            "no event; the history begins 2026-01-21T12:53:20.000Z\n");
  json::object lacking = answer({event()});
  lacking["forgotten"] = 1000;
  lacking["not_kept"] = "no space left";
  const std::string text = render_events(lacking, plain);
  for (const char* part :
       {"link dr: no sign of life\nthe history begins 2026-01-21T12:53:20.000Z\n",
        "the oldest 1000 are no longer in it\n", "it is not kept on the disk: no space left\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
}

}  // namespace
}  // namespace longthrow::cli
