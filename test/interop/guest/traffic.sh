# shellcheck shell=bash
# Sourced by command.sh: ping, fetch, rate through ppp0.

# ping to=10.8.0.1 [from=ADDRESS] [count=3] [size=56]. With from= the packets carry that source, whether or not
# it is this guest's. Succeeds when all were answered.
ping() {
  local to from=() foreign='' status=0 count
  to=$(arg to 10.8.0.1) count=$(arg count 3)
  if [ -n "$(arg from '')" ]; then
    from=(-I "$(arg from '')")
    if [ -z "$(ip -o addr show to "$(arg from '')")" ]; then
      foreign=$(arg from '')
      ip addr add "$foreign/32" dev lo
    fi
  fi
  command ping -4 -n "${from[@]}" -c "$count" -i 0.2 -W 2 -s "$(arg size 56)" "$to" >/tmp/ping.$$ || status=1
  [ -z "$foreign" ] || ip addr del "$foreign/32" dev lo
  cat /tmp/ping.$$
  result received "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' /tmp/ping.$$)"
  return $status
}

# fetch from=10.8.0.1: its file down by TCP, the same up again; the SHA-256 at both ends.
fetch() {
  local from file=/tmp/file.$$ want start
  from=$(arg from 10.8.0.1)
  want=$(timeout 10 socat -u "TCP4:$from:7003,connect-timeout=5" -)
  start=$(ms)
  timeout 60 socat -u "TCP4:$from:7001,connect-timeout=5" "CREATE:$file"
  result down_ms $(($(ms) - start))
  result bytes "$(stat -c %s $file)"
  result down_sha256 "$(sha256sum <$file | cut -d' ' -f1)"
  start=$(ms)
  result up_sha256 "$(timeout 60 socat -t 30 - "TCP4:$from:7002,connect-timeout=5" <$file | cut -d' ' -f1)"
  result up_ms $(($(ms) - start))
  result want_sha256 "$want"
  result seen_from "$(timeout 10 socat -u "TCP4:$from:7004,connect-timeout=5" - || true)"
  rm -f $file
}

# rate to=10.8.0.1 [seconds=3]: iperf3 each way, in Mbit/s
rate() {
  local way options mbit
  for way in up down; do
    options=(-4 -c "$(arg to 10.8.0.1)" -t "$(arg seconds 3)" -f m)
    [ $way = up ] || options+=(-R)
    mbit=$(iperf3 "${options[@]}" | sed -n "s/.* \([0-9.]*\) Mbits\/sec.*receiver.*/\1/p")
    result "${way}_mbit" "$mbit"
  done
}
