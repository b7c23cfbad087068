# SPDX-License-Identifier: Apache-2.0
"""longthrow top in a real terminal: tmux has it, types the keys and says what is on the screen."""
import os
import re
import shutil
import subprocess
import time

import pytest
from support.node import program
from support.streams import MIB, Sink, Source
from support.waiting import NotInTime, wait_until

TMUX = shutil.which("tmux")


class Terminal:
    """A terminal with one program in it, on a tmux server of its own."""

    def __init__(self, folder, argv, width: int = 110, height: int = 24):
        self._server = [TMUX, "-u", "-f", "/dev/null", "-S", str(folder / "tmux.sock")]
        self._code = folder / "code"
        words = " ".join(f"'{word}'" for word in argv)
        self.tell("new-session", "-d", "-s", "top", "-x", str(width), "-y", str(height),
                  f"{words}; echo $? > '{self._code}'; sleep 30")

    def tell(self, *words: str) -> str:
        env = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        env.pop("TMUX", None)
        done = subprocess.run([*self._server, *words], capture_output=True, text=True, timeout=20, check=False, env=env)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def screen(self) -> str:
        return self.tell("capture-pane", "-p", "-t", "top")

    def wait(self, part: str, timeout: float = 10) -> str:
        """The screen, once it shows this."""
        try:
            return wait_until(lambda: (lambda screen: screen if part in screen else None)(self.screen()), timeout, part)
        except NotInTime:
            raise NotInTime(f"not within {timeout:g} s: {part!r} in\n{self.screen()}") from None

    def type(self, *keys: str) -> None:
        self.tell("send-keys", "-t", "top", *keys)

    def resize(self, width: int, height: int) -> None:
        self.tell("resize-window", "-t", "top", "-x", str(width), "-y", str(height))

    def exit_code(self) -> int:
        wait_until(lambda: self._code.exists() and self._code.read_text(), 10, "the program ends")
        return int(self._code.read_text())

    def close(self) -> None:
        subprocess.run([*self._server, "kill-server"], capture_output=True, timeout=20, check=False)


@pytest.fixture
def make_terminal(folder):
    if TMUX is None:
        pytest.skip("tmux is not there: tools/dev setup")
    terminals = []

    def make(argv, **size):
        terminals.append(Terminal(folder, argv, **size))
        return terminals[-1]

    yield make
    for terminal in terminals:
        terminal.close()


@pytest.mark.parametrize("io", ["epoll"], indirect=True)
def test_it_is_live_in_a_terminal_and_obeys_its_keys(make_lab, make_pair, make_terminal):
    lab = make_lab(rtt="10ms", rate="20mbit", queue="500KB")
    with Sink(lab.b) as sink:
        # Groups beyond the screen's end: they have no program.
        routes = {"r0": sink.port, **{f"spare{i:02}": sink.port for i in range(14)}}
        pair = make_pair(lab, link={"memlimit": "512MiB"}, routes=routes).start()
        with Source(lab.a, pair.entry(), size=-1, rate=6 * MIB, mix="random"):
            top = [program("longthrow"), "--control", pair.alpha.control, "top", "--interval", "0.5"]
            terminal = make_terminal(top, height=16)
            screen = terminal.wait("WAN full")
            assert screen.startswith("alpha  longthrowd "), screen
            assert re.search(r"the lag grows by \d.* the WAN is full", terminal.wait("the lag grows by")), screen
            rising = wait_until(lambda: re.search("[▂▃▄▅▆▇█]{4}", terminal.screen()), 10, "the lag so far is drawn")
            assert rising.group()[0] < rising.group()[-1], "it grows"

            assert "spare13" not in terminal.screen()
            terminal.type("G")
            assert "\nspare13 " in terminal.wait("spare13")
            assert "  STATE" not in terminal.screen() and terminal.screen().startswith("alpha  longthrowd ")
            terminal.type("k", "Up")
            wait_until(lambda: "spare13" not in terminal.screen(), 10, "two lines up")
            terminal.type("j", "Down")
            terminal.wait("spare13")
            terminal.type("g")
            terminal.wait("lines 1 to ")

            terminal.resize(40, 10)
            terminal.wait("needs 50x8, has 40x10")
            terminal.resize(150, 60)
            wide = terminal.wait("spare13")
            assert "DRAINED IN" in wide and "lines 1 to" not in wide, wide

            pair.alpha.stop()
            # The first answer that is missing may be one that the daemon closed amid the question.
            assert "NO ANSWER" in terminal.wait("is not running")
            pair.alpha.start()
            wait_until(lambda: "NO ANSWER" not in terminal.screen(), 20, "it sees the daemon again")
            terminal.type("q")
            assert terminal.exit_code() == 0
            time.sleep(0.1)
            assert "spare13" not in terminal.screen(), "the terminal is as it was before"


@pytest.mark.parametrize("io", ["epoll"], indirect=True)
def test_an_unknown_terminal_is_told_what_to_do(make_lab, make_pair, make_terminal, folder):
    pair = make_pair(make_lab(), routes={}).start()
    terminal = make_terminal(["env", "TERM=nonsense", program("longthrow"), "--control", pair.alpha.control, "top"])
    assert terminal.exit_code() == 1
    said = terminal.screen()
    assert "'nonsense' (TERM) is not known here" in said and "longthrow top --once" in said.replace("\n", " "), said
    printed = pair.alpha.tell("top", "--once", "--interval", "0.2")
    assert printed.startswith("alpha  longthrowd ") and "LINK" in printed and "\x1b" not in printed, printed
