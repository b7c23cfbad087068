# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL primary and standby in temporary folders, run as a plain user inside lab hosts.

No system cluster is touched: own data folder, own unix socket folder, own ports. Nothing is synced to
disk (fsync off): these clusters never survive their test. SQL goes over the unix socket, which works
from outside the host's network namespace.
"""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from support.privileges import as_plain_user, give_to_plain_user
from support.waiting import wait_until


def find_bin() -> Path | None:
    """The newest server's folder of programs, as Debian lays it out."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    return found[-1].parent if found else None


BIN = find_bin() or Path("/usr/bin")

SETTINGS = {
    "fsync": "off", "shared_buffers": "64MB", "max_wal_size": "2GB", "wal_level": "replica",
    "max_wal_senders": "8", "dynamic_shared_memory_type": "mmap", "autovacuum": "off",
    "listen_addresses": "'127.0.0.1'", "logging_collector": "off", "log_line_prefix": "'%m [%p] '",
    "log_min_messages": "info", "max_connections": "60", "hot_standby": "on",
}


class Cluster:
    """One server. `host` is a lab host: popen(argv, **subprocess options)."""

    def __init__(self, host, folder: Path, port: int, settings: dict[str, str] | None = None):
        self.host, self.folder, self.port = host, Path(folder), port
        self.data = self.folder / "data"
        self.log_file = self.folder / "server.log"
        self.settings = {**SETTINGS, **(settings or {})}
        self.server: subprocess.Popen | None = None
        self.folder.mkdir(parents=True, exist_ok=True)
        give_to_plain_user(self.folder)

    def tool(self, name: str, *args: str, timeout: float = 120, inside: bool = False) -> str:
        """Runs a PostgreSQL program as the plain user (inside the host's network if asked)."""
        argv = as_plain_user([str(BIN / name), *args])
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
                   "cwd": self.folder, "env": {**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "30"}}
        process = self.host.popen(argv, **options) if inside else subprocess.Popen(argv, **options)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"{name} {args} took more than {timeout} s:\n{output}") from None
        if process.returncode != 0:
            raise AssertionError(f"{name} {args} failed ({process.returncode}):\n{output}")
        return output

    def sql(self, statement: str, database: str = "postgres", timeout: float = 120) -> str:
        return self.tool("psql", "-X", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres",
                         "-Atqc", statement, database, timeout=timeout).strip()

    def configure(self, **settings: str) -> None:
        self.settings.update(settings)
        lines = {**self.settings, "port": str(self.port),
                 "unix_socket_directories": f"'{self.folder}'"}
        path = self.data / "longthrow.conf"
        path.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        os.chmod(path, 0o644)

    def start(self, timeout: float = 60) -> None:
        self.configure()
        with self.log_file.open("ab") as log:
            self.server = self.host.popen(
                as_plain_user([str(BIN / "postgres"), "-D", str(self.data)]),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        wait_until(self._answers, timeout, f"PostgreSQL ready; see {self.log_file}", every=0.1)

    def _answers(self) -> bool:
        assert self.server.poll() is None, f"PostgreSQL ended:\n{self.log()[-3000:]}"
        probe = subprocess.run(
            as_plain_user([str(BIN / "pg_isready"), "-q", "-h", str(self.folder), "-p",
                           str(self.port)]), check=False)
        return probe.returncode == 0

    def stop(self) -> None:
        """At once, as after a power cut, but leaving no shared memory behind."""
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGQUIT)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        self.server = None

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def pgbench_tables(self) -> dict[str, str]:
        """table -> rows and a checksum that does not depend on their order on disk."""
        names = ("pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history")
        return {name: self.sql(f"select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::"
                               f"numeric), 0) from {name} t") for name in names}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Primary(Cluster):
    def create(self, **settings: str) -> "Primary":
        self.tool("initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--no-sync",
                  "-E", "UTF8", "--no-locale")
        self._include_ours()
        self.settings.update(settings)
        with (self.data / "pg_hba.conf").open("a") as hba:
            hba.write("host all all all trust\nhost replication all all trust\n")
        self.start()
        return self

    def _include_ours(self) -> None:
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write("include 'longthrow.conf'\n")

    def pgbench_init(self, scale: int) -> None:
        self._pgbench("-i", "-q", "-s", str(scale), timeout=300)

    def pgbench_burst(self, *args: str, timeout: float = 300) -> str:
        """-c, -j, -T, -t ... as pgbench takes them."""
        return self._pgbench("-n", *args, timeout=timeout)

    def _pgbench(self, *args: str, timeout: float) -> str:
        return self.tool("pgbench", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres",
                         *args, "postgres", timeout=timeout)

    def wal_position(self) -> int:
        return int(self.sql("select pg_current_wal_flush_lsn() - '0/0'"))

    def slot_active(self, slot: str = "dr") -> bool:
        return self.sql(f"select active from pg_replication_slots where slot_name = '{slot}'") == "t"


class Standby(Cluster):
    """A copy of `primary`, made through (host, port) as the standby's host sees it."""

    def create(self, primary: Primary, through: tuple[str, int], copy_through: tuple[str, int] | None
               = None, copy_host=None, slot: str = "dr", conninfo: str = "keepalives=0",
               **settings: str) -> "Standby":
        """`copy_through` and `copy_host`: where pg_basebackup runs and connects, to spare the WAN.
        `conninfo`: what else is said in primary_conninfo."""
        host, port = copy_through or through
        mine, self.host = self.host, copy_host or self.host
        try:
            self.tool("pg_basebackup", "-h", host, "-p", str(port), "-U", "postgres", "-D",
                      str(self.data), "-X", "stream", "-c", "fast", "--no-sync", "-C", "-S", slot,
                      timeout=300, inside=True)
        finally:
            self.host = mine
        (self.data / "standby.signal").touch(0o600)
        give_to_plain_user(self.data / "standby.signal")
        self.settings.update(settings)
        self.settings["primary_conninfo"] = (
            f"'host={through[0]} port={through[1]} user=postgres application_name=dr "
            f"connect_timeout=10 {conninfo}'")
        self.settings["primary_slot_name"] = f"'{slot}'"
        return self

    def received(self) -> int:
        return int(self.sql("select coalesce(pg_last_wal_receive_lsn() - '0/0', 0)") or 0)

    def replayed(self) -> int:
        return int(self.sql("select coalesce(pg_last_wal_replay_lsn() - '0/0', 0)") or 0)

    def wait_streaming(self, timeout: float = 60) -> None:
        wait_until(lambda: self.streams_started() > 0, timeout,
                   f"the standby streams; see {self.log_file}", every=0.2)

    def wait_replayed(self, position: int, timeout: float) -> float:
        """Seconds until `position` was replayed here."""
        started = time.monotonic()
        wait_until(lambda: self.replayed() >= position, timeout,
                   f"the standby has replayed {position}; see {self.log_file}", every=0.2)
        return time.monotonic() - started

    def streams_started(self) -> int:
        """How often a connection to the primary began to stream: 1 means that none was ever lost."""
        return len(re.findall(r"started streaming WAL from primary", self.log()))
