# SPDX-License-Identifier: Apache-2.0
"""The nodes beside DRBD, inside the guests, and put there by Debian's drbdadm alone (8.4's language, since
the kernel's DRBD is 8.4)."""
from drbd.site import InnerSites
from support.waiting import wait_until


def settings(guest, name: str) -> str:
    return " ".join(guest.run(f'drbd-proxy-ctl -c "show proxy-settings {name}"').split())


def test_drbdadm_routes_drbd_through_longthrow(make_sites):
    """proxy-up, data, adjust of memlimit up and down and of the plugin, a node's end, proxy-down."""
    sites = make_sites(rtt="20ms", kind=InnerSites)
    sites.a.run("dd if=/dev/urandom of=/dev/drbd0 bs=64k count=64 conv=fsync")

    def same():
        # DRBD writes below the page cache, which keeps what an earlier look has found there.
        sums = [guest.run("echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=64k count=64 2>/dev/null | md5sum")
                for guest in (sites.a, sites.b)]
        return sums[0] == sums[1]
    wait_until(same, 60, "the same bytes on both disks", every=1)
    shown = sites.a.run("drbd-proxy-ctl show hconnections")
    assert "r0-b-a" in shown and "Connected" in shown, shown
    assert "Connected" in sites.b.run('drbd-proxy-ctl -c "show connections" -c "show memusage"')
    assert settings(sites.a, "r0-b-a") == "proxy { memlimit 67108864; plugin { zstd level 3; } }"

    for proxy, expected in (("memlimit 128M; plugin { zstd level 3; }", "memlimit 134217728; plugin { zstd level 3; }"),
                            ("memlimit 32M; plugin { zstd level 3; }", "memlimit 33554432; plugin { zstd level 3; }")):
        sites.configure(proxy)
        for guest, name in ((sites.a, "r0-b-a"), (sites.b, "r0-a-b")):
            guest.run("drbdadm adjust r0")
            assert settings(guest, name) == f"proxy {{ {expected} }}"
        sites.wait_connected(60)

    before = sites.connects()
    sites.configure("memlimit 32M; plugin { lz4; }")
    for guest in (sites.a, sites.b):
        guest.run("drbdadm adjust r0")
    assert settings(sites.a, "r0-b-a") == "proxy { memlimit 33554432; plugin { lz4; } }"
    assert sites.states() == ["Connected"] * 2 and sites.connects() == before, "a plugin changes live"

    sites.kill_node(sites.b)
    sites.start_node(sites.b)
    assert settings(sites.b, "r0-a-b") == "proxy { memlimit 33554432; plugin { lz4; } }"
    sites.wait_connected(60)

    sites.a.run("drbdadm proxy-down r0")
    assert sites.a.run("drbd-proxy-ctl show") == ""
    wait_until(lambda: sites.states()[0] != "Connected", 60, "DRBD is cut off")
    sites.a.run("drbdadm proxy-up r0")
    sites.wait_connected(60)
    sites.a.run("drbdadm down r0 && drbdadm proxy-down r0 && drbdadm proxy-up r0 && drbdadm adjust r0")
    sites.wait_connected(60)
