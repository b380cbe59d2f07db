#!/bin/bash
# network.sh up|down: four namespaces. The LNS under test runs in PREFIX-lns, guests hang off
# PREFIX-lac. PREFIX-core has a route back to every client; PREFIX-far has none, so that only
# masquerading at the LNS lets a client reach it.
#
#   guests 10.9.(100+N).2 -- PREFIX-lac 10.9.0.1 -- 10.9.0.2 PREFIX-lns 10.8.0.2 -- 10.8.0.1 PREFIX-core
#                                                                       10.7.0.2 -- 10.7.0.1 PREFIX-far
#
# IPv6 on the same wires: 2001:db8:9::1 and ::2, 2001:db8:8::2 and ::1, 2001:db8:7::2 and ::1. Core
# finds every client's prefix through the LNS, so does lac; far finds none.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
all=("$NS_LAC" "$NS_LNS" "$NS_CORE" "$NS_FAR")

down() {
  local ns
  for ns in "${all[@]}"; do
    if has_ns "$ns"; then ip netns del "$ns"; fi
  done
}

wire() { # wire NET NS DEVICE NS DEVICE: 10.NET.0.1 and 2001:db8:NET::1 go to the first, 2 to the other
  ip link add "$3" netns "$2" type veth peer name "$5" netns "$4"
  ends "$1" "$2" "$3" 1
  ends "$1" "$4" "$5" 2
}

ends() { # ends NET NS DEVICE HOST
  ip -n "$2" addr add "10.$1.0.$4/24" dev "$3"
  ip -n "$2" addr add "2001:db8:$1::$4/64" dev "$3" nodad
  ip -n "$2" link set "$3" up
}

up() {
  local ns
  for ns in "${all[@]}"; do
    ip netns add "$ns"
    ip -n "$ns" link set lo up
    # Addresses stand here and nowhere else, and count at once: no routers asked, no duplicates sought.
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
      net.ipv6.conf.default.{disable_ipv6=0,accept_ra=0,router_solicitations=0,accept_dad=0,dad_transmits=0}
  done
  wire 9 "$NS_LAC" to-lns "$NS_LNS" to-lac
  wire 8 "$NS_CORE" to-lns "$NS_LNS" to-core
  wire 7 "$NS_FAR" to-lns "$NS_LNS" to-far
  ip -n "$NS_LAC" route add default via 10.9.0.2
  ip -n "$NS_LNS" route add 10.9.0.0/16 via 10.9.0.1
  ip -n "$NS_CORE" route add default via 10.8.0.2
  ip -n "$NS_LAC" route add default via 2001:db8:9::2
  ip -n "$NS_CORE" route add default via 2001:db8:8::2
  ip netns exec "$NS_LAC" sysctl -qw net.ipv4.ip_forward=1
  ip netns exec "$NS_LNS" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

case "${1:-}" in
up)
  trap down ERR
  up
  ;;
down) down ;;
*) die "usage: network.sh up|down" ;;
esac
