# SPDX-License-Identifier: Apache-2.0
# bash completion for longthrow(1). A test holds it against the program's own options.
# Names of links, groups and routes are asked from the running daemon.

_longthrow_names() {  # links | groups
  longthrow ${control:+--control "$control"} status --json 2>/dev/null |
    python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)[sys.argv[1]]))' "$1" 2>/dev/null
}

_longthrow() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="init status explain top losses events plan report set drain checkpoint checkpoints pause resume takeover release accept-consistent ping genkey reload doctor restart-check"
  local common="--control --json --help"
  local command="" control="" i
  local -a words=()
  COMPREPLY=()

  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --control) control=${COMP_WORDS[++i]} ;;
      --timeout | --count | --identity | --since | --link | --group | -n | --over | --interval) ((i++)) ;;
      --trace | --plot | --month | --until | --html) ((i++)) ;;
      --name | --peer | --dials | --address | --peer-address | --replicate | --server) ((i++)) ;;
      --memlimit | --bandwidth | --writes | --outage | --directory | --join) ((i++)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; else words+=("${COMP_WORDS[i]}"); fi ;;
    esac
  done

  case $prev in
    --control | -o | --output | --fingerprint | --drbd-conf | --directory | --join | --trace | --plot | --html)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return ;;
    --since | --until)
      mapfile -t COMPREPLY < <(compgen -W "1h 24h 168h" -- "$cur")
      return ;;
    --month)
      mapfile -t COMPREPLY < <(compgen -W "$(date -u +%Y-%m) $(date -u -d "$(date -u +%Y-%m-01) -1 day" +%Y-%m)" -- "$cur")
      return ;;
    --over)
      mapfile -t COMPREPLY < <(compgen -W "1s 10s 1m" -- "$cur")
      return ;;
    --timeout)
      mapfile -t COMPREPLY < <(compgen -W "30s 1m 10m 1h" -- "$cur")
      return ;;
    --dials)
      mapfile -t COMPREPLY < <(compgen -W "here peer both" -- "$cur")
      return ;;
    --server)
      mapfile -t COMPREPLY < <(compgen -W "here peer" -- "$cur")
      return ;;
    --replicate)
      mapfile -t COMPREPLY < <(compgen -W "postgresql drbd: tcp:" -- "$cur")
      return ;;
    --outage)
      mapfile -t COMPREPLY < <(compgen -W "1m 10m 1h" -- "$cur")
      return ;;
    --memlimit)
      mapfile -t COMPREPLY < <(compgen -W "256MiB 1GiB 4GiB" -- "$cur")
      return ;;
    --bandwidth | --writes)
      mapfile -t COMPREPLY < <(compgen -W "10mbit 100mbit 1gbit" -- "$cur")
      return ;;
    --link)
      mapfile -t COMPREPLY < <(compgen -W "$(_longthrow_names links)" -- "$cur")
      return ;;
    --group)
      mapfile -t COMPREPLY < <(compgen -W "$(_longthrow_names groups)" -- "$cur")
      return ;;
    --count | --identity | --watch | --interval | -n | --name | --freeze | --thaw | --peer | --address | --peer-address) return ;;
  esac

  local options="" choices=""
  case $command in
    "") options="--control --version --help" choices=$commands ;;
    init)
      options="$common --name --peer --dials --address --peer-address --replicate --server --memlimit --bandwidth --writes --outage --directory --join --force --dry-run" ;;
    status) options="$common --watch" ;;
    explain) options="$common --over" choices="$(_longthrow_names links) $(_longthrow_names groups)" ;;
    top) options="$common --interval --once" ;;
    losses) options="$common --since --minor" choices="$(_longthrow_names links) $(_longthrow_names groups)" ;;
    events) options="$common --since --link --group -n --follow" ;;
    plan) options="$common --trace --bandwidth --memlimit --outage --plot" choices=$(_longthrow_names links) ;;
    report) options="$common --trace --month --since --until --html" choices="$(_longthrow_names links) $(_longthrow_names groups)" ;;
    set)
      options="$common --save"
      case ${#words[@]} in
        0) choices=$(_longthrow_names links) ;;
        1) choices="memlimit compression bandwidth" ;;
        2)
          case ${words[1]} in
            memlimit) choices="64MiB 256MiB 1GiB 4GiB" ;;
            compression) choices="auto none lz4 zstd" ;;
            bandwidth) choices="unlimited 10mbit 100mbit 1gbit" ;;
          esac ;;
      esac ;;
    drain) options="$common --timeout --hold" choices=$(_longthrow_names groups) ;;
    checkpoint)
      options="$common --wait --timeout --freeze --thaw --freeze-timeout"
      [[ ${#words[@]} -eq 0 ]] && choices=$(_longthrow_names groups) ;;
    checkpoints) options=$common choices=$(_longthrow_names groups) ;;
    accept-consistent) options=$common choices=$(_longthrow_names groups) ;;
    pause) options="$common --drain" choices=$(_longthrow_names links) ;;
    ping) options="$common --count" choices=$(_longthrow_names links) ;;
    takeover) options="$common --force" choices="$(_longthrow_names links) $(_longthrow_names groups)" ;;
    resume | release) options=$common choices="$(_longthrow_names links) $(_longthrow_names groups)" ;;
    genkey) options="$common -o --output --identity --fingerprint" ;;
    reload) options="$common --dry-run" ;;
    doctor) options="$common --drbd-conf" ;;
    restart-check) options="$common --wait --timeout" ;;
    *) return ;;
  esac
  if [[ $cur == -* ]]; then choices=$options; fi
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
}
complete -F _longthrow longthrow
