#!/bin/bash
# servers.sh DIR [namespace, default PREFIX-core]: what clients test against behind the LNS, until a
# signal ends it. TCP 7001 gives DIR/file (made when missing), 7002 answers the SHA-256 of what it is
# sent, 7003 gives the SHA-256 of DIR/file, 7004 answers the address it is asked from, iperf3 on 5201;
# all over IPv4 and IPv6.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
dir=${1:?usage: servers.sh DIR [namespace]} ns=${2:-$NS_CORE}
[ -s "$dir/file" ] || head -c "${LAB_FILE_BYTES:-4000000}" /dev/urandom >"$dir/file"
sha256sum <"$dir/file" | cut -d' ' -f1 >"$dir/file.sha256"

pids=()
finish() { trap - TERM INT EXIT; kill "${pids[@]}" 2>/dev/null || true; }
trap 'finish; exit 0' TERM INT
trap finish EXIT
listen() { # listen PORT SOCAT-ARGUMENT...
  local port=$1 family
  shift
  # A socket for each family: 7004 is to answer an IPv4 address as such.
  for family in "TCP4-LISTEN:$port" "TCP6-LISTEN:$port,ipv6only=1"; do
    ip netns exec "$ns" socat "${@:1:$#-1}" "$family,fork,reuseaddr,backlog=64" "${@: -1}" &
    pids+=($!)
  done
}
listen 7001 -U "OPEN:$dir/file,rdonly"
listen 7002 -t 30 EXEC:sha256sum
listen 7003 -U "OPEN:$dir/file.sha256,rdonly"
# shellcheck disable=SC2016
listen 7004 -U 'SYSTEM:echo $SOCAT_PEERADDR'
ip netns exec "$ns" iperf3 -s >/dev/null &
pids+=($!)
until [ "$(ip netns exec "$ns" ss -Hltn 'sport >= :7001 and sport <= :7004' | wc -l)" = 8 ]; do
  sleep 0.05
done
echo "RESULT servers=ready"
wait
