# SPDX-License-Identifier: Apache-2.0
# bash completion for check_longthrow(8).

_check_longthrow() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $prev == --control ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "--control --link --group --warning --critical --warning-age --critical-age \
    --version --help" -- "$cur")
}
complete -F _check_longthrow check_longthrow
