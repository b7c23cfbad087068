# SPDX-License-Identifier: Apache-2.0
"""The blocks of docs/FAILOVER.md about PostgreSQL, typed: a primary and its standby change places."""
import shlex
import tomllib

import pytest
from support import postgres
from support.node import Pair
from support.pages import commands, toml_files
from support.privileges import give_to_plain_user

pytestmark = pytest.mark.skipif(postgres.find_bin() is None, reason="no PostgreSQL server is installed")

PORT, ENTRY = 5432, 6432  # the page's; each site has a network of its own


def type_block(cluster: postgres.Cluster, node, heading: str) -> None:
    for line in commands("FAILOVER.md", f"PostgreSQL, {heading}"):
        program, *words = shlex.split(line)
        if program == "longthrow":
            node.tell(*words)
        else:
            cluster.tool(program, "-D", str(cluster.data), *words)


@pytest.fixture
def pair(make_lab, folder, io):
    pair = Pair(make_lab(rtt="20ms", rate="50mbit", queue="500KB"), folder, io)
    pair.alpha.tables["route.wal"] = {"link": "dr", "target": f"127.0.0.1:{PORT}"}
    pair.beta.tables["route.wal"] = {"link": "dr", "listen": f"127.0.0.1:{ENTRY}"}
    for node, text in zip(pair.nodes, toml_files("FAILOVER.md"), strict=True):
        for name, route in tomllib.loads(text)["route"].items():
            node.tables[f"route.{name}"] = {**route, "link": "dr"}
        node.write_config()
    with pair.start():
        yield pair


def test_a_planned_switch(pair, folder):
    lab = pair.lab
    here, there = folder / "primary", folder / "standby"
    with postgres.Primary(lab.a, here, PORT) as old, postgres.Standby(lab.b, there, PORT) as new:
        old.create()
        old.sql("create table words as select n, md5(n::text) word from generate_series(1, 100000) n")
        new.create(old, ("127.0.0.1", ENTRY), ("127.0.0.1", PORT), lab.a)
        new.start()
        new.wait_streaming()
        old.sql("insert into words select n, md5(n::text) from generate_series(100001, 200000) n")
        type_block(old, pair.alpha, "the old primary")
        type_block(new, pair.beta, "the new primary")
        assert new.sql("select count(*) from words") == "200000"

        new.sql("select pg_create_physical_replication_slot('dr')")
        new.sql("insert into words values (0, 'written at the new primary')")
        with postgres.Standby(lab.a, here, PORT, old.settings) as standby:
            (standby.data / "standby.signal").touch(0o600)
            give_to_plain_user(standby.data / "standby.signal")
            standby.settings["primary_conninfo"] = f"'host=127.0.0.1 port={ENTRY} user=postgres'"
            standby.settings["primary_slot_name"] = "'dr'"
            standby.start()
            standby.wait_streaming()
            standby.wait_replayed(int(new.sql("select pg_current_wal_flush_lsn() - '0/0'")), 60)
            assert standby.sql("select word from words where n = 0") == "written at the new primary"
