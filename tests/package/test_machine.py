# SPDX-License-Identifier: Apache-2.0
"""The package in a Debian that systemd has booted: what an administrator meets at installing, running and upgrading."""
import json

import pytest

from support.stopped_thread import stopped_thread
from support.streams import Sink, Source, assert_equal_streams
from support.waiting import stays, wait_until

pytestmark = pytest.mark.long

MIB = 1024 * 1024
WAN, ENTRY = 7700, 17000
LINK = '[link.dr]\n{way} = "127.0.0.1:{wan}"\nmemlimit = "32MiB"\ntls = {{ psk_file = "{key}" }}\n'
ROUTE = '[route.r0]\nlink = "dr"\n{way} = "127.0.0.1:{port}"\n'


def status(machine, instance: str) -> dict:
    done = machine.run("longthrow", "--control", f"/run/longthrow/{instance}/control.sock", "status", "--json")
    return json.loads(done.stdout)


def screen(machine, instance: str) -> str:
    return machine.run("longthrow", "--control", f"/run/longthrow/{instance}/control.sock", "status").stdout


def configure(machine, instance: str, key: str, link_way: str, route_way: str, port: int) -> None:
    machine.write(f"/etc/longthrow/{instance}/longthrow.toml",
                  f'[node]\nname = "{instance}"\n' + LINK.format(way=link_way, wan=WAN, key=key)
                  + ROUTE.format(way=route_way, port=port))


def make_key(machine, path: str) -> None:
    machine.run("longthrow", "genkey", "-o", path)
    machine.run("chown", "longthrow:", path)


def start_pair(machine, target: int, key: str = "/etc/longthrow/dr.psk") -> None:
    """Instance alpha accepts connections that come out at `target` of instance beta."""
    configure(machine, "alpha", key, "listen", "listen", ENTRY)
    configure(machine, "beta", key, "connect", "target", target)
    machine.run("systemctl", "start", "longthrowd@alpha", "longthrowd@beta")
    wait_until(lambda: status(machine, "alpha")["routes"]["r0"]["state"] == "open", 30, "the route is open")


@pytest.fixture
def installed(machine, package):
    machine.install(package)
    return machine.boot()


@pytest.fixture
def sink(installed):
    with Sink(installed) as target:
        yield target


@pytest.fixture
def pair(installed, sink):
    make_key(installed, "/etc/longthrow/dr.psk")
    start_pair(installed, sink.port)
    return installed


def test_installed_without_a_running_systemd(machine, package):
    machine.install(package)
    assert machine.run("dpkg", "--audit").stdout == ""
    assert "longthrow:" in machine.run("getent", "passwd", "longthrow").stdout
    assert machine.run("longthrow", "--version").stdout.startswith("longthrow ")


def test_installing_starts_and_enables_nothing(machine, package):
    machine.boot().install(package)
    assert machine.run("systemctl", "is-enabled", "longthrowd", check=False).stdout.strip() == "disabled"
    assert machine.show("longthrowd", "ActiveState") == "inactive"
    assert machine.processes("longthrowd") == []
    owners = machine.run("stat", "--format=%n %U %a", "/etc/longthrow", "/etc/longthrow/conf.d", "/run/longthrow")
    assert owners.stdout.split("\n")[:3] == ["/etc/longthrow root 755", "/etc/longthrow/conf.d longthrow 755",
                                             "/run/longthrow longthrow 755"]
    assert not (machine.root / "etc/longthrow/longthrow.toml").exists()


def test_started_without_a_configuration_nothing_runs_and_nothing_has_failed(installed):
    installed.run("systemctl", "enable", "--now", "longthrowd", "longthrowd@alpha")
    for unit in ("longthrowd", "longthrowd@alpha"):
        assert installed.show(unit, "ActiveState") == "inactive"
        assert installed.show(unit, "ConditionResult") == "no"
    assert installed.processes("longthrowd") == []


def test_two_instances_carry_a_stream(pair, sink):
    with Source(pair, ("127.0.0.1", ENTRY), size=8 * MIB) as source:
        assert_equal_streams(source.one(), sink.one())
    for instance in ("alpha", "beta"):
        unit = f"longthrowd@{instance}"
        assert (pair.show(unit, "ActiveState"), pair.show(unit, "User")) == ("active", "longthrow")
        state = pair.run("stat", "--format=%U %a", f"/var/lib/longthrow/{instance}").stdout
        assert state.strip() == "longthrow 700"
        if pair.may_raise_limits():
            assert status(pair, instance)["links"]["dr"]["buffer"]["locked"]


def test_init_sets_up_two_sites_and_says_which_units_to_start(installed, sink):
    """Both on this machine, as instances; the commands that it prints are typed."""
    init = ["longthrow", "init", "--json"]
    here = json.loads(installed.run(*init, "--name", "alpha", "--peer", "beta", "--address", f"127.0.0.1:{WAN}", "--replicate",
                                    f"tcp:r0:{sink.port}", "--server", "peer", "--memlimit", "32MiB", "--directory",
                                    "/etc/longthrow/alpha").stdout)
    there = json.loads(installed.run(*init, "--join", here["bundle"], "--directory", "/etc/longthrow/beta").stdout)
    for site, report in (("alpha", here), ("beta", there)):
        assert report["check"]["outcome"] == "good", report["check"]
        key = installed.run("stat", "--format=%U %a", f"/etc/longthrow/{site}/alpha-beta.psk").stdout
        assert key.strip() == "longthrow 600"
        for command in report["next"]:
            if command.startswith("systemctl"):
                installed.run(*command.split())
    for site, peer in (("alpha", "beta"), ("beta", "alpha")):
        wait_until(lambda: f"LINK {peer} up" in screen(installed, site), 30, f"{site} has its link")
    wait_until(lambda: status(installed, "alpha")["routes"]["r0"]["state"] == "open", 30, "the route is open")
    with Source(installed, ("127.0.0.1", sink.port + 1), size=MIB) as source:
        assert_equal_streams(source.one(), sink.one())


def test_the_sandbox_allows_the_io_that_the_container_allows(pair):
    """What runs without any sandbox beside it has the same I/O backend."""
    pair.write("/etc/longthrow/plain/longthrow.toml",
               '[node]\nname = "plain"\ncontrol = "/run/longthrow/plain.sock"\nstate_dir = "/var/tmp/plain"\n'
               '[link.x]\nlisten = "127.0.0.1:7701"\ntls = { psk_file = "/etc/longthrow/dr.psk" }\n')
    pair.run("install", "--directory", "--owner=longthrow", "/var/tmp/plain")
    pair.run("systemd-run", "--unit=plain", "--uid=longthrow", "--property=Type=notify", "/usr/bin/longthrowd",
             "--config", "/etc/longthrow/plain/longthrow.toml")
    done = pair.run("longthrow", "--control", "/run/longthrow/plain.sock", "status", "--json")
    plain, sandboxed = json.loads(done.stdout), status(pair, "alpha")
    assert (sandboxed["io"], sandboxed["io_reason"]) == (plain["io"], plain["io_reason"])


def test_one_instance_ends_and_the_other_goes_on(pair):
    other = pair.show("longthrowd@beta", "MainPID")
    pair.run("systemctl", "stop", "longthrowd@alpha")
    assert pair.show("longthrowd@beta", "MainPID") == other
    assert status(pair, "beta")["node"] == "beta"
    pair.write("/etc/longthrow/longthrow.toml", (pair.root / "etc/longthrow/alpha/longthrow.toml").read_text())
    pair.run("systemctl", "start", "longthrowd")
    assert json.loads(pair.run("longthrow", "status", "--json").stdout)["node"] == "alpha"
    pair.run("systemctl", "stop", "longthrowd")
    assert status(pair, "beta")["node"] == "beta"


def test_reload_waits_for_the_answer_and_fails_with_it(pair):
    file = "/etc/longthrow/alpha/longthrow.toml"
    good = (pair.root / file.lstrip("/")).read_text()
    pair.write(file, good.replace("32MiB", "48MiB"))
    pair.run("systemctl", "reload", "longthrowd@alpha")
    assert status(pair, "alpha")["links"]["dr"]["buffer"]["limit_bytes"] == 48 * MIB
    pair.write(file, good.replace("memlimit", "memlimt"))
    assert pair.run("systemctl", "reload", "longthrowd@alpha", check=False).returncode != 0
    assert "unknown key" in pair.journal("longthrowd@alpha")
    assert pair.show("longthrowd@alpha", "ActiveState") == "active"
    assert status(pair, "alpha")["links"]["dr"]["buffer"]["limit_bytes"] == 48 * MIB


def test_an_upgrade_leaves_the_daemon_running_and_says_that_a_restart_is_pending(pair, sink, newer_package):
    assert status(pair, "alpha")["restart_pending"] == ""
    pids = {name: pair.show(f"longthrowd@{name}", "MainPID") for name in ("alpha", "beta")}
    with Source(pair, ("127.0.0.1", ENTRY), size=16 * MIB, rate=4 * MIB) as source:
        pair.install(newer_package)
        assert_equal_streams(source.one(), sink.one())
    assert pair.run("dpkg-query", "--show", "--showformat=${Version}", "longthrow").stdout.endswith("+newer")
    for name, pid in pids.items():
        assert pair.show(f"longthrowd@{name}", "MainPID") == pid
        assert status(pair, name)["restart_pending"] == "/usr/bin/longthrowd was replaced by another program since the start"
        assert "restart pending: /usr/bin/longthrowd was replaced" in screen(pair, name)
    pair.run("systemctl", "restart", "longthrowd@alpha")
    assert status(pair, "alpha")["restart_pending"] == ""
    assert status(pair, "beta")["restart_pending"] != ""


def test_the_same_package_once_more_asks_for_no_restart(pair, package):
    pid = pair.show("longthrowd@alpha", "MainPID")
    pair.install(package)
    assert pair.show("longthrowd@alpha", "MainPID") == pid
    assert status(pair, "alpha")["restart_pending"] == ""


def test_keys_come_as_credentials_that_the_daemon_could_not_read_by_itself(installed, sink):
    installed.run("longthrow", "genkey", "-o", "/etc/longthrow/secret.psk")
    for instance in ("alpha", "beta"):
        installed.write(f"/etc/systemd/system/longthrowd@{instance}.service.d/key.conf",
                        "[Service]\nLoadCredential=dr.psk:/etc/longthrow/secret.psk\n")
    installed.run("systemctl", "daemon-reload")
    start_pair(installed, sink.port, key="credential:dr.psk")
    assert status(installed, "alpha")["links"]["dr"]["state"] == "up"
    assert installed.run("stat", "--format=%U %a", "/etc/longthrow/secret.psk").stdout.strip() == "root 600"


def test_a_link_without_its_key_keeps_the_other_links_from_nothing(pair):
    file = pair.root / "etc/longthrow/alpha/longthrow.toml"
    file.write_text(file.read_text() + '[link.lost]\nconnect = "127.0.0.1:7799"\nmemlimit = "16MiB"\n'
                    'tls = { psk_file = "/etc/longthrow/lost.psk" }\n')
    pair.run("systemctl", "restart", "longthrowd@alpha")
    links = status(pair, "alpha")["links"]
    assert "lost.psk" in links["lost"]["reason"]
    wait_until(lambda: status(pair, "alpha")["links"]["dr"]["state"] == "up", 30, "the other link is up")


def test_set_save_may_write_into_the_folder_of_the_instance(pair):
    pair.run("install", "--directory", "--owner=longthrow", "/etc/longthrow/alpha/conf.d")
    pair.run("systemctl", "restart", "longthrowd@alpha")
    pair.run("longthrow", "--control", "/run/longthrow/alpha/control.sock", "set", "dr", "bandwidth", "100mbit", "--save")
    assert "100mbit" in (pair.root / "etc/longthrow/alpha/conf.d/90-set.toml").read_text()


def test_a_daemon_whose_loop_stands_still_is_restarted(pair):
    pair.write("/etc/systemd/system/longthrowd@alpha.service.d/watchdog.conf",
               "[Service]\nWatchdogSec=3\nTimeoutAbortSec=3\n")
    pair.run("systemctl", "daemon-reload")
    pair.run("systemctl", "restart", "longthrowd@alpha")
    pid = pair.show("longthrowd@alpha", "MainPID")
    stays(lambda: pair.show("longthrowd@alpha", "MainPID") == pid, 6, "an idle daemon is left alone")
    with stopped_thread(pair.host_pid(int(pid))) as reap:  # the loop's; all other threads go on
        wait_until(lambda: reap() or pair.show("longthrowd@alpha", "MainPID") not in (pid, "0"), 30, "it was restarted")
    assert "Watchdog timeout" in pair.journal("longthrowd@alpha")
    assert pair.show("longthrowd@alpha", "NRestarts") == "1"


def test_at_shutdown_replication_stops_before_the_instances(pair):
    pair.write("/etc/systemd/system/drbd@.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
               "ExecStop=/bin/sh -c 'sleep 2; longthrow --control /run/longthrow/beta/control.sock status "
               "> /var/tmp/when-drbd-had-stopped'\n")
    pair.run("systemctl", "daemon-reload")
    pair.run("systemctl", "start", "drbd@r0")
    pair.shut_down()
    assert "beta  longthrowd" in (pair.root / "var/tmp/when-drbd-had-stopped").read_text()


def test_removing_ends_the_daemons_and_keeps_what_is_the_administrators(pair):
    pair.run("systemctl", "enable", "longthrowd@alpha")
    pair.run("dpkg", "--remove", "longthrow")
    assert pair.processes("longthrowd") == []
    assert (pair.root / "var/lib/longthrow/alpha").exists()
    pair.run("dpkg", "--purge", "longthrow")
    assert not (pair.root / "var/lib/longthrow").exists()
    assert not list((pair.root / "etc/systemd/system/multi-user.target.wants").glob("longthrowd*"))
    assert (pair.root / "etc/longthrow/dr.psk").exists()
    assert (pair.root / "etc/longthrow/alpha/longthrow.toml").exists()
