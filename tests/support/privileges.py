# SPDX-License-Identifier: Apache-2.0
"""Namespaces for everybody: root has them; another user gets a user namespace where the system allows it.
As a program, it runs its arguments that way.

Database servers refuse to run as root, so both kinds of root also need a way back to a plain user.
"""
import os
import pwd
import subprocess
import sys
from pathlib import Path

_MARK = "LONGTHROW_IN_USER_NAMESPACE"


def is_real_root() -> bool:
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[:2] == ["0", "0"] \
        and _MARK not in os.environ


def enter_namespaces() -> None:
    """Goes on as root: as it is, or by running this program again in a user namespace. Or ends it."""
    if os.geteuid() == 0:
        return
    words = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork",
             "--mount-proc", "--kill-child=SIGTERM"]
    if subprocess.run(words + ["true"], capture_output=True, check=False).returncode != 0:
        sys.exit("This needs network namespaces: run it as root, or allow user namespaces "
                 "(sysctl kernel.unprivileged_userns_clone=1).")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        sys.exit("This needs /dev/net/tun, which this user may not open: run it as root.")
    os.environ[_MARK] = "1"
    os.execvp(words[0], words + [sys.executable] + sys.orig_argv[1:])


def plain_user() -> int:
    """The uid that `as_plain_user` ends with, for the ownership of files."""
    if not is_real_root():
        return os.geteuid()
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return 65534


def as_plain_user(argv: list[str]) -> list[str]:
    """argv, run without root's rights. In a user namespace: root of ours mapped back to somebody."""
    if os.geteuid() != 0:
        return argv
    if is_real_root():
        uid = str(plain_user())
        return ["setpriv", f"--reuid={uid}", "--regid=65534", "--clear-groups", "--", *argv]
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--", *argv]


def give_to_plain_user(path: Path) -> None:
    if is_real_root():
        os.chown(path, plain_user(), 65534)


def give_tree_to_plain_user(path: Path) -> None:
    for item in (path, *path.rglob("*")):
        give_to_plain_user(item)


if __name__ == "__main__":
    enter_namespaces()
    os.execvp(sys.argv[1], sys.argv[1:])
