# SPDX-License-Identifier: Apache-2.0
# bash completion for drbd-proxy-ctl(8).

_drbd_proxy_ctl_names() { "${COMP_WORDS[0]}" show 2>/dev/null | while read -r _ _ name _; do echo "$name"; done; }

_drbd_proxy_ctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words
  case $prev in
    --control) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    add | del) words=connection ;;
    set) words="memlimit bwlimit plugin" ;;
    show | list) words="connections hconnections subconnections hsubconnections memusage proxy-settings avail-plugins" ;;
    print) words=statistics ;;
    connection | memlimit | bwlimit | plugin | proxy-settings) words=$(_drbd_proxy_ctl_names) ;;
    *) words="add del set show print version help -c --control --help --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _drbd_proxy_ctl drbd-proxy-ctl
