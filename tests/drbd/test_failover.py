# SPDX-License-Identifier: Apache-2.0
"""The blocks of docs/FAILOVER.md, typed: DRBD changes sites on purpose, after a disaster, and back."""
import shlex

from support.pages import commands
from support.waiting import wait_until


def type_block(sites, site: str, heading: str) -> None:
    """Lines of longthrow at the site's node, all others inside its guest."""
    guest, node = (sites.a, sites.alpha) if site == "alpha" else (sites.b, sites.beta)
    for line in commands("FAILOVER.md", f"DRBD, {heading}"):
        if line.startswith("longthrow "):
            node.tell(*shlex.split(line)[1:])
        else:
            guest.run(line)


def switch(sites, old: str, new: str) -> None:
    type_block(sites, old, "the old primary")
    type_block(sites, new, "the new primary")


def word(guest) -> str:
    return guest.run("cat /mnt/0/word").strip()


def write_word(guest, text: str) -> None:
    guest.run(f"echo {text} >/mnt/0/word && dd if=/dev/urandom of=/mnt/0/{text} bs=64k count=32 && sync")


def prepare(make_sites):
    sites = make_sites(rtt="20ms", rate="20mbit")
    sites.a.run("/sbin/mke2fs -q -t ext4 /dev/drbd0 && mkdir -p /mnt/0 && mount -t ext4 /dev/drbd0 /mnt/0")
    sites.b.run("mkdir -p /mnt/0")
    write_word(sites.a, "first")
    return sites


def test_a_planned_switch_and_back(make_sites):
    sites = prepare(make_sites)
    switch(sites, "alpha", "beta")
    assert word(sites.b) == "first"
    write_word(sites.b, "second")
    switch(sites, "beta", "alpha")
    assert word(sites.a) == "second"
    assert sites.connects() == 1, "DRBD has noticed nothing but the roles"


def test_a_disaster_and_back(make_sites):
    """The worst of them: the old primary runs on, alone, and writes what nobody will ever get."""
    sites = prepare(make_sites)
    sites.wait_in_sync(60)
    sites.alpha.kill9()
    sites.beta.wait_link_not("up", timeout=30)
    type_block(sites, "beta", "the site that is left")
    assert word(sites.b) == "first"
    write_word(sites.b, "second")
    wait_until(lambda: "Connected" not in sites.states(), 60, f"alpha's DRBD stands alone; {sites.proc()}")
    write_word(sites.a, "lost")
    sites.a.run("umount /mnt/0")
    sites.alpha.start()
    type_block(sites, "alpha", "the site that comes back")
    type_block(sites, "beta", "the site that has taken over")
    sites.wait_connected(60)
    sites.wait_in_sync(60)
    switch(sites, "beta", "alpha")
    assert word(sites.a) == "second"
    assert sites.a.run("ls /mnt/0/lost 2>&1; true").strip().endswith("No such file or directory")
    wait_until(lambda: all(node.group()["consistent"] for node in sites.nodes), 20, "both copies are consistent")
