# SPDX-License-Identifier: Apache-2.0
"""A laboratory: hosts (network namespaces) with WANs between them, gone without a trace afterwards.

    with Lab(rtt="80ms", rate="50mbit") as lab:              # hosts a and b, one WAN
        server = lab.a.popen(["python3", "-m", "http.server", "8000"])
        lab.b.run(["curl", f"http://{lab.a.address}:8000/"])
        lab.cut(); lab.heal(); lab.outage(2.0); lab.set(rate="10mbit"); lab.stats()

    with Lab("hub", "east", "west") as lab:                  # any shape
        lab.wan("hub", "east", rtt="80ms"); lab.wan("hub", "west", rtt="20ms", loss="0.1%")

It needs rights over namespaces: be root, or call `reexec_in_user_namespace()` first thing in main.
`refusal()` says why it cannot be done here.

Nothing outlives the process, not even under kill -9: a host is a namespace without a name, held by a
descriptor of this process and by what runs in it; and a watchdog, which notices the end of this process
by a pipe, kills what was started and whatever else is left in the hosts' namespaces. Labs share nothing:
addresses and ports may repeat.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from support.privileges import as_plain_user, give_to_plain_user

ROOT = Path(__file__).resolve().parents[2]
CLONE_NEWNET = 0x40000000
NFT = shutil.which("nft") or "/usr/sbin/nft"  # Debian has it where only root looks
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
_libc = ctypes.CDLL(None, use_errno=True)

# Reads "net:[INODE]" and "PID START" lines; at the end of its input kills every process that is in one
# of these namespaces or is one of these. Again and again, because a process may be forking meanwhile.
_WATCHDOG = r"""
import os, sys, time
def start_of(pid):
    with open(f"/proc/{pid}/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    return None if fields[0] in b"ZX" else fields[19].decode()
known = set(line.strip() for line in sys.stdin)
for attempt in range(100):
    found = False
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            start = start_of(pid)
            if start is None or int(pid) == os.getpid():
                continue
            if os.readlink(f"/proc/{pid}/ns/net") in known or f"{pid} {start}" in known:
                found = True
                os.kill(int(pid), 9)
        except OSError:
            continue
    if not found:
        break
    time.sleep(0.02)
"""


class LabError(RuntimeError):
    """The laboratory itself failed; the message says what to do."""


def reexec_in_user_namespace() -> None:
    """Goes on with rights over namespaces: at once as root, else by running this program again, under
    the same PID, inside a user namespace of its own. Raises LabError when that is not allowed."""
    if os.geteuid() == 0:
        return
    # No PID namespace and no fork: as PID 1 a program would ignore SIGTERM, and a fork would leave it
    # running when what was started here is killed.
    words = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    try:
        probe = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise LabError("unshare is not there: apt-get install util-linux") from None
    if probe.returncode != 0:
        raise LabError(
            f"user namespaces are not allowed here ({probe.stderr.strip()}): be root, or allow them: "
            "sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 "
            "kernel.apparmor_restrict_unprivileged_userns=0 (those that this kernel has)")
    os.execvp(words[0], [*words, sys.executable, *sys.orig_argv[1:]])


def refusal() -> str:
    """Why no lab can be made by this process; empty when it can."""
    try:
        _in_thread(lambda: _check(_libc.unshare(CLONE_NEWNET), "unshare"))
    except OSError as error:
        return f"no rights over network namespaces ({error.strerror}): be root, or run under: unshare -Urn"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return f"/dev/net/tun cannot be opened ({error.strerror}): modprobe tun; chmod 0666 /dev/net/tun"
    return ""


def find_wanlink() -> Path:
    folders = [os.environ.get("LONGTHROW_BUILD"), ROOT / "build"]
    for folder in filter(None, folders):
        if (program := Path(folder) / "bin" / "wanlink").exists():
            return program
    if found := shutil.which("wanlink"):
        return Path(found)
    raise LabError("wanlink is not built: tools/dev build (or set LONGTHROW_BUILD)")


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)


def _in_thread(function):
    """What function() gives, called on a thread of its own: setns and unshare concern one thread only."""
    outcome = {}

    def call():
        try:
            outcome["value"] = function()
        except BaseException as error:  # noqa: B902: handed on to the caller
            outcome["error"] = error

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def _make_namespace() -> int:
    """A new network namespace with lo up; its descriptor is all that holds it."""
    _check(_libc.unshare(CLONE_NEWNET), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = bytearray(struct.pack("16sH22x", b"lo", 0))
        fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("16sH", request)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


class Host:
    """One network namespace, with a loopback device of its own. Made by Lab.host."""

    def __init__(self, lab: "Lab", name: str):
        self.lab, self.name = lab, name
        self.wans: list["Wan"] = []
        try:
            self._fd = _in_thread(_make_namespace)
        except OSError as error:
            raise LabError(f"no network namespace: {refusal() or error}") from error
        self.inode = f"net:[{os.fstat(self._fd).st_ino}]"

    @property
    def netns(self) -> str:
        """A path of the namespace, for nsenter and wanlink; good while the lab is open."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    @property
    def address(self) -> str:
        """The host's IPv4 address on its first WAN; loopback while it has none."""
        return self.wans[0].address_of(self) if self.wans else "127.0.0.1"

    def popen(self, argv, *, unprivileged: bool = False, user=None, **options) -> subprocess.Popen:
        """Starts argv inside the host; the pid is that of argv itself. It has a session of its own and
        is ended with the lab. Output that no option catches goes to a log in the lab's folder.
        unprivileged: as a user who is not root (database servers insist); user: as that uid or name
        (real root only)."""
        argv = [str(word) for word in argv]
        if unprivileged:
            argv = as_plain_user(argv)
        elif user is not None:
            argv = ["setpriv", f"--reuid={user}", "--regid=65534", "--clear-groups", "--", *argv]
        argv = ["nsenter", f"--net={self.netns}", "--", *argv]
        with contextlib.ExitStack() as stack:
            if "stdout" not in options or "stderr" not in options:
                log = stack.enter_context(self.lab.new_log(self.name, argv))
                options.setdefault("stdout", log)
                options.setdefault("stderr", log)
            options.setdefault("stdin", subprocess.DEVNULL)
            options.setdefault("start_new_session", True)
            process = subprocess.Popen(argv, **options)
        self.lab.track(process)
        return process

    def run(self, argv, *, timeout: float = 60, check: bool = True, input: str | None = None,
            **options) -> subprocess.CompletedProcess:
        """Runs argv inside the host to its end, as text; a failure shows the output."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.popen(argv, **options)
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            _end([process], grace=0)
            out, err = process.communicate()
            raise LabError(f"{argv} on {self.name}: not done in {timeout:g} s\n{out}{err}") from None
        finally:
            self.lab.forget(process)
        if check and process.returncode != 0:
            raise LabError(f"{argv} on {self.name}: exit status {process.returncode}\n{out}{err}")
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def inside(self, function):
        """What function() gives, called by a thread of this process inside the host. Sockets that it
        makes stay in the host, wherever they are used."""
        def enter_and_call():
            _check(_libc.setns(self._fd, CLONE_NEWNET), "setns")
            return function()
        return _in_thread(enter_and_call)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM) -> socket.socket:
        """A socket of this process that lives in the host's network."""
        return self.inside(lambda: socket.socket(family, kind))

    def free_port(self) -> int:
        """A TCP port that nobody uses in this host, on no address."""
        with self.socket() as probe:
            probe.bind(("", 0))
            return probe.getsockname()[1]

    def sysctl(self, name: str, value: str) -> None:
        """Sets a net.* sysctl of this host alone."""
        self.inside(lambda: Path("/proc/sys", name.replace(".", "/")).write_text(value))

    def nft(self, rules: str) -> None:
        """Adds rules to this host's firewall alone; they go with it."""
        self.run([NFT, "--file", "-"], input=rules)

    def nft_refusal(self) -> str:
        """Why this host can have no firewall; empty when it can."""
        tried = self.run([NFT, "list", "ruleset"], check=False)
        return "" if tried.returncode == 0 else f"no nftables here: {tried.stderr.strip()}"

    def _close(self) -> None:
        os.close(self._fd)


class Wan:
    """A running wanlink between two hosts: a is the first, b the second. Made by Lab.wan."""

    def __init__(self, lab: "Lab", a: Host, b: Host, number: int, settings: dict):
        self.a, self.b = a, b
        self._subnet = f"10.77.{number}"
        self._subnet6 = f"fd77:{number}::"
        self.control = lab.folder / f"wan{number}.sock"
        ready, write = os.pipe()
        argv = [lab.wanlink, "--netns-a", a.netns, "--netns-b", b.netns, "--control", self.control,
                "--device-a", f"wan{len(a.wans)}", "--device-b", f"wan{len(b.wans)}",
                "--ready-fd", write, *_wan_options(settings)]
        for side, digit in (("a", 1), ("b", 2)):
            argv += [f"--address-{side}", f"{self._subnet}.{digit}/24",
                     f"--address6-{side}", f"{self._subnet6}{digit}/64"]
        with os.fdopen(ready, "rb") as answers:
            self.process = a.popen(argv, pass_fds=(write,))
            os.close(write)
            in_time = select.select([answers], [], [], 20)[0]
            if not in_time or not answers.readline().startswith(b"READY"):
                raise LabError(f"wanlink did not start:\n{lab.logs()}")
        a.wans.append(self)
        b.wans.append(self)

    def address_of(self, host: Host) -> str:
        return f"{self._subnet}.{1 if host is self.a else 2}"

    def address6_of(self, host: Host) -> str:
        return f"{self._subnet6}{1 if host is self.a else 2}"

    def command(self, line: str) -> dict:
        """One line for the control socket; see wanlink(8)."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(20)
            control.connect(str(self.control))
            control.sendall(line.encode() + b"\n")
            with control.makefile() as answers:
                answer = json.loads(answers.readline())
        if not answer["ok"]:
            raise LabError(f"wanlink: {line}: {answer['error']}")
        return answer

    def down(self, direction: str = "") -> None:
        """Cuts the line until `up`: both ways, or only "a2b" or "b2a"."""
        self.command(f"down {direction}")

    def up(self, direction: str = "") -> None:
        self.command(f"up {direction}")

    def outage(self, seconds: float, direction: str = "") -> None:
        """Cuts the line now, for so long; does not wait."""
        self.command(f"outage {direction} {seconds:f}s")

    def set(self, *words: str, direction: str = "", **settings) -> None:
        """set("rate=10mbit") or set(rate="10mbit", loss="1%", direction="a2b")."""
        pairs = [f"{key.replace('_', '-')}={value}" for key, value in settings.items()]
        self.command(" ".join(["set", direction, *words, *pairs]))

    def stats(self) -> dict:
        return self.command("stats")


def _wan_options(settings: dict) -> list[str]:
    """rtt="80ms", burst_loss="1%,20%", rt=True, outage=["1s+2s"]: the options of wanlink."""
    options = []
    for key, value in settings.items():
        name = "--" + key.replace("_", "-")
        if value is True:
            options.append(name)
        elif isinstance(value, (list, tuple)):
            for one in value:
                options += [name, one]
        elif value is not None and value is not False:
            options += [name, value]
    return options


class Lab:
    """Hosts and the WANs between them. With settings of wanlink (rtt=..., rate=...): one WAN between
    the first two hosts, and cut, heal, outage, set and stats are its."""

    def __init__(self, *names: str, wanlink=None, **wan_settings):
        self.wanlink = Path(wanlink) if wanlink else find_wanlink()
        self.folder = Path(tempfile.mkdtemp(prefix="lab-"))
        self.folder.chmod(0o755)  # a plain user's server may keep its files below
        self.hosts: dict[str, Host] = {}
        self.wans: list[Wan] = []
        self._processes: list[subprocess.Popen] = []
        self._lock = threading.Lock()
        self._log_count = 0
        self._closed = False
        self._watchdog = subprocess.Popen([sys.executable, "-S", "-E", "-c", _WATCHDOG], text=True,
                                          stdin=subprocess.PIPE, start_new_session=True, cwd="/")
        try:
            for name in names or ("a", "b"):
                self.host(name)
            if wan_settings:
                self.wan(*list(self.hosts)[:2], **wan_settings)
        except BaseException:
            self.close()
            raise

    def host(self, name: str) -> Host:
        """The host of that name; made when there is none yet. Also: lab.NAME for those there are."""
        if name not in self.hosts:
            self.hosts[name] = Host(self, name)
            self._tell_watchdog(self.hosts[name].inode)
        return self.hosts[name]

    def __getattr__(self, name: str) -> Host:
        try:
            return self.__dict__["hosts"][name]
        except KeyError:
            raise AttributeError(f"this lab has no host {name}") from None

    def wan(self, a: str, b: str, **settings) -> Wan:
        """Joins two hosts, e.g. rtt="80ms", rate="50mbit", queue="1MB", loss="0.1%", rt=True."""
        made = Wan(self, self.host(a), self.host(b), len(self.wans), settings)
        self.wans.append(made)
        return made

    # --- the only WAN of a simple lab ---------------------------------------------------------
    def cut(self, direction: str = "") -> None:
        self.wans[0].down(direction)

    def heal(self, direction: str = "") -> None:
        self.wans[0].up(direction)

    def outage(self, seconds: float) -> None:
        self.wans[0].outage(seconds)

    def set(self, *words: str, **settings) -> None:
        self.wans[0].set(*words, **settings)

    def stats(self) -> dict:
        return self.wans[0].stats()

    # --- files and processes ------------------------------------------------------------------
    def make_folder(self, name: str, unprivileged: bool = False) -> Path:
        """A folder below the lab's; owned by the user whom unprivileged=True runs as, if asked."""
        path = self.folder / name
        path.mkdir()
        if unprivileged:
            give_to_plain_user(path)
        return path

    def new_log(self, host: str, argv: list[str]):
        words = [Path(word).name for word in argv[2:] if not word.startswith("-")]
        with self._lock:
            self._log_count += 1
            number = self._log_count
        return (self.folder / f"{number:02}-{host}-{words[0] if words else 'log'}.log").open("wb")

    def logs(self) -> str:
        """The ends of all logs, for a failure's message."""
        parts = [f"--- {path}\n{path.read_text(errors='replace')[-3000:]}"
                 for path in sorted(self.folder.glob("*.log")) if path.stat().st_size]
        return "\n".join(parts)

    def track(self, process: subprocess.Popen) -> None:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{process.pid}/stat").read_bytes()
            self._tell_watchdog(f"{process.pid} {stat.rpartition(b')')[2].split()[19].decode()}")
        with self._lock:
            self._processes.append(process)

    def forget(self, process: subprocess.Popen) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._processes.remove(process)

    def _tell_watchdog(self, line: str) -> None:
        with self._lock:
            self._watchdog.stdin.write(line + "\n")
            self._watchdog.stdin.flush()

    def close(self, failed: bool = False) -> None:
        """Ends what runs (SIGTERM, SIGKILL after 5 s), the newest first, then the namespaces. The folder
        is kept, and named, when the test failed."""
        if self._closed:
            return
        self._closed = True
        wanlinks = [wan.process for wan in self.wans]
        others = [process for process in self._processes if process not in wanlinks]
        _end(others[::-1], grace=5)
        _end(self._processes, grace=5)
        self._watchdog.stdin.close()  # it now kills what is left in the namespaces, and ends
        try:
            self._watchdog.wait(10)
        except subprocess.TimeoutExpired:
            self._watchdog.kill()
            self._watchdog.wait()
        for host in self.hosts.values():
            host._close()
        if failed:
            print(f"files of the lab: {self.folder}\n{self.logs()}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, kind, *_) -> None:
        self.close(failed=kind is not None and kind is not GeneratorExit)


def _end(processes: list[subprocess.Popen], grace: float) -> None:
    """Ends processes and their sessions, all of them within `grace` seconds or by force."""
    running = [process for process in processes if process.poll() is None]
    if grace > 0:
        for process in running:
            _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + grace
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen, number: int) -> None:
    """To its whole group when it leads one (not when the caller asked for none of its own)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
