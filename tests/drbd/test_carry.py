# SPDX-License-Identifier: Apache-2.0
"""DRBD through Longthrow: it replicates in order, survives cuts, and waits for nobody."""
import random
import re
import subprocess
import time

import pytest
from support.node import program
from support.waiting import wait_until

BURST_MIB, DIRECT_MIB = 100, 30


def write_volume(sites, volume: int, mib: int) -> float:
    """Seconds that a synced write of so many MiB of random data took the application."""
    said = sites.a.run(f"time dd if=/dev/urandom of=/dev/drbd{volume} bs=64k count={mib * 16} conv=fsync",
                       timeout=300)
    minutes, seconds = re.search(r"real\s+(\d+)m ?([\d.]+)s", said).groups()
    return int(minutes) * 60 + float(seconds)


@pytest.mark.sample
def test_two_volumes_replicate(make_sites):
    sites = make_sites(rtt="20ms")
    for volume in (0, 1):
        write_volume(sites, volume, 4)
    sites.wait_in_sync(60)
    sums = sites.a.run("for v in 0 1; do head -c 4194304 /dev/drbd$v | md5sum; done")
    drbd = sites.alpha.route()["drbd"]
    assert drbd["paired"] and drbd["lag_s"] == 0
    assert drbd["sent"]["barriers"] == drbd["received"]["barrier_acks"] > 0
    for volume in "01":
        assert drbd["sent"]["volumes"][volume]["write_bytes"] >= 4 * 1024 * 1024
    assert sites.beta.route()["drbd"]["received"]["volumes"] == drbd["sent"]["volumes"]
    sites.a.run("drbdadm secondary r0")
    sites.b.run("drbdadm primary r0")
    assert sites.b.run("for v in 0 1; do head -c 4194304 /dev/drbd$v | md5sum; done") == sums


def test_a_burst_does_not_wait_for_the_wan(make_sites):
    """10 Mbit/s, 100 ms: a write that takes the WAN a minute and a half is done at the disk's speed."""
    direct = make_sites(rtt="100ms", rate="10mbit", queue="1MB", proxied=False)
    without = write_volume(direct, 0, DIRECT_MIB)
    direct.burn()
    sites = make_sites(rtt="100ms", rate="10mbit", queue="1MB", disk_mib=112)
    seconds = write_volume(sites, 0, BURST_MIB)
    print(f"{without:.1f} s for {DIRECT_MIB} MiB without Longthrow, {seconds:.2f} s for {BURST_MIB} MiB with it")
    assert seconds / BURST_MIB < without / DIRECT_MIB / 3
    sites.wait_in_sync(240)
    assert sites.connects() == 1
    assert sites.alpha.link()["lag"]["bytes"] == 0


def sites_that_write(make_sites, seconds: float, **settings):
    """Sites that have written a chain of 12800 records for so long and are still writing. DRBD itself may
    have given up meanwhile, by a fault of its own (guest/chain.cc): then other sites are tried."""
    for _ in range(4):
        sites = make_sites(**settings)
        sites.make_file_systems()
        sites.make_chain_files(12800)
        sites.wait_in_sync(120)
        sites.a.begin("chain write /mnt/0/chain /mnt/1/chain 12800")
        time.sleep(seconds)
        if not sites.tripped_over_itself():
            return sites
        print("DRBD mixed up its barriers; once more")
        sites.burn()
    pytest.fail("DRBD mixed up its barriers four times")


def cut_that_nobody_notices(make_sites, seconds: float, **settings):
    """Sites after a cut under load, during which DRBD stayed connected, and after which nothing was resynced."""
    sites = sites_that_write(make_sites, 1, rtt="50ms", rate="20mbit", disk_mib=96, **settings)
    sites.lab.cut()
    time.sleep(seconds)
    assert sites.states() == ["Connected"] * 2
    sites.lab.heal()
    sites.a.finish(120)
    sites.wait_in_sync(120)
    for guest in (sites.a, sites.b):
        assert sites.connects(guest) == 1
        assert "Began resync" not in sites.kernel_log(guest)
    return sites


@pytest.mark.parametrize("outage", [2, 10, 25])
def test_drbd_does_not_notice_a_cut(make_sites, outage):
    cut_that_nobody_notices(make_sites, outage)


def test_drbd_sits_out_two_minutes_with_answered_pings(make_sites):
    """Longer than any ping-timeout: both DRBDs go on seeing each other, and nothing has to be resynced."""
    sites = cut_that_nobody_notices(make_sites, 120, route={"answer_pings": "outage"})
    assert sites.alpha.route()["drbd"]["pings_answered"] > 0


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.sample), *range(1, 20)])
def test_the_copy_is_a_prefix_when_the_site_burns(make_sites, seed):
    """Guest and node of site A are killed in the middle of a burst; B has every write up to some moment,
    over both volumes, and no later one."""
    sites = sites_that_write(make_sites, random.Random(seed).uniform(0.5, 6.0), rtt="40ms", rate="10mbit")
    sites.a.destroy()
    sites.alpha.kill9()
    sites.beta.wait_link_not("up", timeout=30)
    sites.beta.tell("takeover", "dr")
    sites.b.run("drbdadm disconnect r0; drbdadm primary r0")
    length = sites.check_copy()
    print(f"seed {seed}: {length} records are there")
    assert 0 < length < 12800


def test_verify_finds_no_difference(make_sites):
    sites = make_sites(rtt="30ms", rate="50mbit")
    sites.make_file_systems()
    for turn in range(3):
        sites.a.begin(f"dd if=/dev/urandom of=/mnt/{turn % 2}/file{turn} bs=16k count=640 conv=fsync")
        time.sleep(1)
        sites.lab.outage(2.0)
        sites.a.finish(60)
        sites.a.run(f"rm -f /mnt/{turn % 2}/file{turn - 2}")
    sites.wait_in_sync(120)
    sites.a.run("drbdadm verify r0")
    deadline = time.monotonic() + 120
    while sites.states() != ["Connected"] * 2 and time.monotonic() < deadline:
        time.sleep(1)
    assert sites.states() == ["Connected"] * 2
    assert sites.out_of_sync_kib() == 0
    assert sites.kernel_log().count("Online verify done") == 2


@pytest.mark.sample
def test_a_resync_makes_the_copy_inconsistent_until_it_ends(make_sites):
    """Both nodes say so, from what DRBD says of its disks; also when the resync is interrupted."""
    sites = make_sites(rtt="20ms", rate="20mbit", net={"csums-alg": "crc32c"})
    write_volume(sites, 1, 24)
    sites.wait_in_sync(60)
    for node in sites.nodes:
        assert node.group()["consistent"]
    sites.b.run("drbdadm disconnect r0 && drbdadm invalidate r0/1 && drbdadm connect r0")
    for node in sites.nodes:
        wait_until(lambda node=node: "volume 1 is inconsistent" in node.group()["reason"], 20,
                   f"{node.name} sees the resync")
        assert not node.group()["consistent"]
    sites.b.run("drbdadm disconnect r0")
    time.sleep(2)
    for node in sites.nodes:
        assert not node.group()["consistent"]
    sites.b.run("drbdadm connect r0")
    sites.wait_connected(90)
    for node in sites.nodes:
        wait_until(lambda node=node: node.group()["consistent"], 20, f"{node.name}: {node.group()}")


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_node_restart_costs_a_resync_of_the_difference(make_sites, side):
    sites = make_sites(rtt="20ms", rate="100mbit")
    write_volume(sites, 0, 8)
    sites.wait_in_sync(60)
    node = sites.alpha if side == "a" else sites.beta
    sites.a.begin("dd if=/dev/urandom of=/dev/drbd0 bs=64k count=256 conv=fsync")
    time.sleep(0.5)
    node.kill9()
    node.start()
    sites.a.finish(60)
    sites.wait_connected(60)
    sites.wait_in_sync(60)
    assert sites.alpha.group()["consistent"], sites.alpha.group()["reason"]
    resynced = sum(int(kib) for kib in re.findall(r"will sync (\d+) KB", sites.kernel_log()))
    assert resynced < 3 * 16 * 1024, f"{resynced} KiB of 65536 were resynced"


# What the LVM script of DRBD does, with a disk beside each volume instead of a logical volume.
SNAPSHOT = """#!/bin/sh
case $DRBD_VOLUME in 0) to=/dev/vdc ;; *) to=/dev/vdd ;; esac
dd if="$DRBD_LL_DISK" of=$to bs=64k && echo "$DRBD_VOLUME" >>/tmp/snapshots
"""


def test_the_snapshot_before_a_resync_is_what_is_left_when_the_primary_is_lost_in_it(make_sites):
    sites = make_sites(rtt="20ms", rate="20mbit", disk={"c-max-rate": "400k", "c-plan-ahead": 0,
                                                        "resync-rate": "400k"},
                       handlers={"before-resync-target": '"/sbin/snapshot"'}, extra_disks=2)
    sites.b.write("/sbin/snapshot", SNAPSHOT)
    sites.b.run("chmod +x /sbin/snapshot")
    sites.make_file_systems()
    for volume in (0, 1):
        sites.a.run(f"echo before >/mnt/{volume}/word && sync")
    sites.wait_in_sync(60)
    sites.beta.kill9()
    for volume in (0, 1):
        sites.a.run(f"dd if=/dev/urandom of=/mnt/{volume}/more bs=64k count=160 conv=fsync && "
                    f"echo after >/mnt/{volume}/word && sync", timeout=120)
    sites.beta.start()
    wait_until(lambda: "SyncTarget" in sites.states(sites.b), 90, f"a resync: {sites.proc(sites.b)}")
    wait_until(lambda: len(sites.b.run("cat /tmp/snapshots 2>/dev/null; true").split()) == 2, 60, "two snapshots")
    sites.a.destroy()
    sites.alpha.kill9()
    sites.beta.wait_link_not("up", timeout=30)
    assert not sites.beta.group()["consistent"]
    said = sites.beta.longthrow("takeover", "dr")
    assert said.returncode == 3 and "NOT CONSISTENT" in said.stdout, said
    for volume, device in enumerate(("vdc", "vdd")):
        sites.b.run(f"mkdir -p /mnt/{volume} && mount -t ext4 /dev/{device} /mnt/{volume}")
        assert sites.b.run(f"cat /mnt/{volume}/word") == "before\n"
        code, found = sites.b.try_run(f"umount /mnt/{volume} && /sbin/e2fsck -fn /dev/{device}")
        assert code == 0, f"the snapshot of volume {volume}: e2fsck -fn gave {code}:\n{found}"


@pytest.mark.parametrize("attempt", range(5))
def test_crossed_connects_settle(make_sites, attempt):
    """Both sides dial at once over 200 ms: connected within 15 s each time."""
    sites = make_sites(rtt="200ms")
    for _ in range(10):
        for guest in (sites.b, sites.a):
            guest.run("drbdadm disconnect r0")
        for guest in (sites.a, sites.b):
            guest.run("drbdadm connect r0")
        started = time.monotonic()
        sites.wait_connected(15)
        print(f"connected after {time.monotonic() - started:.1f} s")


def check(node):
    return subprocess.run([program("check_longthrow"), "--control", node.control], capture_output=True,
                          text=True, timeout=30, check=False)


def test_silence_is_not_health(make_sites):
    """DRBD stands alone: nothing is replicated, both nodes say so, and the copy's age counts on."""
    sites = make_sites(rtt="20ms")
    write_volume(sites, 0, 2)
    sites.wait_in_sync(60)
    sites.a.run("drbdadm disconnect r0")
    for node in sites.nodes:
        wait_until(lambda node=node: not node.group()["consistent"], 20, f"{node.name}: {node.group()}")
        assert "nothing is being replicated" in node.group()["reason"]
        verdict = check(node)
        assert verdict.returncode == 2 and "not consistent" in verdict.stdout, verdict.stdout
    before = sites.beta.group()["inbound"]
    time.sleep(5)
    after = sites.beta.group()["inbound"]
    assert after["as_of"] == before["as_of"] and after["age_s"] > before["age_s"] + 4
    sites.a.run("drbdadm connect r0")
    sites.wait_connected(30)
    for node in sites.nodes:
        wait_until(lambda node=node: node.group()["consistent"], 20, f"{node.name}: {node.group()}")


def test_a_full_buffer_slows_the_application_and_cuts_nothing(make_sites):
    """on-congestion block, DRBD's default: 48 MiB into a memlimit of 16 MiB."""
    sites = make_sites(rtt="50ms", rate="20mbit", link={"memlimit": "16MiB"})
    sites.a.begin("dd if=/dev/urandom of=/dev/drbd0 bs=64k count=768 conv=fsync")
    wait_until(lambda: sites.alpha.link()["buffer"]["full"], 30, "the buffer is full")
    sites.a.finish(120)
    sites.wait_in_sync(60)
    assert sites.connects() == 1 and "Began resync" not in sites.kernel_log()


def test_a_full_buffer_makes_drbd_pull_ahead_once(make_sites):
    """on-congestion pull-ahead: DRBD stops mirroring before the buffer is full, comes back when it has drained,
    and does not go to and fro."""
    sites = make_sites(rtt="50ms", rate="20mbit", link={"memlimit": "16MiB"},
                       net={"on-congestion": "pull-ahead", "congestion-fill": "14M", "csums-alg": "crc32c"})
    seconds = write_volume(sites, 0, 48)
    assert "Ahead" in sites.states(), sites.proc()
    wait_until(lambda: sites.alpha.route()["drbd"]["ahead"] == "here", 60, "the node has read so far")
    assert "DRBD is ahead" in check(sites.alpha).stdout
    wait_until(lambda: sites.beta.route()["drbd"]["ahead"] == "peer" or
               not sites.beta.group()["consistent"], 60, "the DR node knows that it gets no newer writes")
    sites.wait_in_sync(120)
    ahead = sites.kernel_log().count("-> Ahead")
    print(f"48 MiB in {seconds:.1f} s, {ahead} times ahead")
    assert sites.connects() == 1
    assert 1 <= ahead <= 2
    for node in sites.nodes:
        wait_until(lambda node=node: node.group()["consistent"], 20, f"{node.name}: {node.group()}")


def test_a_drain_ends_when_the_writes_are_on_the_other_disk(make_sites):
    sites = make_sites(rtt="50ms", rate="20mbit")
    write_volume(sites, 0, 16)
    said = sites.alpha.tell("drain", "r0", "--timeout", "60s", timeout=70)
    assert "on the peer's disk" in said, said
    assert sites.alpha.route()["drbd"]["barriers_open"] == 0
    sums = [guest.run(f"head -c {16 << 20} /dev/{device} | md5sum")
            for guest, device in ((sites.a, "drbd0"), (sites.b, "vda"))]
    assert sums[0] == sums[1]


def diagnosis(sites, folder) -> tuple[int, str]:
    dump = folder / "dump.xml"
    dump.write_text(sites.a.run("drbdadm dump-xml r0 2>/dev/null"))
    done = sites.alpha.longthrow("doctor", "--drbd-conf", str(dump))
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_doctor_foretells_the_cut_of_a_slow_drain(make_sites, tmp_path):
    """DRBD's default ko-count: 110 MiB at 10 Mbit/s take 92 s, and DRBD gives up 42 s after its last
    barrier."""
    sites = make_sites(rtt="100ms", rate="10mbit", queue="1MB", disk_mib=128,
                       net={"ko-count": 7, "timeout": 60})
    write_volume(sites, 0, 110)
    code, said = diagnosis(sites, tmp_path)
    assert code == 1 and "Remote failed to answer a P_BARRIER" in said, said
    wait_until(lambda: "Remote failed to answer a P_BARRIER" in sites.kernel_log(), 120,
               "DRBD gives up", every=1)


def test_the_doctor_has_nothing_against_the_settings_of_the_lab(make_sites, tmp_path):
    sites = make_sites(rtt="20ms", net={"csums-alg": "crc32c"}, disk={"al-extents": 6007})
    said = diagnosis(sites, tmp_path)[1]
    of_drbd = [line for line in said.splitlines() if line.startswith("resource r0")]
    assert len(of_drbd) == 1 and "no snapshot" in of_drbd[0], said
