# shellcheck shell=bash
# Sourced by command.sh: ping, fetch, rate, stream, behind and slaac through ppp0, to addresses of either family.

family() { case "$1" in *:*) echo 6 ;; *) echo 4 ;; esac; }
tcp() { case "$1" in *:*) echo "TCP6:[$1]" ;; *) echo "TCP4:$1" ;; esac; }

global6() {
  ip -6 -o addr show dev ppp0 scope global -tentative | sed -n 's/.* inet6 \([^ ]*\) .*/\1/p' | grep .
}

# slaac [seconds=15]: waits for an address from a Router Advertisement; what else it told
slaac() {
  poll "$(arg seconds 15)" global6 || { ip -6 addr show dev ppp0; return 1; }
  result address6 "$(global6 | tail -1)"
  result addresses6 "$(global6 | wc -l)"
  result link_local "$(ip -6 -o addr show dev ppp0 scope link | sed -n 's/.* inet6 \([^ /]*\).*/\1/p')"
  result router "$(ip -6 route show default dev ppp0 proto ra | sed -n 's/.* via \([^ ]*\) .*/\1/p')"
  result on_link "$(ip -6 route show dev ppp0 proto kernel | grep -cv ^fe80: || true)"
  result mtu6 "$(cat /proc/sys/net/ipv6/conf/ppp0/mtu)"
}

# ping to=10.8.0.1 [from=ADDRESS] [count=3] [size=56]. With from= the packets carry that source, whether or not
# it is this guest's. Succeeds when all were answered.
ping() {
  local to from=() foreign='' status=0 count length=32
  to=$(arg to 10.8.0.1) count=$(arg count 3)
  [ "$(family "$to")" = 4 ] || length=128
  if [ -n "$(arg from '')" ]; then
    from=(-I "$(arg from '')")
    if [ -z "$(ip -o addr show to "$(arg from '')")" ]; then
      foreign=$(arg from '')
      ip addr add "$foreign/$length" dev lo
    fi
  fi
  command ping "-$(family "$to")" -n "${from[@]}" -c "$count" -i 0.2 -W 2 -s "$(arg size 56)" "$to" >/tmp/ping.$$ || status=1
  [ -z "$foreign" ] || ip addr del "$foreign/$length" dev lo
  cat /tmp/ping.$$
  result received "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' /tmp/ping.$$)"
  result max_ms "$(sed -n 's/^rtt .* = [0-9.]*\/[0-9.]*\/\([0-9.]*\)\/.*/\1/p' /tmp/ping.$$)"
  return $status
}

# fetch from=10.8.0.1: its file down by TCP, the same up again; the SHA-256 at both ends.
fetch() {
  local server file=/tmp/file.$$ want start
  server=$(tcp "$(arg from 10.8.0.1)")
  want=$(timeout 10 socat -u "$server:7003,connect-timeout=5" -)
  start=$(ms)
  timeout 60 socat -u "$server:7001,connect-timeout=5" "CREATE:$file"
  result down_ms $(($(ms) - start))
  result bytes "$(stat -c %s $file)"
  result down_sha256 "$(sha256sum <$file | cut -d' ' -f1)"
  start=$(ms)
  result up_sha256 "$(timeout 60 socat -t 30 - "$server:7002,connect-timeout=5" <$file | cut -d' ' -f1)"
  result up_ms $(($(ms) - start))
  result want_sha256 "$want"
  result seen_from "$(timeout 10 socat -u "$server:7004,connect-timeout=5" - || true)"
  rm -f $file
}

# rate to=10.8.0.1 [seconds=3]: iperf3 each way, in Mbit/s
rate() {
  local way options mbit
  for way in up down; do
    options=("-$(family "$(arg to 10.8.0.1)")" -c "$(arg to 10.8.0.1)" -t "$(arg seconds 3)" -f m)
    [ $way = up ] || options+=(-R)
    mbit=$(iperf3 "${options[@]}" | sed -n "s/.* \([0-9.]*\) Mbits\/sec.*receiver.*/\1/p")
    result "${way}_mbit" "$mbit"
  done
}

# behind address=192.168.7.1/32 [route=SUBNET]: its own address in a subnet behind it; with route= what is
# not its own there goes to ppp0
behind() {
  ip addr add "$(arg address)" dev lo
  [ -z "$(arg route '')" ] || ip route replace "$(arg route)" dev ppp0
}

# stream way=up|down [to=10.8.0.1] [from=ADDRESS] [port=5201] [seconds=3] [mbit=0]: one TCP connection by
# iperf3 in one direction, at most so fast (0: any); in Mbit/s, as its receiver saw it
stream() {
  local options
  options=("-$(family "$(arg to 10.8.0.1)")" -c "$(arg to 10.8.0.1)" -p "$(arg port 5201)"
    -t "$(arg seconds 3)" -b "$(arg mbit 0)M" -f m)
  [ "$(arg way up)" = up ] || options+=(-R)
  [ -z "$(arg from '')" ] || options+=(-B "$(arg from '')")
  iperf3 "${options[@]}" >/tmp/stream.$$
  result mbit "$(sed -n "s/.* \([0-9.]*\) Mbits\/sec.*receiver.*/\1/p" /tmp/stream.$$)"
}
