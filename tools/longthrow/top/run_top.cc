// SPDX-License-Identifier: Apache-2.0
// `longthrow top`: looks at the daemon again and again, and shows what it sees.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <ostream>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/explain/explain.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/explain_json.h"
#include "tools/longthrow/fetch_status.h"
#include "tools/longthrow/read_status.h"
#include "tools/longthrow/top/frame.h"
#include "tools/longthrow/top/screen.h"

namespace longthrow::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A daemon that is stuck must not make the keys wait for long.
constexpr milliseconds kSilenceOfTopMax{3'000};

milliseconds interval_of(const CommandLine& line) {
  return milliseconds(static_cast<long>(line.interval_s * 1000));
}

Result<void> look(const std::string& control, History& history) {
  const Result<json::object> status = fetch_status(control, kSilenceOfTopMax);
  if (!status) return std::unexpected(status.error());
  history.add(read_status(*status));
  return {};
}

// As wide as the terminal, if it is one.
std::size_t paper_width(const Output& output) {
  winsize size{};
  if (!output.terminal || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return View{}.width;
  return std::max<std::size_t>(size.ws_col, kWidthMin);
}

int print_frame(const CommandLine& line, const Output& output, History& history, Glyphs glyphs) {
  std::this_thread::sleep_for(interval_of(line));
  if (const auto seen = look(line.control, history); !seen)
    return not_done(line, output, seen.error().message);
  const Frame frame = draw(history, {.width = paper_width(output), .glyphs = glyphs});
  output.out << text_of(frame.lines, Painter(output.colours)) << std::flush;
  return kDone;
}

int print_json(const CommandLine& line, const Output& output, History& history) {
  do {
    std::this_thread::sleep_for(interval_of(line));
    if (const auto seen = look(line.control, history); !seen)
      return not_done(line, output, seen.error().message);
    output.out << json::serialize(to_json(explain::explain(history.before(), history.now())))
               << std::endl;
  } while (!line.once && output.out);
  return output.out ? kDone : kNotDone;  // else the reader of our pipe has gone
}

void scroll(Key key, const Frame& frame, View& view) {
  const std::size_t at = frame.scroll;
  switch (key) {
    case Key::up:
      view.scroll = at - std::min<std::size_t>(at, 1);
      return;
    case Key::down:
      view.scroll = at + 1;
      return;
    case Key::page_up:
      view.scroll = at - std::min(at, frame.page);
      return;
    case Key::page_down:
      view.scroll = at + frame.page;
      return;
    case Key::first:
      view.scroll = 0;
      return;
    case Key::last:
      view.scroll = std::numeric_limits<std::size_t>::max();
      return;
    case Key::none:
    case Key::quit:
    case Key::resized:
      return;
  }
}

int watch(const CommandLine& line, Screen& screen, History& history, Glyphs glyphs) {
  View view{.glyphs = glyphs};
  Clock::time_point next = Clock::now() + interval_of(line);
  for (;;) {
    const auto [width, height] = screen.size();
    view.width = width;
    view.height = height;
    const Frame frame = draw(history, view);
    screen.show(frame.lines);
    const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
    const Key key = screen.wait_key(std::max(left, milliseconds(0)));
    if (key == Key::quit) return kDone;
    scroll(key, frame, view);
    if (Clock::now() < next) continue;
    const auto seen = look(line.control, history);
    view.trouble = seen ? std::string() : printable(seen.error().message);
    next = Clock::now() + interval_of(line);
  }
}

}  // namespace

int run_top(const CommandLine& line, const Output& output) {
  History history;
  if (const auto seen = look(line.control, history); !seen)
    return not_done(line, output, seen.error().message);
  if (line.json) return print_json(line, output, history);
  const Glyphs glyphs = locale_is_utf8() ? Glyphs::unicode : Glyphs::ascii;
  // Without keys nobody could end it.
  const bool live = output.terminal && output.answers != nullptr && !line.once;
  if (!live) return print_frame(line, output, history, glyphs);
  const auto screen = Screen::open(output.colours ? Screen::Colours::yes : Screen::Colours::no);
  if (!screen) {
    return not_done(line, output,
                    screen.error().message + "; `longthrow top --once` prints one frame");
  }
  return watch(line, **screen, history, glyphs);
}

}  // namespace longthrow::cli
