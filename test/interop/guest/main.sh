#!/bin/bash
# The guest after init: network, kernel modules, files that xl2tpd and pppd want to write, then one
# connection to TCP 7000 a command (command.sh) until "off".
# shellcheck source-path=SCRIPTDIR source=common.sh
. /lab/common.sh
exec 2>&1
kernel_arg() { sed -n "s/.* lab\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
off() {
  result guest off
  sync
  echo o >/proc/sysrq-trigger
  sleep 5
}
trap off EXIT

for path in /sys/class/net/vec* /sys/class/net/eth*; do
  [ ! -e "$path" ] || : "${device:=${path##*/}}"
done
ip link set lo up
ip addr add "$(kernel_arg address)/24" dev "${device:?}"
ip link set "$device" up
# No default route: what lies behind the LNS is reached through the tunnel or not at all.
ip route add 10.9.0.0/16 via "$(kernel_arg gateway)"

for module in af_packet ppp_generic ppp_async ppp_synctty pppox l2tp_core l2tp_ppp; do
  modprobe "$module"
done
[ -e /dev/ppp ] || mknod /dev/ppp c 108 0
mount -t tmpfs ppp /etc/ppp
mount -t tmpfs xl2tpd /etc/xl2tpd
mkdir -p /run/xl2tpd
: >$EVENTS
: >/etc/ppp/options
for hook in ip-up ip-down; do
  # pppd gives: device, tty, speed, local address, remote address; PEERNAME: who it has let in
  # shellcheck disable=SC2016
  printf '#!/bin/bash\necho "%s $1 $4 $5 $(($(date +%%s%%N) / 1000000)) ${DNS1:-none} ${DNS2:-none} ${PEERNAME:-none}" >>%s\n' \
    $hook $EVENTS >/etc/ppp/$hook
  chmod 755 /etc/ppp/$hook
done
# nofork: the command owns the connection, so that nothing of its output can be lost at its end.
socat TCP4-LISTEN:7000,fork,reuseaddr,backlog=16 'EXEC:/bin/bash /lab/command.sh,nofork' &
server=$!
poll 5 eval 'ss -Hltn "sport = :7000" | grep -q .'
result boot_ms "$(awk '{ print int($1 * 1000) }' /proc/uptime)"
result guest ready
until [ -e /run/off ] || ! kill -0 $server; do sleep 0.2; done
