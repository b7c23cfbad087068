# SPDX-License-Identifier: Apache-2.0
# The builds, each in a folder of its own below the clone. Sourced by tools/dev.

jobs=$(nproc 2>/dev/null || echo 2)

build_folder() { if [ "$1" = release ]; then echo "$root/build"; else echo "$root/build-$1"; fi; }

# Two compilers, two sanitizers, and a simulator with bugs to find (proxy/base/planted.h). The thread
# sanitizer is clang's: that of g++ 12 does not start where the kernel randomises addresses with more
# than 28 bits.
cmake_words() {
  case $1 in
    release) echo "-DCMAKE_BUILD_TYPE=RelWithDebInfo" ;;
    debug) echo "-DCMAKE_BUILD_TYPE=Debug" ;;
    clang) echo "-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++-19
      -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON" ;;
    planted) echo "-DCMAKE_BUILD_TYPE=RelWithDebInfo -DLONGTHROW_PLANT=ON" ;;
    asan) echo "-DCMAKE_BUILD_TYPE=RelWithDebInfo -DLONGTHROW_OPTIMISE=-O1
      -DLONGTHROW_SANITIZE=address" ;;
    tsan) echo "-DCMAKE_BUILD_TYPE=RelWithDebInfo -DLONGTHROW_SANITIZE=thread
      -DCMAKE_CXX_COMPILER=clang++-19" ;;
  esac
}

# What of a kind is built; nothing: all of it. `planted` exists for the simulator alone.
targets_of() { if [ "$1" = planted ]; then echo longthrow_sim sim_pair_test; fi; }

# Tests and benchmarks are built where what they need is there: the demo does without.
option_words() {
  local tests=OFF
  if [ -e /usr/include/gtest/gtest.h ]; then tests=ON; fi
  echo "-DLONGTHROW_TESTS=$tests -DLONGTHROW_BENCH=ON"
}

# build_kind KIND [TARGET...]: configure when needed, build, with ninja's progress line.
build_kind() {
  local kind=$1 folder started=$SECONDS
  shift
  folder=$(build_folder "$kind")
  mkdir -p "$folder"
  local log=$folder/configure.log
  # shellcheck disable=SC2046  # the words are meant to be split
  if ! cmake -G Ninja -S "$root" -B "$folder" $(cmake_words "$kind") $(option_words) >"$log" 2>&1; then
    cat "$log" >&2
    say "cmake failed; what it says is also in $log" >&2
    return 1
  fi
  say "build    $kind in ${folder#"$root"/} with $jobs jobs"
  if ! cmake --build "$folder" -j "$jobs" ${*:+--target "$@"}; then
    say "The $kind build failed." >&2
    return 1
  fi
  say "build    $kind: done in $((SECONDS - started)) s"
}

# A failed build is one failed test, said in the line that scripts read.
test_build_failed() {
  say ""
  say "FAILED   the release build"
  say "0 passed, 1 failed, 0 skipped"
}

run_clang_tidy() {
  local folder
  folder=$(build_folder clang)
  say "lint     clang-tidy over proxy/, tools/ and bench/ (the checks: tools/setup/clang-tidy.yaml)"
  (cd "$root" && sources | grep -E '^(\./)?(proxy|tools|bench)/.*\.cc$' |
    xargs -r -n 1 -P "$jobs" clang-tidy-19 -p "$folder" --quiet --warnings-as-errors='*' \
      --config-file "$root/tools/setup/clang-tidy.yaml" 2>/dev/null)
}
