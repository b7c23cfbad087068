# SPDX-License-Identifier: Apache-2.0
"""Debian's drbdadm 9 against drbd-proxy-ctl and real daemons. Its kernel's side is a stand-in, since no
kernel here has DRBD 9: `drbdsetup show` says what the test wants it to say. What drbdadm 8.4 and a real
DRBD make of it is in test_proxy_ctl.py."""
import concurrent.futures
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from drbd.image import UNPACKED
from support.lab import Lab
from support.node import Node, make_key, program
from support.waiting import wait_until

STAND_IN = """#!/bin/sh
echo "$@" >> "{folder}/kernel-calls"
[ "$1" = show ] && cat "{folder}/kernel-state" 2>/dev/null
exit 0
"""

# What the kernel would say of r0 once it is connected.
CONNECTED = """resource "r0" {{
    _this_host {{ node-id 0; volume 0 {{ device minor 0; disk "/dev/vda"; meta-disk internal; }} }}
    connection {{
        _peer_node_id 1;
        path {{ _this_host ipv4 127.0.0.1:{port}; _remote_host ipv4 127.0.0.2:{port}; }}
        net {{ _name "beta"; protocol A; }}
    }}
}}
"""


def resource(name: str, port: int, addresses: dict[str, str], proxy: str) -> str:
    """One resource as LINSTOR writes it: the same port three times, inside is 127.0.0.2."""
    ends = "".join(f"    host {node} address 127.0.0.1:{port} via proxy on {node} {{ "
                   f"inside 127.0.0.2:{port}; outside ipv4 {address}:{port}; }}\n"
                   for node, address in addresses.items())
    hosts = "".join(f"  on {node} {{ node-id {index}; address 127.0.0.1:{port}; }}\n"
                    for index, node in enumerate(addresses))
    return (f"resource {name} {{\n  net {{ protocol A; }}\n  proxy {{ {proxy} }}\n"
            f"  device minor {port - 7001}; disk /dev/vd{port}; meta-disk internal;\n{hosts}"
            f"  connection {{\n{ends}  }}\n}}\n")


class Administrator:
    """One host's drbdadm, in front of its node."""

    def __init__(self, node: Node, folder: Path, addresses: dict[str, str]):
        self.node, self.folder, self.addresses = node, folder, addresses
        folder.mkdir()
        shutil.copy(UNPACKED / "sbin" / "drbdadm", folder)
        for name in ("drbdsetup", "drbdmeta"):
            (folder / name).write_text(STAND_IN.format(folder=folder))
            (folder / name).chmod(0o755)
        (folder / "drbd-proxy-ctl").symlink_to(program("drbd-proxy-ctl"))
        self.environment = {**os.environ, "LONGTHROW_CONTROL": str(node.control),
                            "__DRBD_NODE__": node.name, "DRBD_DRIVER_VERSION_OVERRIDE": "9.2.0"}

    def configure(self, proxy: str, count: int = 1) -> None:
        text = "global { usage-count no; }\n" + "".join(
            resource(f"r{index}", 7001 + index, self.addresses, proxy) for index in range(count))
        (self.folder / "drbd.conf").write_text(text)

    def kernel_says(self, text: str) -> None:
        (self.folder / "kernel-state").write_text(text)

    def run(self, *words: str) -> str:
        done = subprocess.run([self.folder / "drbdadm", "-c", self.folder / "drbd.conf", *words],
                              env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"drbdadm {words} gave {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def ctl(self, *words: str) -> str:
        return subprocess.run([program("drbd-proxy-ctl"), *words], env=self.environment, text=True,
                              capture_output=True, timeout=60, check=True).stdout

    def connections(self) -> list[str]:
        return [line.split()[2] for line in self.ctl("show").splitlines()]


@pytest.fixture
def admins(request, tmp_path):
    """Both ends' administrators. With the parameter "shared" their nodes have a link for all connections."""
    key = tmp_path / "drbd.psk"
    make_key(key)
    tls = {"psk_file": key}
    with Lab(wanlink=program("wanlink"), rtt="20ms") as lab:
        addresses = {"alpha": lab.a.address, "beta": lab.b.address}
        shared = getattr(request, "param", "") == "shared"
        nodes = []
        for host, name, end in ((lab.a, "alpha", "listen"), (lab.b, "beta", "connect")):
            tables = {"drbd-proxy": {"tls": tls, "link": "dr" if shared else None}}
            if shared:
                tables["link.dr"] = {end: f"{lab.a.address}:7700", "tls": tls}
            nodes.append(Node(host, tmp_path / name, name, tables))
        for node in nodes:
            node.start()
        yield [Administrator(node, tmp_path / f"{node.name}-bin", addresses) for node in nodes]
        for node in nodes:
            node.stop()


NAME = "r0-beta-alpha"


def settings(admin: Administrator, name: str = NAME) -> str:
    return " ".join(admin.ctl("-c", f"show proxy-settings {name}").split())


@pytest.mark.sample
def test_proxy_up_and_down(admins):
    alpha, beta = admins
    for admin in admins:
        admin.configure("memlimit 128M; plugin { zstd level 4; }")
        admin.run("proxy-up", "all")
    assert settings(alpha) == "proxy { memlimit 134217728; plugin { zstd level 4; } }"
    link = alpha.node.wait_link("up", NAME)
    assert link["buffer"]["limit_bytes"] == 128 * 1024 * 1024
    assert link["compression"]["setting"] == "zstd:4"
    beta.node.wait_route("open", "r0-alpha-beta")
    assert "ProxyConnected" in beta.ctl("show", "connections")
    alpha.run("proxy-up", "all")  # again: no harm
    for admin in admins:
        admin.run("proxy-down", "r0")
        assert admin.connections() == []
    alpha.run("proxy-down", "r0")


def test_adjust_when_drbd_knows_nothing_yet(admins):
    """Boot, and LINSTOR's first adjust: drbdadm deletes a connection that was never added, then adds it."""
    alpha = admins[0]
    alpha.configure("memlimit 100000000; plugin { zlib level 9; }")
    alpha.run("adjust", "r0")
    assert settings(alpha) == "proxy { memlimit 100000000; plugin { zlib level 9; } }"
    assert alpha.node.link(NAME)["compression"]["setting"] == "zstd:9"


def test_adjust_follows_the_configuration(admins):
    alpha = admins[0]
    alpha.kernel_says(CONNECTED.format(port=7001))
    alpha.configure("memlimit 64M; plugin { zstd level 4; }")
    alpha.run("proxy-up", "r0")
    for proxy, shown in (
            ("memlimit 512M; plugin { zstd level 4; }", "memlimit 536870912; plugin { zstd level 4; }"),
            ("memlimit 32M; plugin { zstd level 4; }", "memlimit 33554432; plugin { zstd level 4; }"),
            ("memlimit 32M; plugin { lz4; }", "memlimit 33554432; plugin { lz4; }"),
            ("memlimit 32M; plugin { lz4; zstd level 7; }",
             "memlimit 33554432; plugin { zstd level 7; lz4; }"),
            ("memlimit 32M; plugin { lz4; }", "memlimit 33554432; plugin { lz4; }"),
            ("memlimit 32M;", "memlimit 33554432;")):
        alpha.configure(proxy)
        alpha.run("adjust", "r0")
        assert settings(alpha) == f"proxy {{ {shown} }}", proxy
        quiet = alpha.ctl("print", "statistics")
        alpha.run("adjust", "r0")
        assert settings(alpha) == f"proxy {{ {shown} }}"
        assert alpha.ctl("print", "statistics").split()[0] == quiet.split()[0]
    assert alpha.node.link(NAME)["buffer"]["limit_bytes"] == 32 * 1024 * 1024
    assert alpha.node.link(NAME)["compression"]["setting"] == "auto"


def test_fifty_resources_at_once_and_after_a_restart(admins):
    for admin in admins:
        admin.configure("memlimit 16M;", count=50)
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        started = [pool.submit(admin.run, "proxy-up", f"r{index}")
                   for index in range(50) for admin in admins]
        for each in started:
            each.result()
    alpha, beta = admins

    def all_up():
        return [link["state"] for link in beta.node.status()["links"].values()] == ["up"] * 50
    wait_until(all_up, 60, "50 links up")
    assert len(alpha.connections()) == len(beta.connections()) == 50
    beta.node.kill9()
    beta.node.start()
    assert len(beta.connections()) == 50
    wait_until(all_up, 60, "50 links up again")


@pytest.mark.parametrize("admins", ["shared"], indirect=True)
def test_connections_between_the_same_hosts_share_a_link(admins):
    for admin in admins:
        admin.configure("memlimit 64M;", count=3)
        admin.run("proxy-up", "all")
    for admin, ending in zip(admins, ("beta-alpha", "alpha-beta")):
        for index in range(3):
            route = admin.node.wait_route("open", f"r{index}-{ending}")
            assert route["link"] == "dr"
        assert list(admin.node.status()["links"]) == ["dr"]
    alpha = admins[0]
    alpha.run("proxy-down", "r1")
    assert sorted(alpha.connections()) == ["r0-beta-alpha", "r2-beta-alpha"]
    assert admins[1].node.wait_route("mismatched", "r1-alpha-beta")["reason"]
    assert alpha.node.route("r0-beta-alpha")["state"] == "open"


def test_an_older_drbd_utils_gives_two_connections_one_name(admins):
    """A dedicated proxy host of drbd-utils 9.34 and older: said aloud, instead of losing one of them."""
    alpha = admins[0]
    add = ["-c", f"add connection {NAME} 127.0.0.2:7001 10.9.9.9:7001 {alpha.addresses['alpha']}:7001 "
                 "127.0.0.1:7001"]
    alpha.ctl(*add)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        alpha.ctl("-c", add[1].replace("7001", "7002"))
    assert refused.value.returncode == 10 and "other addresses" in refused.value.stderr
    assert alpha.connections() == [NAME]
