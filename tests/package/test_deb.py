# SPDX-License-Identifier: Apache-2.0
"""The Debian package as a file."""
import gzip
import os
import subprocess

import pytest

from package.conftest import tool

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def files(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


def field(package, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_lintian_finds_no_error_and_no_warning(package):
    # Lintian does not run as root without a word.
    done = subprocess.run([tool("lintian"), "--allow-root", "--fail-on", "error,warning", "--info", package],
                          capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_it_depends_on_was_computed(package):
    depends = field(package, "Depends")
    for library in ("libc6", "libncursesw6", "libssl3", "liburing2", "libzstd1"):
        assert f"{library} (>= " in depends, library
    for needless in ("dpkg-dev", "libboost", "-dev"):
        assert needless not in depends


def test_no_configuration_of_a_daemon_is_in_it(files):
    found = ["/" + str(file.relative_to(files)) for file in (files / "etc").rglob("*") if file.is_file()]
    assert found == ["/etc/needrestart/conf.d/longthrow.conf"]
    assert (files / "DEBIAN/conffiles").read_text().split() == found


@pytest.mark.parametrize("unit, ours", [("longthrowd.service", True), ("longthrowd@alpha.service", True),
                                        ("postgresql.service", False), ("longthrowd-other.service", False)])
def test_needrestart_leaves_the_daemons_alone(files, unit, ours):
    """As needrestart reads it: 0 is the word for a service that it is not to restart."""
    program = ('our %nrconf; do $ARGV[0]; die $@ if $@; my $o = $nrconf{override_rc};'
               'print join ",", map { $o->{$_} } grep { $ARGV[1] =~ /$_/ } keys %$o')
    answer = subprocess.run(["perl", "-e", program, files / "etc/needrestart/conf.d/longthrow.conf", unit],
                            capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("0" if ours else "", "")


def test_programs_are_stripped_and_hardened(files):
    for name in ("longthrowd", "longthrow"):
        program = files / "usr/bin" / name
        sections = subprocess.run(["readelf", "--sections", "--wide", program], capture_output=True, text=True,
                                  check=True).stdout
        assert ".debug_info" not in sections and ".symtab" not in sections
        dynamic = subprocess.run(["readelf", "--dynamic", "--wide", program], capture_output=True, text=True,
                                 check=True).stdout
        assert "BIND_NOW" in dynamic and "PIE" in dynamic
        symbols = subprocess.run(["readelf", "--dyn-syms", "--wide", program], capture_output=True, text=True,
                                 check=True).stdout
        assert "_chk@" in symbols  # _FORTIFY_SOURCE


def test_licence_and_changelogs_are_where_debian_looks(files, package):
    folder = files / "usr/share/doc/longthrow"
    assert "License: Apache-2.0" in (folder / "copyright").read_text()
    newest = gzip.decompress((folder / "changelog.Debian.gz").read_bytes()).decode().splitlines()[0]
    assert newest.startswith(f"longthrow ({field(package, 'Version')}) ")
    assert gzip.decompress((folder / "changelog.gz").read_bytes()).startswith(b"# Changelog")
    assert not any(path.suffix in (".1", ".5", ".8") for path in (files / "usr/share/man").rglob("*"))


def test_the_units_are_of_the_system(files):
    for name in ("longthrowd.service", "longthrowd@.service"):
        assert "ExecStart=/usr/bin/longthrowd --config /etc/longthrow/" in (
            files / "usr/lib/systemd/system" / name).read_text()


def test_no_script_starts_or_restarts_a_daemon(files):
    for name in ("postinst", "prerm", "postrm"):
        script = files / "DEBIAN" / name
        assert os.access(script, os.X_OK)
        text = "\n".join(line for line in script.read_text().splitlines() if not line.startswith("#"))
        assert not any(word in text for word in (" start", "restart long", "reload long", "enable")), name
