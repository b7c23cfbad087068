# SPDX-License-Identifier: Apache-2.0
"""Two sites with real DRBD: a guest on either side, Longthrow or a plain route between them."""
import json
import re
from pathlib import Path

from drbd.guest import Guest, GuestError
from drbd.image import Image
from support.lab import Lab
from support.node import Node, make_key
from support.waiting import wait_until

DRBD_PORT = 7789
WAN_PORT = 7700

# The settings that docs/DRBD.md advises for a long link, in drbdadm's words.
LONG_LINK_NET = {"ping-timeout": 300, "timeout": 90, "ko-count": 0, "sndbuf-size": "512k",
                 "socket-check-timeout": 5}


def resource_text(address_a: str, address_b: str, net: dict, disk: dict | None = None,
                  proxy: dict[str, str] | None = None, handlers: dict | None = None) -> str:
    """r0, two volumes. The addresses are what *this* guest calls the two ends. proxy: a line for each host,
    and "" for the resource, in the words of DRBD 8.4."""
    proxy = proxy or {}

    def section(name: str, options: dict) -> str:
        return f"  {name} {{ " + " ".join(f"{key} {value};" for key, value in options.items()) + " }\n"

    volumes = "".join(f"    volume {index} {{ device /dev/drbd{index}; disk /dev/vd{letter}; "
                      "meta-disk internal; }\n" for index, letter in enumerate("ab"))
    hosts = "".join(f"  on {name} {{\n    address {address}:{DRBD_PORT};\n{volumes}"
                    f"{proxy.get(name, '')}  }}\n" for name, address in (("a", address_a), ("b", address_b)))
    return ("global { usage-count no; }\nresource r0 {\n" +
            section("net", {"protocol": "A", "verify-alg": "crc32c", **net}) +
            section("disk", disk or {}) + section("handlers", handlers or {}) + proxy.get("", "") + hosts + "}\n")


class Sites:
    """Guest a behind host a, guest b behind host b, and the WAN. proxied: a Longthrow node on each
    host; otherwise the guests reach each other by routing over the WAN."""

    UP = "drbdadm up r0"

    def __init__(self, lab: Lab, image: Image, folder: Path, proxied: bool = True, protocol: str = "drbd",
                 link: dict | None = None, net: dict | None = None, disk: dict | None = None,
                 io: str = "auto", disk_mib: int = 64, route: dict | None = None, handlers: dict | None = None,
                 extra_disks: int = 0):
        self.lab, self.proxied = lab, proxied
        self.a = Guest(lab.a, 1, "a", image, disk_mib * 1024 * 1024)
        self.b = Guest(lab.b, 2, "b", image, disk_mib * 1024 * 1024)
        self.b.add_disks(extra_disks)
        options = {**LONG_LINK_NET, **(net or {})}
        for guest, peer in ((self.a, self.b), (self.b, self.a)):
            # The peer is reached through this site's own node, or directly.
            other = guest.gateway if proxied else peer.address
            addresses = (guest.address, other) if guest is self.a else (other, guest.address)
            guest.resource = resource_text(*addresses, options, disk, handlers=handlers)
        self.nodes: list[Node] = []
        if proxied:
            key = folder / "dr.psk"
            make_key(key)
            for host, guest, name, ends in (
                    (lab.a, self.a, "alpha", {"listen": f"{lab.a.address}:{WAN_PORT}"}),
                    (lab.b, self.b, "beta", {"connect": f"{lab.a.address}:{WAN_PORT}"})):
                tables = {
                    "link.dr": {**ends, "memlimit": "128MiB", "tls": {"psk_file": key}, **(link or {})},
                    "route.r0": {"link": "dr", "listen": f"{guest.gateway}:{DRBD_PORT}",
                                 "target": f"{guest.address}:{DRBD_PORT}", "protocol": protocol,
                                 **(route or {})}}
                self.nodes.append(Node(host, folder / name, name, tables, io))
        else:
            for host, peer, wan_peer in ((lab.a, self.b, lab.b), (lab.b, self.a, lab.a)):
                host.sysctl("net.ipv4.ip_forward", "1")
                host.run(["ip", "route", "add", f"10.10.{peer.number}.0/24", "via", wan_peer.address])

    @property
    def alpha(self) -> Node:
        return self.nodes[0]

    @property
    def beta(self) -> Node:
        return self.nodes[1]

    def boot(self) -> None:
        """What comes before DRBD."""
        for node in self.nodes:
            node.start()
        for guest in (self.a, self.b):
            guest.start()

    def start(self) -> "Sites":
        """Boots both guests, brings up DRBD, and skips the first full sync: both sides are known empty."""
        self.boot()
        for guest in (self.a, self.b):
            guest.write("/etc/drbd.conf", guest.resource)
            guest.run(f"drbdadm create-md --force r0 && {self.UP}")
        self.wait_connected(60)
        self.a.run("drbdadm new-current-uuid --clear-bitmap r0/0 && "
                   "drbdadm new-current-uuid --clear-bitmap r0/1 && drbdadm primary r0")
        return self

    def burn(self) -> None:
        """Both guests are gone; the nodes stay."""
        for guest in (self.a, self.b):
            guest.destroy()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    # --- what DRBD says -----------------------------------------------------------------------
    def proc(self, guest: Guest | None = None) -> str:
        return (guest or self.a).run("cat /proc/drbd")

    def states(self, guest: Guest | None = None) -> list[str]:
        """The connection state of each volume: Connected, SyncSource, Ahead, ..."""
        return re.findall(r" cs:(\w+)", self.proc(guest))

    def out_of_sync_kib(self) -> int:
        return sum(int(value) for value in re.findall(r" oos:(\d+)", self.proc()))

    def wait_connected(self, timeout: float) -> None:
        wait_until(lambda: self.states() == ["Connected"] * 2 == self.states(self.b), timeout,
                   f"DRBD connected; {self.proc()}", every=0.2)

    def wait_in_sync(self, timeout: float) -> None:
        """Every write is at B: nothing is left in a buffer, and DRBD misses nothing. (Protocol A counts a
        write as done once it is in its socket: /proc/drbd alone does not say where it is.)"""
        def settled():
            on_the_way = sum(link["lag"]["bytes"] + link["undelivered_bytes"]
                             for link in (node.link() for node in self.nodes))
            text = self.proc()
            return on_the_way == 0 and re.findall(r" cs:(\w+)", text) == ["Connected"] * 2 and \
                all(value == "0" for value in re.findall(r" (?:oos|ap|pe):(\d+)", text))
        wait_until(settled, timeout, f"DRBD in sync; {self.proc()}", every=0.2)

    def connects(self, guest: Guest | None = None) -> int:
        """How often DRBD's connection came up, from the guest's kernel log."""
        return self.kernel_log(guest).count("Handshake successful")

    def kernel_log(self, guest: Guest | None = None) -> str:
        return (guest or self.a).run("dmesg")

    def tripped_over_itself(self) -> bool:
        """DRBD 8.4.11 gave up its connection over two volumes' barriers (see guest/chain.cc)."""
        return "BAD! BarrierAck" in self.kernel_log()

    # --- file systems -------------------------------------------------------------------------
    def make_file_systems(self) -> None:
        """ext4 on both volumes, mounted on a at /mnt/0 and /mnt/1."""
        for volume in (0, 1):
            self.a.run(f"/sbin/mke2fs -q -t ext4 /dev/drbd{volume} && mkdir -p /mnt/{volume} && "
                       f"mount -t ext4 /dev/drbd{volume} /mnt/{volume}")

    def make_chain_files(self, records: int) -> None:
        """Room for `records` records of the chain, a multiple of 128 (guest/chain.cc)."""
        assert records % 128 == 0
        for volume in (0, 1):
            self.a.run(f"dd if=/dev/zero of=/mnt/{volume}/chain bs=4k count={records // 2} "
                       "conv=fsync 2>&1", timeout=120)

    def check_copy(self, devices: tuple[str, str] = ("drbd0", "drbd1")) -> int:
        """On guest b, whose DRBD is promoted, or on copies of its disks: both file systems are clean once their
        journals are replayed, and the chain has no gap. Its length."""
        for volume, device in enumerate(devices):
            self.b.run(f"mkdir -p /mnt/{volume} && mount -t ext4 /dev/{device} /mnt/{volume}")
        code, said = self.b.try_run("chain check /mnt/0/chain /mnt/1/chain")
        assert code == 0, f"the copy is not a prefix of what was written: {said}"
        for volume, device in enumerate(devices):
            code, found = self.b.try_run(f"umount /mnt/{volume} && /sbin/e2fsck -fn /dev/{device}")
            assert code == 0, f"volume {volume}: e2fsck -fn gave {code}:\n{found}"
        return int(said)


class InnerSites(Sites):
    """The nodes run inside the guests, beside DRBD, and know of it by drbdadm alone."""

    UP = "drbdadm proxy-up r0 && drbdadm up r0"
    CONTROL = "/run/longthrow/control.sock"

    def __init__(self, lab: Lab, image: Image, folder: Path, net: dict | None = None):
        super().__init__(lab, image, folder, proxied=False)
        for guest in (self.a, self.b):
            guest.memory = "512M"
        self.net = {**LONG_LINK_NET, **(net or {})}
        key = folder / "drbd.psk"
        make_key(key)
        self.key = key.read_text()

    def configure(self, proxy: str) -> None:
        """Writes drbd.conf into both guests. proxy: the resource's `proxy { }`, without the braces."""
        sections = {guest.name: f"    proxy on {guest.name} {{ inside 127.0.0.2:{DRBD_PORT}; "
                                f"outside {guest.address}:{WAN_PORT}; }}\n" for guest in (self.a, self.b)}
        text = resource_text("127.0.0.1", "127.0.0.1", self.net,
                             proxy={**sections, "": f"  proxy {{ {proxy} }}\n"})
        for guest in (self.a, self.b):
            guest.resource = text
            guest.write("/etc/drbd.conf", text)

    def boot(self) -> None:
        super().boot()
        self.configure("memlimit 64M; plugin { zstd level 3; }")
        for guest in (self.a, self.b):
            guest.write("/etc/longthrow/drbd.psk", self.key)
            guest.write("/etc/longthrow/longthrow.toml",
                        f'[node]\nname = "{guest.name}"\n'
                        '[drbd-proxy]\ntls = { psk_file = "/etc/longthrow/drbd.psk" }\n')
            guest.run("chmod 600 /etc/longthrow/drbd.psk; mkdir -p /run/longthrow")
            self.start_node(guest)

    def start_node(self, guest: Guest) -> None:
        guest.begin("exec longthrowd --config /etc/longthrow/longthrow.toml", "longthrowd")
        def answers():
            if guest.try_run("test -e /tmp/longthrowd.code")[0] == 0:
                raise GuestError(f"longthrowd of guest {guest.name} has ended:\n{guest.run('cat /tmp/longthrowd.out')}")
            return guest.try_run("longthrow status")[0] == 0
        wait_until(answers, 30, f"longthrowd of guest {guest.name} answers", every=0.5)

    def kill_node(self, guest: Guest) -> None:
        guest.run("kill -9 $(pidof longthrowd)")


class TwoResources(InnerSites):
    """Two resources, r0 and r1, of one volume each, whose routes are one group, `vm1`. The nodes run beside DRBD, so
    that they can read how far its sockets were written."""

    def __init__(self, lab: Lab, image: Image, folder: Path, extra_disks: int = 0, group: str = ""):
        super().__init__(lab, image, folder)
        self.b.add_disks(extra_disks)
        self.group = group  # lines of [group.vm1]
        for guest, peer in ((self.a, "b"), (self.b, "a")):
            guest.resource = "global { usage-count no; }\n" + "".join(
                self._resource(index, guest.name, peer) for index in (0, 1))

    def _resource(self, index: int, here: str, peer: str) -> str:
        options = " ".join(f"{key} {value};" for key, value in {"protocol": "A", **self.net}.items())
        volume = f"volume 0 {{ device /dev/drbd{index}; disk /dev/vd{'ab'[index]}; meta-disk internal; }}"
        hosts = " ".join(f"on {name} {{ address {address}:{DRBD_PORT + index}; {volume} }}"
                         for name, address in ((here, "127.0.0.1"), (peer, "127.0.0.2")))
        return f"resource r{index} {{ net {{ {options} }} {hosts} }}\n"

    def boot(self) -> None:
        Sites.boot(self)
        for guest, ends in ((self.a, f'listen = "{self.a.address}:{WAN_PORT}"'),
                            (self.b, f'connect = "{self.a.address}:{WAN_PORT}"')):
            routes = "".join(f'[route.r{index}]\nlink = "dr"\nlisten = "127.0.0.2:{DRBD_PORT + index}"\n'
                             f'target = "127.0.0.1:{DRBD_PORT + index}"\nprotocol = "drbd"\ngroup = "vm1"\n'
                             for index in (0, 1))
            guest.write("/etc/longthrow/drbd.psk", self.key)
            guest.write("/etc/longthrow/longthrow.toml",
                        f'[node]\nname = "{guest.name}"\n[link.dr]\n{ends}\nmemlimit = "64MiB"\n'
                        f'tls = {{ psk_file = "/etc/longthrow/drbd.psk" }}\n{routes}[group.vm1]\n{self.group}\n')
            guest.run("chmod 600 /etc/longthrow/drbd.psk; mkdir -p /run/longthrow")
            self.start_node(guest)

    def start(self) -> "TwoResources":
        self.boot()
        for guest in (self.a, self.b):
            guest.write("/etc/drbd.conf", guest.resource)
            guest.run("for r in r0 r1; do drbdadm create-md --force $r && drbdadm up $r || exit 1; done")
        self.wait_connected(90)
        self.a.run("for r in r0 r1; do drbdadm new-current-uuid --clear-bitmap $r/0 && drbdadm primary $r || exit 1; done")
        return self

    def status(self, guest: Guest) -> dict:
        return json.loads(guest.run("longthrow status --json"))

    def wait_in_sync(self, timeout: float) -> None:
        def settled():
            links = [self.status(guest)["links"]["dr"] for guest in (self.a, self.b)]
            return sum(link["lag"]["bytes"] + link["undelivered_bytes"] for link in links) == 0 and \
                all(value == "0" for value in re.findall(r" (?:oos|ap|pe):(\d+)", self.proc()))
        wait_until(settled, timeout, f"DRBD in sync; {self.proc()}", every=1)
