# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL primary streams to a real standby through Longthrow, over a WAN that fails."""
import threading
import time

import pytest
from support import postgres
from support.node import Pair

pytestmark = pytest.mark.skipif(postgres.find_bin() is None, reason="no PostgreSQL server is installed")

# What the PostgreSQL page advises: neither side gives up while Longthrow holds the stream.
PATIENT = {"wal_sender_timeout": "600s", "wal_receiver_timeout": "600s"}
PRIMARY_PORT, STANDBY_PORT = 15432, 15433


class Databases:
    """primary in host a, standby in host b; its only way to the primary is Longthrow's route `pg`.

    The standby dials: its side listens, the primary's side has the target.
    """

    def __init__(self, lab, folder, io):
        self.lab = lab
        self.pair = Pair(lab, folder, io, link={"memlimit": "256MiB"})
        self.pair.beta.tables["route.pg"] = {"link": "dr", "listen": "127.0.0.1:16432"}
        self.pair.alpha.tables["route.pg"] = {"link": "dr", "target": f"127.0.0.1:{PRIMARY_PORT}"}
        for node in self.pair.nodes:
            node.write_config()
        self.primary = postgres.Primary(lab.a, folder / "primary", PRIMARY_PORT)
        self.standby = postgres.Standby(lab.b, folder / "standby", STANDBY_PORT)

    def start(self) -> "Databases":
        self.pair.start()
        self.pair.beta.wait_route("open", "pg")
        self.primary.create(**PATIENT)
        self.primary.pgbench_init(2)
        self.standby.create(self.primary, ("127.0.0.1", 16432), ("127.0.0.1", PRIMARY_PORT), self.lab.a,
                            **PATIENT)
        self.standby.start()
        self.standby.wait_streaming()
        return self

    def load(self, seconds: float) -> threading.Thread:
        worker = threading.Thread(target=self.primary.pgbench_burst, daemon=True, kwargs={"timeout": 400},
                                  args=("-c", "4", "-R", "300", "-T", str(int(seconds))))
        worker.start()
        return worker

    def assert_ends_equal(self, timeout: float = 90) -> None:
        self.standby.wait_replayed(self.primary.wal_position(), timeout)
        primary, standby = self.primary.pgbench_tables(), self.standby.pgbench_tables()
        assert primary == standby
        assert int(primary["pgbench_history"].split(":")[0]) > 500, "pgbench did nothing to compare"

    def close(self) -> None:
        for part in (self.standby, self.primary, self.pair):
            part.stop()


@pytest.fixture
def databases(make_lab, folder, io):
    built = Databases(make_lab(rtt="40ms", rate="50mbit", queue="500KB"), folder, io)
    yield built
    built.close()


def long(*values):
    return pytest.param(*values, marks=pytest.mark.long)


@pytest.mark.parametrize("cuts, seconds", [(1, 20), long(5, 12), long(1, 120)])
def test_the_standby_never_reconnects_over_cuts(databases, cuts, seconds):
    it = databases.start()
    load = it.load(cuts * (seconds + 4) + 4)
    for _ in range(cuts):
        time.sleep(2)
        behind = it.standby.received()
        it.lab.cut()
        time.sleep(seconds)
        assert it.primary.wal_position() > behind, "the primary wrote nothing during the cut"
        it.lab.heal()
        it.pair.wait_up()
        time.sleep(2)
    load.join()
    it.assert_ends_equal()
    assert it.standby.streams_started() == 1, "the standby lost its connection"
    assert it.pair.alpha.link()["reconnects"] >= cuts, "the cuts were never noticed: a test of nothing"


@pytest.mark.parametrize("killed", ["alpha", "beta"])
def test_kill_9_of_a_node_costs_a_reconnect_and_both_ends_are_equal(databases, killed):
    it = databases.start()
    load = it.load(14)
    time.sleep(3)
    victim = getattr(it.pair, killed)
    victim.kill9()
    time.sleep(2)
    victim.start()
    load.join()
    it.assert_ends_equal()
    assert it.standby.streams_started() >= 2, "the standby cannot have kept its connection"
