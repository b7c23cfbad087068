# SPDX-License-Identifier: Apache-2.0
"""Act 2: a PostgreSQL primary streams to a standby under a pgbench burst."""
from screen import Background, Clock, link_line, mib, say, show_status, title, watch, wire_bytes
from support import postgres

PRIMARY_PORT, STANDBY_PORT, ROUTE_PORT = 15432, 15433, 16432
SCALE, BURST_SECONDS, CUT_AT = 5, 12, 2.0
# Both runs have these settings: the standby notices within 6 s that its network peer is gone, as it must for a quick
# failover; PostgreSQL's own timeouts stay at their default of 60 s.
KEEPALIVE = "keepalives=1 keepalives_idle=3 keepalives_interval=1 keepalives_count=3"
PRIMARY_SETTINGS = {"tcp_keepalives_idle": "3", "tcp_keepalives_interval": "1",
                    "tcp_keepalives_count": "3", "tcp_user_timeout": "'6s'"}


def run(lab, through: tuple[str, int], line, node=None) -> dict:
    primary = postgres.Primary(lab.a, lab.folder / "primary", PRIMARY_PORT)
    standby = postgres.Standby(lab.b, lab.folder / "standby", STANDBY_PORT)
    with primary, standby:
        say("           making a primary, its tables, and a standby from a base backup ...")
        primary.create(listen_addresses="'*'", **PRIMARY_SETTINGS)
        primary.pgbench_init(SCALE)
        standby.create(primary, through, ("127.0.0.1", PRIMARY_PORT), lab.a, conninfo=KEEPALIVE)
        standby.start()
        standby.wait_streaming()
        return burst(lab, primary, standby, line, node)


def burst(lab, primary, standby, line, node) -> dict:
    wire, wal = wire_bytes(lab, "a2b"), primary.wal_position()
    clock = Clock(lab, CUT_AT)
    load = Background(primary.pgbench_burst, "-c", "4", "-T", str(BURST_SECONDS))
    end: list[float] = []
    target: list[int] = []
    shown = []

    def caught_up() -> bool:
        if not load.done():
            return False
        if not end:
            end.append(clock.now())
            target.append(primary.wal_position())
        return standby.replayed() >= target[0]

    def show() -> str:
        if node and clock.was_cut and not shown:
            shown.append(True)
            show_status(node)
        behind = primary.wal_position() - standby.replayed()
        return f"standby {mib(behind):>9} behind  {line()}"

    whole = watch(clock, caught_up, show, timeout=100)
    return {"whole": whole, "catch_up": clock.now() - (end[0] if end else 0), "wire": wire_bytes(lab, "a2b")
            - wire, "wal": primary.wal_position() - wal, "reconnects": standby.streams_started() - 1,
            "equal": primary.pgbench_tables() == standby.pgbench_tables()}


def without(stage) -> dict:
    title("Act 2a: a standby at the far side streams from its primary straight over the WAN")
    with stage.wan() as lab:
        return run(lab, (lab.a.address, PRIMARY_PORT), lambda: "")


def with_longthrow(stage) -> dict:
    title("Act 2b: the same through a pair of Longthrow nodes (memlimit 256 MiB)")
    with stage.wan() as lab:
        pair = stage.pair(lab, link={"memlimit": "256MiB"})
        pair.beta.tables["route.pg"] = {"link": "dr", "listen": f"127.0.0.1:{ROUTE_PORT}"}
        pair.alpha.tables["route.pg"] = {"link": "dr", "target": f"127.0.0.1:{PRIMARY_PORT}"}
        for node in pair.nodes:
            node.write_config()
        with pair.start():
            pair.beta.wait_route("open", "pg")
            return run(lab, ("127.0.0.1", ROUTE_PORT), lambda: link_line(pair.alpha), pair.alpha)


def perform(stage, table) -> bool:
    if postgres.find_bin() is None:
        say("Act 2 is left out: no PostgreSQL server is installed (tools/dev setup).")
        return False
    direct, through = without(stage), with_longthrow(stage)
    say()
    table.add("PostgreSQL: WAL written in the burst", mib(direct["wal"]), mib(through["wal"]))
    table.add("  bytes on the wire", mib(direct["wire"]), mib(through["wire"]))
    table.add("  standby caught up after the burst's end by", f"{direct['catch_up']:.1f} s",
              f"{through['catch_up']:.1f} s")
    table.add("  reconnects over the cut", str(direct["reconnects"]), str(through["reconnects"]))
    table.add("  tables at both ends", *("equal" if one["equal"] else "DIFFERENT"
                                         for one in (direct, through)))
    return all(one["whole"] and one["equal"] for one in (direct, through))
