// SPDX-License-Identifier: Apache-2.0
// The terminal by ncurses (the wide one, libncursesw): it knows terminals' types, decodes their
// keys, follows their size, sends only what has changed, and restores them after SIGINT and
// SIGTERM. It keeps what it knows in global variables and wants the locale of characters set before
// it starts. initscr() ends the process where TERM is not known; newterm() only fails.
#include "tools/longthrow/top/screen.h"

#include <curses.h>
#include <langinfo.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "proxy/base/log.h"
#include "tools/longthrow/top/terminal_type.h"

namespace longthrow::cli {
namespace {

// Pairs of colours, by the paint. 0 is the terminal's own.
void begin_colours() {
  if (!has_colors()) return;
  start_color();
  const short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
  init_pair(static_cast<short>(Paint::good), COLOR_GREEN, background);
  init_pair(static_cast<short>(Paint::warning), COLOR_YELLOW, background);
  init_pair(static_cast<short>(Paint::bad), COLOR_RED, background);
}

Key key_of(int code) {
  switch (code) {
    case 'q':
    case 'Q':
      return Key::quit;
    case 'k':
    case KEY_UP:
      return Key::up;
    case 'j':
    case KEY_DOWN:
      return Key::down;
    case 'b':
    case KEY_PPAGE:
      return Key::page_up;
    case ' ':
    case KEY_NPAGE:
      return Key::page_down;
    case 'g':
    case KEY_HOME:
      return Key::first;
    case 'G':
    case KEY_END:
      return Key::last;
    case KEY_RESIZE:
      return Key::resized;
    default:
      return Key::none;
  }
}

class CursesScreen final : public Screen {
 public:
  CursesScreen(SCREEN* terminal, Colours colours)
      : terminal_(terminal), coloured_(colours == Colours::yes) {
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    if (coloured_) begin_colours();
  }
  ~CursesScreen() override {
    endwin();
    delscreen(terminal_);
  }

  [[nodiscard]] Size size() const override {
    return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr))};
  }

  void show(const std::vector<Line>& lines) override {
    werase(stdscr);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      wmove(stdscr, static_cast<int>(i), 0);
      for (const Span& span : lines[i]) {
        wattrset(stdscr, static_cast<int>(attributes(span.paint)));
        waddstr(stdscr, span.text.c_str());
      }
    }
    wattrset(stdscr, A_NORMAL);
    wrefresh(stdscr);
  }

  Key wait_key(std::chrono::milliseconds most) override {
    wtimeout(stdscr, static_cast<int>(most.count()));
    return key_of(wgetch(stdscr));
  }

 private:
  [[nodiscard]] chtype attributes(Paint paint) const {
    switch (paint) {
      case Paint::none:
        return A_NORMAL;
      case Paint::bold:
        return A_BOLD;
      case Paint::dim:
        return A_DIM;
      case Paint::bad:
        return A_BOLD | colour(paint);
      case Paint::good:
      case Paint::warning:
        break;
    }
    return colour(paint);
  }
  [[nodiscard]] chtype colour(Paint paint) const {
    return coloured_ ? static_cast<chtype>(COLOR_PAIR(static_cast<int>(paint))) : A_NORMAL;
  }

  SCREEN* terminal_;
  const bool coloured_;
};

}  // namespace

bool locale_is_utf8() {
  std::setlocale(LC_CTYPE, "");
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8";
}

Result<std::unique_ptr<Screen>> Screen::open(Colours colours) {
  SCREEN* terminal = terminal_is_known() ? newterm(nullptr, stdout, stdin) : nullptr;
  if (terminal == nullptr) {
    const char* type = std::getenv("TERM");
    return fail(format("the terminal's type '{}' (TERM) is not known here", type ? type : ""));
  }
  return std::make_unique<CursesScreen>(terminal, colours);
}

}  // namespace longthrow::cli
