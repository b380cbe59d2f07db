#!/bin/bash
# One command of the host: a line "NAME key=value ..." on stdin; ../README.md lists them. Prints
# RESULT lines, the last is exit=0 when the command did what it says.
# shellcheck source-path=SCRIPTDIR source=common.sh
. /lab/common.sh
exec 2>&1
read -r name line
declare -A given=()
for word in $line; do given[${word%%=*}]=${word#*=}; done
arg() { printf '%s' "${given[$1]-$2}"; } # arg NAME DEFAULT

finish() {
  local status=$?
  result exit $status
}
trap finish EXIT

case "$name" in
dial | hangup | wait-drop | wait-up | stop)
  # shellcheck source=l2tp.sh
  . /lab/l2tp.sh
  ;;
serve | call | wait-call | drop | heard)
  # shellcheck source=l2tp.sh
  . /lab/l2tp.sh
  # shellcheck source=serve.sh
  . /lab/serve.sh
  ;;
ping | fetch | rate | stream | behind | slaac)
  # shellcheck source=traffic.sh
  . /lab/traffic.sh
  ;;
kernel | lns | show | lns-stop)
  # shellcheck source=lns.sh
  . /lab/lns.sh
  ;;
log)
  tail -n 400 $L2TP_LOG $PPP_LOG
  exit 0
  ;;
off)
  : >/run/off
  exit 0
  ;;
*)
  echo "no such command: $name"
  exit 2
  ;;
esac
"$name"
