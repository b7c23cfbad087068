# SPDX-License-Identifier: Apache-2.0
"""The resource agent for Pacemaker, by Pacemaker's own tester."""
import os
import shutil
import subprocess
import time

import pytest
from support.node import ROOT, program

UNPACKED = ROOT / "build" / "ocf"
TESTER = UNPACKED / "usr" / "sbin" / "ocf-tester"

pytestmark = [pytest.mark.skipif(not TESTER.exists(), reason="ocf-tester was not unpacked: tools/dev setup"),
              pytest.mark.skipif(os.geteuid() != 0, reason="the agent is run by root"),
              pytest.mark.skipif(shutil.which("xmllint") is None, reason="no xmllint")]


@pytest.fixture
def agent(tmp_path):
    """agent(ACTION) -> its exit code; agent.options: what ocf-tester gets."""
    config = tmp_path / "longthrow.toml"
    config.write_text(f"""[node]
name = "alpha"
control = "{tmp_path}/control.sock"
state_dir = "{tmp_path}/state"
[link.dr]
connect = "127.0.0.1:9"
memlimit = "16MiB"
tls = "none"
""")
    values = {"binary": program("longthrowd"), "client": program("longthrow"), "config": config, "user": "root",
              "control": tmp_path / "control.sock", "log": tmp_path / "log"}
    environment = {**os.environ, "OCF_ROOT": str(UNPACKED / "usr" / "lib" / "ocf"), "HA_RSCTMP": str(tmp_path),
                   "OCF_RESOURCE_INSTANCE": "test", **{f"OCF_RESKEY_{key}": str(value) for key, value in values.items()}}
    path = tmp_path / "agent"
    shutil.copy(ROOT / "conf" / "ocf" / "longthrowd", path)

    def run(action: str) -> int:
        return subprocess.run([path, action], env=environment, capture_output=True, timeout=90, check=False).returncode

    run.path, run.environment, run.folder = path, environment, tmp_path
    run.options = [word for key, value in values.items() for word in ("-o", f"{key}={value}")]
    yield run
    run("stop")


def test_ocf_tester_has_nothing_to_say(agent, tmp_path):
    # It looks for the document type in a folder that only an installed package has, and checks permissions as nobody.
    text = TESTER.read_text().replace("DATADIR=/usr/share", f"DATADIR={UNPACKED}/usr/share")
    text = text.replace('if [ `id -u` = 0 ]; then', "if false; then")
    (tmp_path / "tester").write_text(text)
    done = subprocess.run(["sh", tmp_path / "tester", "-n", "test", *agent.options, agent.path], env=agent.environment,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "passed all tests" in done.stdout, done.stdout + done.stderr


def test_a_daemon_that_is_killed_or_stuck_is_noticed_and_can_be_stopped(agent):
    assert agent("start") == 0
    assert agent("monitor") == 0
    pid = int((agent.folder / "longthrowd-test.pid").read_text())
    os.kill(pid, 9)
    deadline = time.monotonic() + 10
    while agent("monitor") == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert agent("monitor") == 7
    assert agent("start") == 0
    assert int((agent.folder / "longthrowd-test.pid").read_text()) != pid
    assert agent("stop") == 0
    assert agent("monitor") == 7


def test_a_wrong_configuration_is_said_before_a_start(agent):
    path = agent.folder / "longthrow.toml"
    path.write_text(path.read_text().replace("memlimit", "memlimt"))
    assert agent("validate-all") == 6
    assert agent("start") == 6
    assert agent("monitor") == 7
