# SPDX-License-Identifier: Apache-2.0
# bash completion for longthrowd(8).

_longthrowd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $prev == --config ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "--config --check --help-config --version --help" -- "$cur")
}
complete -F _longthrowd longthrowd
