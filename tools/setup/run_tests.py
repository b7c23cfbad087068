#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the parts of `tools/dev test`, shows progress, adds everything up.

Each part gives counts: ctest and pytest through their JUnit files, the simulator one per seed. The last
line printed is always "N passed, N failed, N skipped"; the exit code is 0 only if nothing failed.
`--all` runs two stages at a time, see lanes.py.
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lanes import Stage, run_all, say
from passed_stages import PassedStages, state_of

ROOT = Path(__file__).resolve().parents[2]
JOBS = str(os.cpu_count() or 2)
DEFAULT_SEEDS, ALL_SEEDS = 1_000, 10_000
PLANT_SEEDS = 160  # bugs that no scene finds were found within 143 seeds
running: list[subprocess.Popen] = []  # each the leader of a process group of its own


@dataclass
class Result:
    name: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)  # name, reason
    seconds: float = 0.0


def build_folder(kind: str) -> Path:
    return ROOT / ("build" if kind == "release" else f"build-{kind}")


def sanitizer_environment(kind: str) -> dict[str, str]:
    options = {
        "asan": {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS":
                 "print_stacktrace=1:halt_on_error=1"},
        "tsan": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"},
    }
    promtool = ROOT / "build" / "promtool" / "usr" / "bin" / "promtool"
    unpacked = {"LONGTHROW_PROMTOOL": str(promtool)} if promtool.exists() else {}
    return {**os.environ, **unpacked, **options.get(kind, {}), "LONGTHROW_BUILD": str(build_folder(kind))}


def run(argv: list[str], environment: dict[str, str], limit: float, show) -> int:
    """Runs a part; `show(line)` sees each line. Past its limit the whole process group is ended."""
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                               start_new_session=True)
    running.append(process)
    timer = threading.Timer(limit, signal_group, (process, signal.SIGTERM))
    timer.start()
    try:
        for line in process.stdout:
            show(line.rstrip("\n"))
        return process.wait()
    finally:
        timer.cancel()
        running.remove(process)


def signal_group(process: subprocess.Popen, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.killpg(process.pid, number)


def interrupt_all() -> None:
    for process in list(running):
        signal_group(process, signal.SIGINT)


class Ticker:
    """A long list as one line now and then; what fails is shown at once."""

    def __init__(self, pattern: str, failure: str):
        self.pattern, self.failure = re.compile(pattern), re.compile(failure)
        self.shown = time.monotonic()

    def __call__(self, line: str) -> None:
        if self.failure.search(line):
            say(line)
        elif self.pattern.search(line) and time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            say("  " + line.strip()[:96])


def read_junit(path: Path, result: Result, code: int) -> None:
    """No file, or a bad exit code without a failed case, is a failure of its own."""
    cases = list(ElementTree.parse(path).iter("testcase")) if path.exists() else []
    for case in cases:
        name = "::".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed.append(name)
        elif skipped is not None or case.get("status") in ("notrun", "disabled"):
            reason = skipped.get("message", "") if skipped is not None else "disabled"
            result.skipped.append((name, reason or "no reason given"))
        else:
            result.passed += 1
    if code != 0 and not result.failed:
        result.failed.append(f"{result.name}: ended with {code}, after {len(cases)} reported cases")


def run_unit(kind: str, pattern: str | None) -> Result:
    result = Result(f"unit ({kind})")
    junit = build_folder(kind) / "unit.xml"
    junit.unlink(missing_ok=True)
    argv = ["ctest", "--test-dir", str(build_folder(kind)), "-L", "^(unit|sim)$", "-j", JOBS,
            "--output-on-failure", "--output-junit", str(junit),
            "--no-tests=" + ("ignore" if pattern else "error")]
    argv += ["-R", pattern] if pattern else []
    # ctest has no one form of line for what failed and why: the second pattern knows each of them.
    ticker = Ticker(r"^ *\d+/\d+ Test", r"\*\*\*|Failure|^\S*Error|^FAILED|Expected|Which is|assert")
    code = run(argv, sanitizer_environment(kind), 1800, ticker)
    if junit.exists() or code != 0 or not pattern:
        read_junit(junit, result, code)
    return result


def unreached(lines: list[str]) -> list[str]:
    """The marks of proxy/base/marks.h that no seed has reached."""
    counts: dict[str, int] = {}
    for line in lines:
        if match := re.match(r"mark (\w+): reached in (\d+) of", line):
            counts[match[1]] = counts.get(match[1], 0) + int(match[2])
    return [f"mark {name} (proxy/base/marks.h): no seed has reached it" for name, count in counts.items() if count == 0]


def run_sim(kind: str, seeds: int, fresh: int = 0, marks: tuple[str, ...] = ()) -> Result:
    """The same `seeds` in every run, so that a failure can be compared; `fresh` more change each day.

    With `marks`, the option that counts them, all of these seeds together are to reach each mark."""
    result = Result(f"simulator ({kind})")
    lines: list[str] = []
    ticker = Ticker(r"of \d+ seeds", r"FAILED|^  |signal|(?i:assert|error|sanitizer)")

    def show(line: str) -> None:
        lines.append(line)
        ticker(line)

    program = build_folder(kind) / "bin" / "longthrow_sim"
    if not program.exists():
        result.failed.append(f"{program} was not built")
        return result
    today = int(time.time()) // 86400 * 1_000_000
    for first, count in ((1, seeds), (today, fresh)):
        if count == 0:
            continue
        argv = [str(program), "--seed", str(first), "--count", str(count), "--jobs", JOBS, *marks]
        before = len(lines)
        code = run(argv, sanitizer_environment(kind), 7200, show)
        bad = sorted({int(match[1]) for line in lines[before:]
                      if (match := re.match(r"seed (\d+) FAILED", line))})
        counts = re.match(r"(\d+) passed, \d+ failed", lines[-1] if lines else "")
        if code != 0:
            result.failed += [f"seed {seed}: replay with tools/dev sim --seed {seed}" for seed in bad] \
                or [f"longthrow_sim --seed {first} --count {count} ended with {code}"]
        result.passed += int(counts[1]) if counts else 0
    result.failed += unreached(lines)
    return result


@dataclass
class Plant:
    """A bug of proxy/base/plants.h."""
    name: str
    scenes: str  # the filter of those that find it, or ""

    def run(self, program: str, *words: str) -> tuple[int, str]:
        environment = {**sanitizer_environment("planted"), "LONGTHROW_PLANT": self.name}
        argv = [str(build_folder("planted") / "bin" / program), *words]
        try:
            done = subprocess.run(argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, errors="replace", timeout=600, check=False)
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM, ""
        return done.returncode, done.stdout + done.stderr

    def run_scenes(self, scenes: str) -> tuple[int, str]:
        return self.run("sim_pair_test", "--gtest_fail_fast", f"--gtest_filter={scenes}")

    def run_seeds(self) -> tuple[int, str]:
        return self.run("longthrow_sim", "--seed", "1", "--count", str(PLANT_SEEDS), "--plant", self.name,
                        "--first-failure")

    def failure(self) -> str:
        """Why the stage fails by this one, or ""."""
        if self.name == "none":
            codes = [self.run_scenes("*")[0], self.run_seeds()[0]]
            return "" if codes == [0, 0] else f"no bug is planted: scenes ended with {codes[0]}, seeds with {codes[1]}"
        if self.scenes and was_found(*self.run_scenes(self.scenes)):
            return ""
        if self.scenes:
            say(f"  {self.name}: not found by {self.scenes}, as proxy/base/plants.h says")
        if was_found(*self.run_seeds()) or was_found(*self.run_scenes("*")):
            return ""
        return f"planted bug '{self.name}': neither {PLANT_SEEDS} seeds nor any scene finds it"


def was_found(code: int, output: str) -> bool:
    """By a scene, by a seed, or by an assertion of the nodes; not by a crash of another kind."""
    said = re.search(r"^\[  FAILED  \]|^seed \d+ FAILED", output, re.MULTILINE)
    return (code == 1 and said is not None) or (code == -signal.SIGABRT and "assertion failed" in output)


def run_planted() -> Result:
    """Each bug that proxy/base/plants.h lists is found; with none planted, the same scenes and seeds pass."""
    result = Result("planted bugs")
    table = (ROOT / "proxy/base/plants.h").read_text().replace("\\\n", " ")
    plants = [Plant(*row) for row in re.findall(r'X\((\w+),\s*"([^"]*)",', table)]
    with ThreadPoolExecutor(int(JOBS)) as pool:
        for failure in pool.map(Plant.failure, plants):
            if failure:
                result.failed.append(failure)
            else:
                result.passed += 1
    return result


def run_pytest(result: Result, kind: str, words: list[str], pattern: str | None,
               stop_early: bool) -> Result:
    junit = build_folder(kind) / f"{words[0].replace('/', '-')}.xml"
    junit.unlink(missing_ok=True)
    argv = [sys.executable, str(ROOT / "tests/support/privileges.py"), sys.executable, "-m", "pytest",
            "-v", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={junit}", *words]
    argv += ["-k", pattern] if pattern else []
    argv += ["-x"] if stop_early else []
    code = run(argv, sanitizer_environment(kind), 3 * 3600, say)
    if not (pattern and code == 5):  # pytest's 5: no test has that name
        read_junit(junit, result, code)
    return result


def run_e2e(kind: str, pattern: str | None, long_too: bool, stop_early: bool) -> Result:
    words = ["tests/e2e", "-n", JOBS, *([] if long_too else ["-m", "not long"])]
    return run_pytest(Result(f"end-to-end ({kind})"), kind, words, pattern, stop_early)


def run_drbd(pattern: str | None, all_of_it: bool, stop_early: bool) -> Result:
    """Runs one test at a time: two guests without KVM are all that two cores can carry."""
    words = ["tests/drbd", *([] if all_of_it else ["-m", "sample"])]
    return run_pytest(Result("real DRBD"), "release", words, pattern, stop_early)


def run_package(pattern: str | None, long_too: bool, stop_early: bool) -> Result:
    """What is installed comes from the package's own build, where there is one and all tests are wanted."""
    own = long_too and (build_folder("package") / "bin" / "longthrowd").exists()
    words = ["tests/package", *([] if long_too else ["-m", "not long"])]
    return run_pytest(Result("package"), "package" if own else "release", words, pattern, stop_early)


def run_command(name: str, argv: list[str]) -> Result:
    """A step that passes or fails as a whole: a build, clang-tidy."""
    result = Result(name)
    code = run(argv, dict(os.environ), 2 * 3600, lambda line: say("  " + line))
    if code == 0:
        result.passed = 1
    else:
        result.failed.append(f"{' '.join(argv)} ended with {code}")
    return result


def stages(options: argparse.Namespace) -> list[Stage]:
    names = ("unit", "sim", "e2e", "drbd", "package")
    chosen = {part for part in names if getattr(options, part)}
    parts = chosen or set(names) - ({"sim"} if options.k else set())
    long_too = options.long or options.all
    seeds = options.seeds or (ALL_SEEDS if options.all else DEFAULT_SEEDS)
    dev = str(ROOT / "tools" / "dev")

    def tests(kind: str, runs: int, fresh: int, e2e: bool, e2e_long: bool) -> list[Stage]:
        after = "" if kind == "release" else building(kind).title
        listed = []
        if "unit" in parts:
            listed.append(Stage(f"unit tests, {kind}", lambda: run_unit(kind, options.k), after=after))
        if "sim" in parts:
            marks = ("--marks",) if options.all and kind == "release" else ()
            listed.append(Stage(f"{runs + fresh} simulated runs, {kind}", lambda: run_sim(kind, runs, fresh, marks),
                                after=after))
        if "e2e" in parts and e2e:
            listed.append(Stage(f"end-to-end tests, {kind}",
                                lambda: run_e2e(kind, options.k, e2e_long, options.x), timed=True, after=after))
        return listed

    def building(kind: str) -> Stage:
        return Stage(f"build, {kind}", lambda: run_command(f"build ({kind})", [dev, "build", kind, "--no-setup"]))

    fresh = seeds // 2 if options.all else 0
    plan = tests("release", seeds - fresh, fresh, True, long_too)
    if "drbd" in parts:  # before what waits for a build
        plan.append(Stage("real DRBD in two guests" + ("" if long_too else ", a sample"),
                          lambda: run_drbd(options.k, long_too, options.x), timed=True))
    if options.all:
        # The end-to-end tests run under the sanitizers; the slower a build, the fewer seeds it simulates.
        for kind, runs, e2e in (("asan", seeds // 20, True), ("tsan", seeds // 100, True),
                                ("debug", seeds // 100, False), ("clang", seeds // 10, False)):
            plan.append(building(kind))
            plan += tests(kind, max(1, runs), 0, e2e, False)
    if "package" in parts:
        package = Stage("the Debian package", lambda: run_command("package", [dev, "package", "--no-setup"]))
        if options.all:
            plan.append(package)
        plan.append(Stage("the package" + ("" if long_too else ", as far as it needs no build of its own"),
                          lambda: run_package(options.k, long_too, options.x), timed=True,
                          after=package.title if options.all else ""))
    if "sim" in parts and not options.seeds:
        plan += [building("planted"), Stage("planted bugs are found", run_planted, after=building("planted").title)]
    if options.all:
        plan.append(Stage("lint: clang build, clang-tidy, layout",
                          lambda: run_command("lint", [dev, "lint", "--no-setup"])))
    return plan


def summary(results: list[Result]) -> int:
    print()
    for result in results:
        print(f"  {result.name:28} {result.passed:6} passed {len(result.failed):4} failed "
              f"{len(result.skipped):4} skipped {result.seconds:7.0f} s")
    for result in results:
        for name, reason in result.skipped:
            print(f"SKIPPED  {name}: {reason}")
    for result in results:
        for name in result.failed:
            print(f"FAILED   {name}")
    failed = sum(len(result.failed) for result in results)
    print(f"{sum(result.passed for result in results)} passed, {failed} failed, "
          f"{sum(len(result.skipped) for result in results)} skipped", flush=True)
    return 1 if failed or not any(result.passed for result in results) else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/dev test")
    for flag in ("--all", "--resume", "--unit", "--sim", "--e2e", "--drbd", "--package", "--long", "-x"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-k", metavar="PATTERN")
    parser.add_argument("--seeds", type=int)
    options = parser.parse_args()
    plan = stages(options)
    passed = PassedStages(ROOT / "build" / "all-stages.json", state_of(ROOT) if options.all else "")

    def run_stage(index: int, stage: Stage) -> Result:
        say(f"\n[{index}/{len(plan)}] {stage.title}")
        if options.resume and (before := passed.find(stage.title)):
            say("    has passed on this commit before")
            return Result(**before)
        started = time.monotonic()
        result = stage.run()
        result.seconds = time.monotonic() - started
        if not result.failed and result.passed and not stage.title.startswith("build"):
            passed.keep(stage.title, asdict(result))
        say(f"    {result.passed} passed, {len(result.failed)} failed, {len(result.skipped)} skipped, "
            f"{result.seconds:.0f} s")
        return result

    results, whole = run_all(plan, run_stage, interrupt_all, beside=options.all)
    if not whole:
        results.append(Result("tools/dev test", failed=["interrupted"]))
    return summary(results)


if __name__ == "__main__":
    sys.exit(main())
