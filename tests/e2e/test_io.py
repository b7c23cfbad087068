# SPDX-License-Identifier: Apache-2.0
"""Where io_uring is refused, or memory may hardly be locked: traffic flows all the same."""
import pytest
from support.node import Pair, program
from support.privileges import as_plain_user, give_tree_to_plain_user
from support.streams import MIB, Sink, Source, assert_equal_streams


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_refused_io_uring_falls_back_to_epoll_and_carries_traffic(make_lab, folder, error):
    launcher = program("seccomp_launcher")
    assert launcher.exists(), f"{launcher} was not built"
    lab = make_lab()
    with Sink(lab.b) as sink, Pair(lab, folder, "auto", routes={"r0": sink.port}) as pair:
        for node in pair.nodes:
            node.launcher = [str(launcher), error, "--"]
        pair.start()
        for node in pair.nodes:
            assert node.status()["io"] == "epoll"
            node.wait_log(r"io_uring")
        with Source(lab.a, pair.entry(), size=32 * MIB) as source:
            assert_equal_streams(source.one(60), sink.wait_over(60)["conversations"][0])


@pytest.mark.parametrize("memlock", [0, 64 * 1024, 8 * MIB])
def test_an_unprivileged_user_with_little_memlock_carries_traffic(make_lab, folder, io, memlock):
    lab = make_lab()
    # Who demands io_uring gets it or an error; "auto" finds its way.
    choice = "auto" if io == "io_uring" else io
    with Sink(lab.b) as sink, Pair(lab, folder, choice, routes={"r0": sink.port}) as pair:
        give_tree_to_plain_user(pair.folder)
        for node in pair.nodes:
            node.launcher = ["prlimit", f"--memlock={memlock}:{memlock}", "--", *as_plain_user([])]
        pair.start()
        with Source(lab.a, pair.entry(), size=64 * MIB) as source:
            assert_equal_streams(source.one(60), sink.wait_over(60)["conversations"][0])
        assert pair.alpha.link()["reconnects"] == 0


def test_the_backend_that_was_asked_for_is_the_one_that_runs(make_lab, make_pair, io):
    pair = make_pair(make_lab(), routes={}).start()
    assert [node.status()["io"] for node in pair.nodes] == [io, io]
