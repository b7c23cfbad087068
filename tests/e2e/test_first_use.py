# SPDX-License-Identifier: Apache-2.0
"""What a first configuration gets wrong, said by the nodes themselves."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.lab import ROOT
from support.node import Node, make_key
from support.waiting import wait_until

# A server and a client that agree on TLS as PostgreSQL's do, as far as their first bytes go.
SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer = listener.accept()[0]
assert peer.recv(8, socket.MSG_WAITALL) == bytes.fromhex("0000000804d2162f")
peer.sendall(b"S")
peer.recv(6, socket.MSG_WAITALL)
peer.sendall(bytes.fromhex("160303007a0200007603030000"))
sys.stdin.read()
"""
CLIENT = """
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.sendall(bytes.fromhex("0000000804d2162f"))
assert peer.recv(1) == b"S"
peer.sendall(bytes.fromhex("16030102000100000001fc0303"))
sys.stdin.read()
"""


def python(host, code, *args):
    return host.popen([sys.executable, "-c", code, *map(str, args)], stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE, text=True)


def test_a_route_that_is_encrypted_inside_is_named_at_both_ends(make_lab, make_pair):
    lab = make_lab()
    server = python(lab.b, SERVER)
    pair = make_pair(lab, routes={"wal": int(server.stdout.readline())}).start()
    client = python(lab.a, CLIENT, *pair.entry("wal"))
    try:
        for node in pair.nodes:
            wait_until(lambda: [w["name"] for w in node.route("wal")["warnings"]] == ["inner_tls"], 10,
                       f"{node.name} names it")
            node.wait_log(r"route wal: its connections are encrypted inside \(TLS\)")
            assert "encrypted inside" in node.tell("status")
            assert "sslmode=disable gssencmode=disable" in node.longthrow("doctor").stdout
        pair.alpha.tell("set", "dr", "compression", "none")
        assert pair.alpha.route("wal")["warnings"] == [], "there is nothing to gain"
    finally:
        for process in (client, server):
            process.stdin.close()
            process.wait(10)


def test_the_firewall_of_the_install_page_lets_in_the_peer_and_nobody_else(make_lab, make_pair):
    """Behind Debian's own file of rules, where the package has brought one."""
    lab = make_lab(rtt="2ms")
    if reason := lab.a.nft_refusal():
        pytest.skip(reason)
    pair = make_pair(lab, routes={"r0": 17999})
    usual = Path("/etc/nftables.conf")
    page = (ROOT / "docs" / "INSTALL.md").read_text()
    rules = re.search(r"nftables.conf <<'END'\n(.*?)\nEND\n", page, re.DOTALL)[1]
    rules = rules.replace("198.51.100.7", lab.b.address).replace("7700", str(pair.WAN_PORT))
    lab.a.nft((usual.read_text() if usual.exists() else "") + rules)
    pair.start()
    lab.b.run(["ip", "address", "add", "10.77.0.9/24", "dev", "wan0"])

    def comes_in(address: str) -> bool:
        with lab.b.socket() as stranger:
            stranger.settimeout(3)
            stranger.bind((address, 0))
            return stranger.connect_ex((lab.a.address, pair.WAN_PORT)) == 0

    assert comes_in(lab.b.address)
    assert not comes_in("10.77.0.9")
    pair.beta.restart()
    pair.wait_up()


def test_ends_that_both_sides_lack_are_named(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={"r0": 17999})
    for node in pair.nodes:
        node.tables["route.targets"] = {"link": "dr", "target": "127.0.0.1:17998"}
        node.tables["route.listens"] = {"link": "dr", "listen": "127.0.0.1:17997"}
    del pair.beta.tables["link.dr"]["connect"]
    pair.beta.tables["link.dr"]["listen"] = f"{lab.b.address}:{pair.WAN_PORT}"
    for node in pair.nodes:
        node.write_config()
        node.start()
        said = node.check().stdout
        assert "link dr: the peer must dial" in said
        assert "route targets: the peer's [route.targets] needs listen" in said
        assert "route listens: the peer's [route.listens] needs target" in said
        assert "write connect at one of them" in node.link()["reason"], "both only listen"
    pair.beta.tables["link.dr"]["connect"] = f"{lab.a.address}:{pair.WAN_PORT}"
    pair.beta.write_config()
    assert pair.beta.reload().returncode == 0
    for node in pair.nodes:
        node.wait_link("up")
        node.wait_route("open", "r0")
        for name, word in (("targets", "listen"), ("listens", "target")):
            wait_until(lambda: f"write {word} at one" in node.route(name)["reason"], 10, "both lack it")
            assert node.route(name)["state"] == "closed"
        node.wait_log(r"route targets: nothing can pass")


def test_a_missing_key_and_a_damaged_record_of_takeovers_do_not_stop_the_rest(make_lab, folder, io):
    lab = make_lab()
    tables = {}
    for name in ("dr", "two"):
        tables[f"link.{name}"] = {"listen": f"{lab.b.address}:7700", "memlimit": "16MiB",
                                  "tls": {"psk_file": folder / f"{name}.psk"}}
        tables[f"route.{name}"] = {"link": name, "target": "127.0.0.1:9"}
    make_key(folder / "dr.psk", "dr")
    node = Node(lab.b, folder / "beta", "beta", tables, io)
    said = node.check()
    assert said.returncode == 1 and "two.psk" in said.stderr and "longthrow genkey" in said.stderr
    try:
        node.start()
        node.wait_log(r"error.*two\.psk.*this link stays down.*longthrow reload")
        assert "two.psk" in node.link("two")["reason"] and "two.psk" not in node.link("dr")["reason"]
        make_key(folder / "two.psk", "two")
        node.tell("reload")
        assert "two.psk" not in node.link("two")["reason"]
        node.terminate()
        record = node.folder / "state" / "fences"
        record.write_text("link d")
        said = node.check()
        assert said.returncode == 1 and "fences is damaged" in said.stderr, said
        node.start()
        node.wait_log(r"error.*fences\.damaged.*all links start fenced.*longthrow release")
        assert all(link["fenced"] for link in node.status()["links"].values())
        node.tell("release", "dr")
        assert not node.link("dr")["fenced"] and node.link("two")["fenced"]
        assert record.with_suffix(".damaged").exists() and node.check().returncode == 0
    finally:
        node.stop()


def test_an_interface_that_comes_later_is_waited_for(make_lab, folder, io):
    lab = make_lab()
    later = "[fe80::9%later]"
    node = Node(lab.a, folder / "alpha", "alpha", {
        "link.dr": {"listen": f"{later}:7700", "memlimit": "64MiB", "tls": "none", "allow_plaintext": True},
        "route.r0": {"link": "dr", "listen": f"{later}:5000"}}, io)
    node.tables["node"]["http"] = f"{later}:9100"
    node.write_config()
    node.start()
    try:
        assert "there is no such interface" in node.link()["reason"], node.link()
        for words in ("tuntap add dev later mode tun", "address add fe80::9/64 dev later nodad",
                      "link set later up"):
            lab.a.run(["ip", *words.split()])
        for line in ("WAN port .*7700: listening", "route r0: .*listening on .*5000", "node.http: listening on"):
            node.wait_log(line, timeout=10)
    finally:
        node.stop()
