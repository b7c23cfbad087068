# SPDX-License-Identifier: Apache-2.0
# Which Debian packages are missing, what they cost, and installing them. Sourced by tools/dev.
# Plain bash and what every Debian has (apt, dpkg, awk): a fresh machine has no python3, git or sudo.

packages_file=$root/tools/setup/packages.txt
createcluster_conf=/etc/postgresql-common/createcluster.conf

# packages_for PURPOSE...: "package<TAB>reason" of each package of these purposes, once.
packages_for() {
  awk -v want="$*" '
    BEGIN { n = split(want, list, " "); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
    /^[[:space:]]*(#|$)/ { next }
    {
      m = split($1, has, ","); hit = 0
      for (i = 1; i <= m; i++) if (has[i] in wanted) hit = 1
      if (!hit || $2 in seen) next
      seen[$2] = 1; name = $2; $1 = ""; $2 = ""; sub(/^ +/, ""); print name "\t" $0
    }' "$packages_file"
}

# A PostgreSQL server that is here already, of any version, serves as well as Debian's own.
is_installed() {
  if [ "$1" = postgresql-15 ] && ls /usr/lib/postgresql/*/bin/pgbench >/dev/null 2>&1 &&
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    return 0
  fi
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A package list without candidates: a container image, or a machine that never ran apt-get update.
has_package_lists() {
  apt-cache policy cmake 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { ok = 1 } END { exit !ok }'
}

# "download_MiB disk_MiB count" of installing these packages with all they depend on.
cost_of() {
  apt-get -s --no-install-recommends install "$@" 2>/dev/null |
    awk '/^Inst / { v = $0; sub(/^[^(]*\(/, "", v); sub(/ .*/, "", v); print $2 "=" v }' |
    xargs -r apt-cache show --no-all-versions 2>/dev/null |
    awk '/^Size:/ { size += $2; n++ } /^Installed-Size:/ { disk += $2 }
         END { printf "%d %d %d\n", size / 1048576 + 0.99, disk / 1024 + 0.99, n }'
}

# The words that run a command as root; fails where there is no way.
root_words() {
  if [ "$(id -u)" = 0 ]; then return 0; fi
  if command -v sudo >/dev/null; then echo sudo; return 0; fi
  return 1
}

confirm() {
  if [ "$assume_yes" = 1 ]; then return 0; fi
  if [ ! -t 0 ]; then
    say "Nothing was changed. There is no terminal to ask on: add --yes to agree."
    return 1
  fi
  local answer
  read -r -p "Go on? [y/N] " answer
  case $answer in [yY]*) return 0 ;; *) say "Nothing was changed."; return 1 ;; esac
}

names_postgres() {
  case " $* " in *" postgresql-15 "*) return 0 ;; *) return 1 ;; esac
}

wants_postgres_conf() { names_postgres "$@" && [ ! -e "$createcluster_conf" ]; }

# Debian's settings are here already, and with them the server package would make and start a cluster.
# They belong to the admin: said, not changed.
would_make_cluster() {
  names_postgres "$@" && [ -e "$createcluster_conf" ] &&
    ! grep -Eq "^[[:space:]]*create_main_cluster[[:space:]]*=[[:space:]]*'?(false|no|off|0)" \
      "$createcluster_conf"
}

explain_cluster() {
  say "$createcluster_conf is here and lets postgresql-15 make and start a database cluster."
  say "Longthrow wants none. Put this line into it, then run this command again:"
  say "  create_main_cluster = false"
}

# apt_run WORDS...: apt-get as root, without questions.
apt_run() {
  local sudo_words
  sudo_words=$(root_words) || return 1
  $sudo_words env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}

# Debian's scripts make and start a cluster with postgresql-15 unless told not to, before it comes.
forbid_main_cluster() {
  local sudo_words
  sudo_words=$(root_words) || return 1
  $sudo_words mkdir -p "$(dirname "$createcluster_conf")" &&
    echo "create_main_cluster = false" | $sudo_words tee "$createcluster_conf" >/dev/null
}

explain_no_root() {
  say "This user is not root and there is no sudo. As root, run:"
  if ! has_package_lists; then say "  apt-get update"; fi
  if wants_postgres_conf "$@"; then
    say "  mkdir -p $(dirname "$createcluster_conf")"
    say "  echo 'create_main_cluster = false' > $createcluster_conf   # no cluster, nothing at boot"
  fi
  say "  apt-get install -y --no-install-recommends $*"
  say "and then this command again."
}

fetch_package_lists() {
  if has_package_lists; then return 0; fi
  say "  apt      has no package lists here: 'apt-get update' comes first (about 20 MiB)"
  confirm || return 1
  apt_run -qq update
}

announce() {  # announce MISSING...: what will be installed and what it costs
  local download disk count minutes
  read -r download disk count <<<"$(cost_of "$@")"
  if [ "${count:-0}" = 0 ]; then
    say "apt-get cannot find a way to install: $*"
    apt-get -s --no-install-recommends install "$@" 2>&1 | tail -n 8 >&2
    return 1
  fi
  minutes=$(((download / 2 + disk / 5) / 60 + 1))
  say "  fetch    $count Debian packages with all they need: $download MiB, $disk MiB on disk," \
    "about $minutes min"
  if wants_postgres_conf "$@"; then
    say "  writes   $createcluster_conf: no database cluster is made, nothing starts at boot."
    say "           It is the only file written outside this folder and a temporary one."
  fi
}

list_state() {  # list_state PURPOSE...: fills `missing`, says what is here
  local name reason here=0
  missing=()
  while IFS=$'\t' read -r name reason; do
    if is_installed "$name"; then
      here=$((here + 1))
    else
      missing+=("$name")
      reasons[$name]=$reason
    fi
  done < <(packages_for "$@")
  say "  here     $here of $((here + ${#missing[@]})) Debian packages"
}

# ensure_packages PURPOSE...: the whole conversation. Returns when all of them are installed.
ensure_packages() {
  local -a missing
  local -A reasons=()
  local name
  if ! command -v apt-get >/dev/null; then
    say "This is no Debian: install the counterparts of tools/setup/packages.txt, then use"
    say "  --no-setup"
    return 1
  fi
  list_state "$@"
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  for name in "${missing[@]}"; do
    printf '  install  %-22s %s\n' "$name" "${reasons[$name]}"
  done
  if would_make_cluster "${missing[@]}"; then explain_cluster; return 1; fi
  if ! root_words >/dev/null; then explain_no_root "${missing[@]}"; return 1; fi
  fetch_package_lists || return 1
  announce "${missing[@]}" || return 1
  confirm || return 1
  if wants_postgres_conf "${missing[@]}"; then forbid_main_cluster || return 1; fi
  local -a words=(-y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold
    install "${missing[@]}")
  if ! apt_run "${words[@]}"; then
    say "That failed; the package lists may be old. Once more after apt-get update."
    apt_run -qq update && apt_run "${words[@]}" || return 1
  fi
}

# unpack_debs FOLDER PACKAGE...: the files of Debian packages, without installing them.
unpack_debs() {
  local folder=$1 package
  shift
  mkdir -p "$folder" && (
    cd "$folder" && apt-get -qq download "$@" 2>/dev/null || exit 1
    for package in *.deb; do dpkg-deb -x "$package" . || exit 1; done
    rm -f ./*.deb
  )
}

# promtool comes from the prometheus package, whose installation would start a server at boot: the
# package is fetched and unpacked below build/ instead.
unpack_promtool() {
  local folder=$root/build/promtool
  if command -v promtool >/dev/null || [ -x "$folder/usr/bin/promtool" ]; then return 0; fi
  say "  unpack   promtool from Debian's prometheus package into build/promtool (not installed)"
  unpack_debs "$folder" prometheus ||
    say "  note     promtool could not be had: the test that needs it will be skipped"
}

# What checks conf/ocf/longthrowd.
unpack_ocf() {
  local folder=$root/build/ocf
  if [ -x "$folder/usr/sbin/ocf-tester" ]; then return 0; fi
  say "  unpack   ocf-tester from Debian's resource-agents package into build/ocf (not installed)"
  unpack_debs "$folder" resource-agents ||
    say "  note     ocf-tester could not be had: the test that needs it will be skipped"
}

# What the guests of the DRBD lab are made of (tests/drbd/image.py).
unpack_guest() {
  local folder=$root/build/drbd/packages kernel
  if ls "$folder"/boot/vmlinuz-* "$folder/sbin/drbdadm" "$folder/bin/busybox" >/dev/null 2>&1; then
    return 0
  fi
  kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')
  say "  unpack   ${kernel:-linux-image-amd64}, drbd-utils, busybox-static into build/drbd (70 MiB, not installed)"
  rm -rf "$folder"
  unpack_debs "$folder" "${kernel:-linux-image-amd64}" drbd-utils busybox-static ||
    say "  note     the guests' packages could not be had: the tests with real DRBD will be skipped"
}
