# SPDX-License-Identifier: Apache-2.0
"""Act 1: a burst of block-like data from a writer that waits only for its socket buffer."""
import json
import subprocess

from screen import Clock, link_line, mib, say, show_status, title, watch, wire_bytes
from support.node import program

SIZE, SIZE_TEXT, SNDBUF = 64 * 1024 * 1024, "64MiB", "1MiB"
CUT_AT = 2.0


def reader(lab) -> tuple[subprocess.Popen, int]:
    process = lab.b.popen([str(program("block_reader")), "--listen", "0.0.0.0:0", "--json"],
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())["port"]


def writer(lab, address: tuple[str, int]) -> subprocess.Popen:
    return lab.a.popen([str(program("block_writer")), "--connect", f"{address[0]}:{address[1]}", "--size",
                        SIZE_TEXT, "--sndbuf", SNDBUF, "--json", "--wait-ack"],
                       stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


def last_json(process: subprocess.Popen) -> dict:
    output, _ = process.communicate(timeout=60)
    if process.returncode != 0:
        raise AssertionError(f"{process.args} ended with {process.returncode}")
    return json.loads(output.strip().splitlines()[-1])


def run(lab, address, port_process, line, node=None) -> dict:
    read_process, begin = port_process, wire_bytes(lab, "a2b")
    clock = Clock(lab, CUT_AT)
    write_process = writer(lab, address)
    shown = []

    def show() -> str:
        if node and clock.was_cut and not shown:
            shown.append(True)
            show_status(node)
        return line()

    try:
        whole = watch(clock, lambda: read_process.poll() is not None, show, timeout=90)
        facts = {"writer": last_json(write_process), "reader": last_json(read_process), "whole": whole,
                 "seconds": clock.now(), "wire": wire_bytes(lab, "a2b") - begin}
    finally:
        for process in (write_process, read_process):
            if process.poll() is None:
                process.kill()
            process.wait()
    return facts


def without(stage) -> dict:
    title(f"Act 1a: the writer sends {SIZE_TEXT} straight over the WAN (its socket buffer: {SNDBUF})")
    with stage.wan() as lab:
        process, port = reader(lab)
        return run(lab, (lab.b.address, port), process,
                   lambda: f"on the wire: {mib(wire_bytes(lab, 'a2b'))}")


def with_longthrow(stage) -> dict:
    title("Act 1b: the same through a pair of Longthrow nodes (memlimit 256 MiB)")
    with stage.wan() as lab:
        process, port = reader(lab)
        with stage.pair(lab, link={"memlimit": "256MiB"}, routes={"r0": port}).start() as pair:
            return run(lab, pair.entry(), process, lambda: link_line(pair.alpha), pair.alpha)


def perform(stage, table) -> bool:
    direct, through = without(stage), with_longthrow(stage)
    say()
    table.add(f"writer of {SIZE_TEXT}: blocked", f"{direct['writer']['blocked_s']:.2f} s",
              f"{through['writer']['blocked_s']:.2f} s")
    table.add("  all written after", f"{direct['writer']['seconds']:.2f} s",
              f"{through['writer']['seconds']:.2f} s")
    table.add("  all at the far side after", f"{direct['seconds']:.1f} s", f"{through['seconds']:.1f} s")
    table.add("  bytes on the wire", mib(direct["wire"]), mib(through["wire"]))
    same = all(run["reader"]["sha256"] == run["writer"]["sha256"] for run in (direct, through))
    table.add("  content at the far side", "equal" if same else "DIFFERENT",
              "equal" if same else "DIFFERENT")
    return same and direct["whole"] and through["whole"]
