# SPDX-License-Identifier: Apache-2.0
"""Guarantee G2 over two DRBD resources: their routes are one group, and the chain goes to and fro between them."""
import random
import time

import pytest
from drbd.site import TwoResources
from support.waiting import wait_until


@pytest.mark.parametrize("seed", range(20))
def test_two_resources_are_one_prefix_when_the_site_burns(make_sites, seed):
    sites = make_sites(rtt="40ms", rate="10mbit", kind=TwoResources)
    sites.make_file_systems()
    sites.make_chain_files(6400)
    sites.wait_in_sync(120)
    sites.a.begin("chain write /mnt/0/chain /mnt/1/chain 6400")
    time.sleep(random.Random(seed).uniform(1.5, 6.0))
    sites.a.destroy()
    wait_until(lambda: sites.status(sites.b)["links"]["dr"]["state"] != "up", 40, "the link is down", every=1)
    said = sites.b.run("longthrow takeover vm1")
    print(said)
    assert "proven by: a cut of its 2 streams, proven at the source" in said
    sites.b.run("for r in r0 r1; do drbdadm disconnect $r; drbdadm primary $r || exit 1; done")
    length = sites.check_copy()
    print(f"seed {seed}: {length} records are there")
    assert 0 < length < 6400
