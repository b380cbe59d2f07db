#!/bin/bash
# network.sh up|down: four namespaces. The LNS under test runs in PREFIX-lns, guests hang off
# PREFIX-lac. PREFIX-core has a route back to every client; PREFIX-far has none, so that only
# masquerading at the LNS lets a client reach it.
#
#   guests 10.9.(100+N).2 -- PREFIX-lac 10.9.0.1 -- 10.9.0.2 PREFIX-lns 10.8.0.2 -- 10.8.0.1 PREFIX-core
#                                                                       10.7.0.2 -- 10.7.0.1 PREFIX-far
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

wire() { # wire NS DEVICE ADDRESS NS DEVICE ADDRESS
  ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
  ip -n "$1" addr add "$3/24" dev "$2"
  ip -n "$4" addr add "$6/24" dev "$5"
  ip -n "$1" link set "$2" up
  ip -n "$4" link set "$5" up
}

up() {
  local ns
  for ns in "${all[@]}"; do
    ip netns add "$ns"
    ip -n "$ns" link set lo up
    # No IPv6 yet: its router solicitations would only stand in the captures.
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  done
  wire "$NS_LAC" to-lns 10.9.0.1 "$NS_LNS" to-lac 10.9.0.2
  wire "$NS_LNS" to-core 10.8.0.2 "$NS_CORE" to-lns 10.8.0.1
  wire "$NS_LNS" to-far 10.7.0.2 "$NS_FAR" to-lns 10.7.0.1
  ip -n "$NS_LAC" route add default via 10.9.0.2
  ip -n "$NS_LNS" route add 10.9.0.0/16 via 10.9.0.1
  ip -n "$NS_CORE" route add default via 10.8.0.2
  ip netns exec "$NS_LAC" sysctl -qw net.ipv4.ip_forward=1
  ip netns exec "$NS_LNS" sysctl -qw net.ipv4.ip_forward=1
}

case "${1:-}" in
up)
  trap down ERR
  up
  ;;
down) down ;;
*) die "usage: network.sh up|down" ;;
esac
