# shellcheck shell=bash
# Sourced by command.sh: an LNS in the guest, run from the host's file system with the runtime of the
# host, so that it stands on the guest's kernel. Its config file lies on the host, its socket here.
HOST=/run/host OUTSIDE=vec0 BEHIND=vec1

kernel() { result kernel "$(uname -r)"; }

inside() { chroot $HOST "$@"; }

mount_host() {
  ! mountpoint -q $HOST || return 0
  mkdir -p $HOST
  mount -t hostfs none $HOST
  mount --bind /proc $HOST/proc
  mount --bind /sys $HOST/sys
  mount --bind /dev $HOST/dev
  mount -t tmpfs run $HOST/run
}

# Towards both sides the kernel makes single packets. Their checksums are left to the host: a driver
# of User Mode Linux cannot say no to that.
wire() {
  local device
  modprobe tun
  [ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
  ip addr replace 10.8.0.2/24 dev $BEHIND
  ip addr replace 2001:db8:8::2/64 dev $BEHIND nodad
  ip link set $BEHIND up
  for device in $OUTSIDE $BEHIND; do
    inside ethtool -K "$device" tso off gso off
    ip link set "$device" txqueuelen 20000
  done
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  ip neigh replace 10.8.0.1 lladdr 02:00:00:00:00:01 dev $BEHIND nud permanent
  ip -6 neigh replace 2001:db8:8::1 lladdr 02:00:00:00:00:01 dev $BEHIND nud permanent
  ip route replace 198.18.0.0/15 via 10.8.0.1
  ip -6 route replace 2001:db8:f::/48 via 2001:db8:8::1
}

# lns node=PROGRAM simplon=FILE runtime=node|deno config=FILE: starts it and waits until it answers.
lns() {
  mount_host
  wire
  SIMPLON_RUNTIME=$(arg runtime deno) setsid chroot $HOST "$(arg node node)" "$(arg simplon '')" \
    lns -c "$(arg config '')" >/run/lns.log 2>&1 </dev/null &
  echo $! >/run/lns.pid
  poll 20 test -S $HOST/run/simplon.sock || { cat /run/lns.log; return 1; }
  poll 20 show || { cat /run/lns.log; return 1; }
  ip link set simplon0 txqueuelen 20000
  result behind "$(cat /sys/class/net/$BEHIND/address)"
}

# show node=... simplon=... config=...: counters as one line of JSON
show() {
  result counters "$(inside "$(arg node node)" "$(arg simplon '')" show counters --json -c "$(arg config '')")"
}

lns-stop() {
  kill "$(cat /run/lns.pid)"
  # shellcheck disable=SC2016
  poll 10 eval '! kill -0 "$(cat /run/lns.pid)"'
  cat /run/lns.log
}
