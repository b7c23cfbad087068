# SPDX-License-Identifier: Apache-2.0
"""A checkpoint over two DRBD resources: the hook copies the disks below DRBD, and the copies are of one moment."""
import json

import pytest
from drbd.site import TwoResources

# Each disk is copied to one of the same size: a snapshot that needs no volume manager.
SNAPSHOT = """#!/bin/sh
env | grep LONGTHROW > /tmp/told
dd if=/dev/vda of=/dev/vdc bs=1M 2>/dev/null && dd if=/dev/vdb of=/dev/vdd bs=1M 2>/dev/null
"""
HOOK = 'on_checkpoint = ["/snapshot"]\nhook_timeout = "5m"'
FREEZE = ('--freeze "drbdadm suspend-io r0 && drbdadm suspend-io r1" '
          '--thaw "drbdadm resume-io r0; drbdadm resume-io r1" --freeze-timeout 60s')


@pytest.mark.parametrize("freeze, proof", [("", "source"), (FREEZE, "freeze")], ids=["running", "frozen"])
def test_the_snapshot_of_two_resources_is_one_prefix(make_sites, freeze, proof):
    sites = make_sites(rtt="40ms", rate="10mbit", kind=TwoResources, extra_disks=2, group=HOOK)
    sites.b.write("/snapshot", SNAPSHOT)
    sites.b.run("chmod 755 /snapshot")
    sites.make_file_systems()
    sites.make_chain_files(6400)
    sites.wait_in_sync(120)
    sites.a.begin("chain write /mnt/0/chain /mnt/1/chain 6400")
    said = sites.a.run(f"sleep 1; longthrow checkpoint vm1 c1 --wait {freeze}", timeout=400)
    print(said)
    assert f"proven by: {proof}" in said and "hook: ok" in said
    made, = json.loads(sites.a.run("longthrow checkpoints --json"))["checkpoints"]
    # suspend-io may hold back the barrier behind the last writes: then nothing tells whether these are on the disk.
    assert f"LONGTHROW_APPLIED={'yes' if made['applied'] else 'unknown'}" in sites.b.run("cat /tmp/told")
    length = sites.check_copy(("vdc", "vdd"))
    print(f"{length} records are in the snapshot")
    assert 0 < length <= 6400
    sites.wait_in_sync(200)
    assert sites.status(sites.b)["groups"]["vm1"]["checkpoints"]["done"] == 1
