# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts below a prefix, and what systemd says of the units. Needs no package."""
import os
import subprocess

import pytest

from package.conftest import tool
from support.node import ROOT

PROGRAMS = ("longthrowd", "longthrow", "drbd-proxy-ctl", "drbd-proxy", "check_longthrow", "wanlink")
UNITS = ("longthrowd.service", "longthrowd@alpha.service")
# What systemd-analyze says of the exposure of a unit, from 0 (safe) to 10.
EXPOSURE_MOST = 2.0


def test_every_program_manual_page_and_completion_is_installed(tree):
    for name in PROGRAMS:
        assert os.access(tree / "bin" / name, os.X_OK), name
    for page in (ROOT / "man").iterdir():
        assert (tree / "share/man" / f"man{page.suffix[1:]}" / page.name).exists(), page.name
    for script in (ROOT / "conf/completion").iterdir():
        installed = tree / "share/bash-completion/completions" / script.stem
        assert installed.read_text() == script.read_text()
        subprocess.run(["bash", "-n", installed], check=True)


def test_the_plugin_is_where_monitoring_looks_for_it(tree):
    plugin = tree / "lib/nagios/plugins/check_longthrow"
    assert plugin.resolve() == (tree / "bin/check_longthrow").resolve()


def test_examples_are_installed_and_none_is_active(tree):
    examples = tree / "share/doc/longthrow/examples"
    assert (examples / "longthrow.toml").read_text() == (ROOT / "conf/longthrow.toml").read_text()
    folders = {"examples": examples, **{name: examples / name for name in ("drbd", "grafana", "prometheus")}}
    for folder, installed in folders.items():
        for file in (ROOT / "conf" / folder).rglob("*.*"):
            assert (installed / file.relative_to(ROOT / "conf" / folder)).exists(), file
    assert not (tree.parent / "etc").exists()


def test_systemd_finds_user_folders_module_and_order(tree):
    for kind, word in (("sysusers.d", "u longthrow "), ("tmpfiles.d", "d /etc/longthrow/conf.d "),
                       ("modules-load.d", "tcp_bbr")):
        text = (tree / "lib" / kind / "longthrow.conf").read_text()
        assert any(line.startswith(word) for line in text.splitlines()), kind
    for template in ("postgresql@", "drbd@"):
        drop_in = tree / "lib/systemd/system" / f"{template}.service.d/longthrow.conf"
        assert "After=longthrow.target" in drop_in.read_text()


def test_units_run_the_programs_of_their_prefix(tree):
    for name in ("longthrowd.service", "longthrowd@.service"):
        text = (tree / "lib/systemd/system" / name).read_text()
        assert f"ExecStart={tree}/bin/longthrowd " in text
        assert "@" not in text.replace("longthrowd@.service", "").replace("postgresql@.service", "").replace(
            "@system-service", "").replace("@privileged", "").replace("@keyring", "").replace("@aio", "")


def test_instances_share_no_folder(tree):
    text = (tree / "lib/systemd/system/longthrowd@.service").read_text()
    for line in ("RuntimeDirectory=longthrow/%i", "StateDirectory=longthrow/%i",
                 "ConditionPathExists=/etc/longthrow/%i/longthrow.toml", "ReadWritePaths=-/etc/longthrow/%i/conf.d"):
        assert line in text.splitlines()
    assert f"ExecReload={tree}/bin/longthrow --control %t/longthrow/%i/control.sock reload" in text


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit(tree, unit):
    analyze = tool("systemd-analyze")
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tree}/lib/systemd/system:"}
    done = subprocess.run([analyze, "verify", "--man=no", "--recursive-errors=no", unit], capture_output=True,
                          text=True, env=environment, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_little_exposed(tree, unit):
    analyze = tool("systemd-analyze")
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tree}/lib/systemd/system:"}
    done = subprocess.run([analyze, "security", "--offline=true", "--no-pager", f"--threshold={int(EXPOSURE_MOST * 10)}",
                           unit], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
