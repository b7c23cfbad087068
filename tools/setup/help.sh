# SPDX-License-Identifier: Apache-2.0
# What tools/dev says about itself. Sourced by tools/dev.

help_all() {
  cat <<'TEXT'
tools/dev: build, try and test Longthrow. Nothing else is needed on a fresh Debian 12.

Two commands to begin with:
  tools/dev demo      see it work: a burst over a slow WAN that is cut, with and without Longthrow;
                      then a real PostgreSQL pair (build < 5 min, demo < 3 min)
  tools/dev test      the whole default test: unit, simulator, end-to-end (< 25 min on 2 cores)

All commands:
  setup               install what any of the others needs
  build [KIND...]     release (default, ./build), debug, clang, asan, tsan, planted (./build-KIND)
  test [OPTIONS]      see tools/dev test --help
  package [OPTIONS]   the Debian package, in ./build-package; see tools/dev package --help
  sim --seed N        replay one simulated run; see tools/dev sim --help
  drbd [OPTIONS]      real DRBD in two guests; see tools/dev drbd --help
  demo [OPTIONS]      see tools/dev demo --help
  fmt [--check]       clang-format over every C++ file
  lint                layout, clang 19 with warnings as errors, clang-tidy
  bench [NAME ...]    list or run the benchmarks

Every command says first which Debian packages are missing, how many MiB they are and how long that
takes, and asks; packages come from apt-get alone. What is built lies in ./build*; delete it freely.
Common options:
  --yes, -y           do not ask (for scripts; without a terminal nothing is installed otherwise)
  --no-setup          do not look at packages at all
TEXT
}

help_setup() { help_all; }

help_build() {
  cat <<'TEXT'
tools/dev build [release] [debug] [clang] [asan] [tsan] [planted]
  tools/dev build                 optimised, with debug information, in ./build; programs in build/bin
  tools/dev build debug asan      two more, in ./build-debug and ./build-asan
TEXT
}

help_test() {
  cat <<'TEXT'
tools/dev test [--unit] [--sim] [--e2e] [--drbd] [--package] [-k PATTERN] [--seeds N] [--long] [--all [--resume]]
  tools/dev test                  unit tests, 1000 simulated runs, end-to-end tests on both I/O backends,
                                  a sample of the tests with real DRBD, what can be said of the Debian
                                  package before it is built; each bug of proxy/base/plants.h, planted on
                                  purpose, is found
  tools/dev test --unit           one part alone; parts can be combined
  tools/dev test --e2e -k postgres    only end-to-end tests whose name matches (pytest's -k; for unit
                                  tests: ctest's -R)
  tools/dev test --e2e --long     also those that take more than a minute each
  tools/dev test --seeds 100      fewer or more simulated runs
  tools/dev test --all            also, in some three hours: debug and clang builds, clang-tidy, address
                                  and thread sanitizers over unit, simulator and end-to-end tests; the long
                                  tests, all tests with DRBD, the Debian package and its tests, 10000 seeds,
                                  which are to reach every mark of proxy/base/marks.h. What has no time
                                  limits (lines marked C) runs beside what has (T), in the time it leaves
  tools/dev test --all --resume   leaves out the stages that have passed on this commit (build/all-stages.json)
The last line is "N passed, N failed, N skipped"; the exit code is 0 only if nothing failed. End-to-end
tests run in network namespaces of their own: as root, or as a user who may make user namespaces.
Logs of a failed end-to-end test are kept; its report says where.
TEXT
}

help_package() {
  cat <<'TEXT'
tools/dev package [--release N] [--test] [-k PATTERN] [-x]
  tools/dev package               build the Debian package: build-package/longthrow_VERSION-1_ARCH.deb, of
                                  optimised, hardened, stripped programs
  tools/dev package --release 2   the same sources once more as VERSION-2
  tools/dev package --test        also test it (5 minutes): lintian; installed, upgraded, removed and purged
                                  in a fresh Debian root that systemd boots; as root
The version is that of CMakeLists.txt. `sudo apt install ./build-package/longthrow_*.deb` installs it: it
starts nothing (docs/INSTALL.md).
TEXT
}

help_sim() {
  cat <<'TEXT'
tools/dev sim --seed N [--count M] [--jobs J] [--verbose] [--marks]
  tools/dev sim --seed 4711             replay one run: same seed, same trace
  tools/dev sim --seed 4711 --verbose   with every event
  tools/dev sim --seed 1 --count 500    500 runs from seed 1
  tools/dev sim --seed 1 --count 500 --marks    how many of them reach each rare branch of proxy/base/marks.h
TEXT
}

help_drbd() {
  cat <<'TEXT'
tools/dev drbd [--sample] [-k PATTERN] [-x]
  tools/dev drbd                  every test with real DRBD: about half an hour
  tools/dev drbd --sample         the few that tools/dev test makes: about 2 minutes
  tools/dev drbd -k burst         those whose name matches
Two guests with Debian's kernel and drbd-utils run under QEMU (KVM is not needed), each behind a lab host
of its own with a Longthrow node on it, a WAN in between. Nothing is installed but QEMU: what is in the
guests is unpacked below build/drbd. DRBD on this machine, if there is one, is not touched.
TEXT
}

help_demo() {
  cat <<'TEXT'
tools/dev demo [--act writer|postgres] [--keep-logs FOLDER] [--backend io_uring|epoll]
  tools/dev demo                  both acts, with and without Longthrow: < 3 minutes
  tools/dev demo --act postgres   the PostgreSQL pair alone
Everything happens in network namespaces and a temporary folder, both gone at the end, also on Ctrl-C.
TEXT
}

help_fmt() { say "tools/dev fmt [--check]: lay out every C++ file with clang-format 19, or only check"; }
help_lint() { say "tools/dev lint: check layout, build with clang 19, run clang-tidy"; }
help_bench() { say "tools/dev bench [NAME ARGS...]: list the benchmarks, or run one"; }
