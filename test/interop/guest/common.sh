# shellcheck shell=bash
# Sourced by the guest's scripts: RESULT lines, polling, paths.
set -euo pipefail
EVENTS=/run/events PPP_LOG=/run/pppd.log L2TP_LOG=/run/xl2tpd.log
L2TP_CONTROL=/run/xl2tpd/control
export EVENTS PPP_LOG L2TP_LOG L2TP_CONTROL

result() { printf 'RESULT %s=%s\n' "$1" "$2"; }
ms() { echo $(($(date +%s%N) / 1000000)); }
poll() { # poll SECONDS COMMAND...: until it succeeds
  local end=$(($(ms) + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(ms)" -lt $end ] || return 1
    sleep 0.05
  done
}
events() { grep -c "^$1 " $EVENTS || true; }
