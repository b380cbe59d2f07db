#!/bin/bash
# guest.sh boot [id=1] [mem=128M] [timeout=900] [wires=1]
#                                                 boots one User Mode Linux guest and shows its
#                                                 console; "RESULT guest=ready" when it takes commands.
#                                                 wires=2: one more, behind an LNS that runs in it
# guest.sh run ID COMMAND [key=value ...]         runs a command in it and prints its RESULT lines;
#                                                 README.md lists commands. Exit 0 when it succeeded.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
address() { echo "10.9.$((100 + $1)).$2"; }

boot() {
  local id=1 mem=128M timeout=900 wires=1 more=() arg tap
  for arg in "$@"; do
    case "$arg" in
    id=*) id=${arg#*=} ;;
    mem=*) mem=${arg#*=} ;;
    timeout=*) timeout=${arg#*=} ;;
    wires=*) wires=${arg#*=} ;;
    *) die "guest.sh boot takes id=, mem=, timeout= and wires=, not $arg" ;;
    esac
  done
  [ -e "$ROOTFS/.complete" ] || die "no guest root in $LAB_DIR: run setup.sh"
  has_ns "$NS_LAC" || die "no namespace $NS_LAC: run network.sh up"
  tap=guest$id
  ip -n "$NS_LAC" link show "$tap" >/dev/null 2>&1 || ip -n "$NS_LAC" tuntap add dev "$tap" mode tap
  ip -n "$NS_LAC" addr replace "$(address "$id" 1)/24" dev "$tap"
  ip -n "$NS_LAC" link set "$tap" up
  if [ "$wires" = 2 ]; then
    ip -n "$NS_LAC" link show "core$id" >/dev/null 2>&1 ||
      ip -n "$NS_LAC" tuntap add dev "core$id" mode tap
    ip -n "$NS_LAC" link set "core$id" up
    more=("vec1:transport=tap,ifname=core$id,depth=128,gro=0")
  fi
  install -m 755 "$LAB_SRC/guest/init" "$ROOTFS/lab-init.$$"
  mv "$ROOTFS/lab-init.$$" "$ROOTFS/lab-init"
  mkdir -p "$LAB_DIR/uml"
  # Its stdout must be a pipe: with a plain file the console of a guest stops.
  ip netns exec "$NS_LAC" env "LD_PRELOAD=$LAB_DIR/xstate.so" \
    timeout -k 2 "$timeout" linux.uml "mem=$mem" \
    "umid=$LAB_PREFIX-$id-$$" "uml_dir=$LAB_DIR/uml/" rootfstype=hostfs "rootflags=$ROOTFS" ro \
    init=/lab-init panic=-1 con=null con0=null,fd:1 \
    "vec0:transport=tap,ifname=$tap,depth=128,gro=0" "${more[@]}" "lab.src=$LAB_SRC/guest" \
    "lab.address=$(address "$id" 2)" "lab.gateway=$(address "$id" 1)" </dev/null 2>&1 |
    sed -u 's/\r$//'
}

run() {
  local id=$1 log
  shift
  log=$(mktemp)
  # shellcheck disable=SC2064
  trap "rm -f '$log'" EXIT
  # -t: how long socat waits for the answer after it has sent the command.
  printf '%s\n' "$*" | ip netns exec "$NS_LAC" socat -t 600 - \
    "TCP4:$(address "$id" 2):7000,connect-timeout=5" | tee "$log"
  grep -qx 'RESULT exit=0' "$log"
}

case "${1:-}" in
boot)
  shift
  boot "$@"
  ;;
run)
  shift
  [ $# -ge 2 ] || die "usage: guest.sh run ID COMMAND [key=value ...]"
  run "$@"
  ;;
*) die "usage: guest.sh boot [id=N] | run ID COMMAND [key=value ...]" ;;
esac
