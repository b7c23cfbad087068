# SPDX-License-Identifier: Apache-2.0
# The builds, each in a folder of its own below the clone. Sourced by tools/dev.

cmake_words=()  # more words for cmake's configuring
jobs=$(nproc 2>/dev/null || echo 2)

build_folder() { if [ "$1" = release ]; then echo "$root/build"; else echo "$root/build-$1"; fi; }

# What of a kind is built; nothing: all of it. `planted` exists for the simulator alone.
targets_of() { if [ "$1" = planted ]; then echo longthrow_sim sim_pair_test; fi; }

# Tests are built where what they need is there: the demo does without. A package has none.
tests_word() {
  if [ "$1" != package ] && [ -e /usr/include/gtest/gtest.h ]; then echo "-DLONGTHROW_TESTS=ON"; else echo "-DLONGTHROW_TESTS=OFF"; fi
}

# build_kind KIND [TARGET...]: configure as CMakePresets.json says, build, with ninja's progress line.
build_kind() {
  local kind=$1 folder started=$SECONDS
  shift
  folder=$(build_folder "$kind")
  mkdir -p "$folder"
  local log=$folder/configure.log
  if ! cmake -S "$root" --preset "$kind" "$(tests_word "$kind")" "${cmake_words[@]}" >"$log" 2>&1; then
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

# build_package: the Debian package of the optimised, stripped programs, in build-package. The date in it is that of the
# newest commit, so that the same sources give the same package.
build_package() {
  local folder=$root/build-package date file
  date=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || date=$(date +%s)
  export SOURCE_DATE_EPOCH=$date
  build_kind package || return 1
  rm -f "$folder"/longthrow_*.deb
  if ! (cd "$folder" && cpack -G DEB >cpack.log 2>&1); then
    cat "$folder/cpack.log" >&2
    return 1
  fi
  for file in "$folder"/longthrow_*.deb; do
    say "package  ${file#"$root"/}: $(du -k "$file" | cut -f1) KiB"
    dpkg-deb --field "$file" Version Depends | sed 's/^/         /'
  done
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
