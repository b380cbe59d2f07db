/**
 * The program of the host's keeper, for any POSIX shell. It starts with what the configuration allows
 * as arguments and takes requests, a line each:
 *
 *   SERIAL up4 CLIENT ADDRESS LNS         address and IPv4 routes; "-": none holds the LNS
 *   SERIAL up6 CLIENT ADDRESS LNS         the same of IPv6
 *   SERIAL down4|down6 CLIENT             takes them back
 *   SERIAL dns CLIENT SERVER SERVER       name servers; without any they are taken back
 *
 * Clients, their devices and routes are those of the start, an index names them; addresses have to
 * look like such. What could not be done comes as "SERIAL ! WORDS", and "SERIAL done" ends each
 * answer. At the end of its input all is taken back.
 *
 * Ways to LNSs that a route would lead into the tunnel are pinned first: a route to that host alone,
 * by the next hop of now. Those and all other routes carry a protocol number of ours, which tells
 * what an earlier run has left, were its keeper killed too.
 *
 * @module
 */

/** Of routes, as rtnetlink(7) has it: none that a routing daemon uses. */
export const ROUTE_PROTOCOL = 171;

const ARGUMENTS = `FILE=$1 SAVED=$1.simplon RESOLVED=$2 N=-1 TUNS=" " LNSS=" " OWNERS=" "
shift 2
while [ $# -gt 1 ]; do
  case $1 in
    client)
      N=$((N + 1)) TUNS="$TUNS$2 "
      eval "TUN_$N=\\$2 ROUTES_$N= PINS_$N= DNS_$N= SERVERS_$N= ADDRESS4_$N= ADDRESS6_$N="
      ;;
    route) eval "ROUTES_$N=\\"\\$ROUTES_$N \\$2\\"" ;;
    pin) eval "PINS_$N=\\"\\$PINS_$N \\$2\\"" ;;
    dns) eval "DNS_$N=\\$2" ;;
    lns) LNSS="$LNSS$2 " ;;
  esac
  shift 2
done`;

const HELPERS = `note() { echo "$serial ! $*"; }
quiet() { "$@" </dev/null >/dev/null 2>&1; }
try() {
  said=$("$@" </dev/null 2>&1) && return
  said=\${said%%"
"*}
  return 1
}
is4() (
  case $1 in *[!0-9.]* | *..* | .* | *. | "") exit 1 ;; esac
  IFS=.
  set -- $1
  [ $# = 4 ] || exit 1
  for part; do [ \${#part} -le 3 ] && [ "$part" -le 255 ] || exit 1; done
  [ "$1" -gt 0 ] && [ "$1" -ne 127 ] && [ "$1" -lt 224 ]
)
is6() {
  case $1 in
    *[!0-9a-f:]* | :: | ff* | fe[89ab]*) return 1 ;;
    *:*:*) [ \${#1} -le 39 ] ;;
    *) return 1 ;;
  esac
}`;

/** The way to an LNS, kept for each client whose routes would lead it into a tunnel. */
const PINS = `pin() {
  case $OWNERS in
    *" $1@$2 "*) return ;;
    *" $1@"*) OWNERS="$OWNERS$1@$2 "; return ;;
  esac
  way=$1 owner=$2 via= dev= src= word=
  try ip -o route get "$way" || return
  set -- $said
  [ "$1" = local ] && return
  for next; do
    case $word in via) via=$next ;; dev) dev=$next ;; src) src=$next ;; esac
    [ "$word $next" = "via inet6" ] || word=$next
  done
  case $TUNS in *" $dev "*) said="the way there leads through $dev"; return 1 ;; esac
  case $way$via in *.*:*) via="inet6 $via" ;; esac
  if try ip route add "$way" \${via:+via $via} dev "$dev" \${src:+src "$src"} proto ${ROUTE_PROTOCOL}
  then OWNERS="$OWNERS$way@$owner "
  else case $said in *exists*) return ;; *) return 1 ;; esac
  fi
}
unpin() {
  owners=$OWNERS OWNERS=" "
  for each in $owners; do [ "\${each#*@}" = "$1" ] || OWNERS="$OWNERS$each "; done
  for each in $owners; do
    case $OWNERS in *" \${each%@*}@"*) continue ;; esac
    quiet ip route del "\${each%@*}" proto ${ROUTE_PROTOCOL}
  done
}`;

/** The default route goes as two halves, beside the one that the host has. */
const ROUTES = `parts() {
  case $1 in 0.0.0.0/0) echo 0.0.0.0/1 128.0.0.0/1 ;; ::/0) echo ::/1 8000::/1 ;; *) echo "$1" ;; esac
}
is_of() { case $2 in *:*) [ "$1" = 6 ] ;; *) [ "$1" = 4 ] ;; esac; }
up() {
  down "$1" "$2"
  eval "tun=\\$TUN_$2 routes=\\$ROUTES_$2 pins=\\$PINS_$2"
  family=$1 client=$2 address=$3 lns=$4
  if [ "$family" = 4 ]; then set -- "$address/32"; else set -- "$address/128" nodad; fi
  if ! try ip "-$family" address add "$@" dev "$tun"; then
    note "the address $address is not set: $said"
    return
  fi
  eval "ADDRESS\${family}_$client=\\$address"
  for pinned in $pins; do pin "$pinned" "$client"; done
  lost=
  [ "$lns" = - ] || [ -z "$routes" ] || pin "$lns" "$client" || lost=$said
  for route in $routes; do
    is_of "$family" "$route" || continue
    case $route in
      "$lns/32" | "$lns/128") said="it would send the tunnel to $lns into itself" ;;
      *) if [ -n "$lost" ]; then said="no way to $lns can be kept beside it: $lost"; else add; fi ;;
    esac
    [ -z "$said" ] || note "the route $route is not applied: $said"
  done
}
add() {
  for part in $(parts "$route"); do
    try ip "-$family" route add "$part" dev "$tun" src "$address" proto ${ROUTE_PROTOCOL} || return
  done
}
down() {
  eval "tun=\\$TUN_$2 routes=\\$ROUTES_$2 address=\\$ADDRESS\${1}_$2"
  [ -n "$address" ] || return
  for route in $routes; do
    is_of "$1" "$route" || continue
    for part in $(parts "$route"); do
      quiet ip "-$1" route del "$part" dev "$tun" proto ${ROUTE_PROTOCOL}
    done
  done
  if [ "$1" = 4 ]; then quiet ip -4 address flush dev "$tun"
  else quiet ip -6 address del "$address/128" dev "$tun"
  fi
  eval "ADDRESS\${1}_$2="
  eval "address=\\$ADDRESS4_$2\\$ADDRESS6_$2"
  [ -n "$address" ] || unpin "$2"
}`;

const DNS = `MARK="# Written by simplon while a connection is up; what was here before is in $SAVED"
is_ours() { [ -e "$SAVED" ] && IFS= read -r first <"$FILE" && [ "$first" = "$MARK" ]; }
restore() {
  is_ours 2>/dev/null && try cp "$SAVED" "$FILE"
  quiet rm -f "$SAVED"
}
servers() {
  client=0
  while [ "$client" -le "$N" ]; do
    eval "list=\\$SERVERS_$client"
    for server in $list; do echo "nameserver $server"; done
    client=$((client + 1))
  done
}
compose() {
  echo "$MARK"
  servers
  while read -r word rest; do
    case $word in search | domain | options) echo "$word $rest" ;; esac
  done <"$SAVED"
}
dns() {
  eval "tun=\\$TUN_$1 allowed=\\$DNS_$1 before=\\$SERVERS_$1"
  client=$1
  shift
  [ "$allowed" = yes ] || [ $# = 0 ] || { note "dns is false"; return; }
  [ "$*" != "$before" ] || return
  eval "SERVERS_$client=\\$*"
  if [ -d "$RESOLVED" ] && quiet command -v resolvectl; then
    if [ $# = 0 ]; then quiet resolvectl revert "$tun"; return; fi
    try resolvectl dns "$tun" "$@" && try resolvectl domain "$tun" "~." && return
    note "name servers are not applied: $said"
  elif [ -z "$(servers)" ]; then restore
  else
    is_ours 2>/dev/null || try cp "$FILE" "$SAVED" || { note "name servers are not applied: $said"; return; }
    text=$(compose) && echo "$text" 2>/dev/null >"$FILE" || note "$FILE cannot be written"
  fi
}`;

const SERVE = `may_have() {
  case $LNSS in *" $1 "*) note "the address $1 is that of an LNS"; return 1 ;; esac
  [ "$2" = - ] || is4 "$2" || is6 "$2" || { note "no LNS"; return 1; }
}
serve() {
  case $2 in "" | *[!0-9]* | ????*) note "no client"; return ;; esac
  [ "$2" -le "$N" ] || { note "no client"; return; }
  case $1 in
    up4) is4 "$3" || { note "no address"; return; }
      may_have "$3" "$4" && up 4 "$2" "$3" "$4" ;;
    up6) is6 "$3" || { note "no address"; return; }
      may_have "$3" "$4" && up 6 "$2" "$3" "$4" ;;
    down4) down 4 "$2" ;;
    down6) down 6 "$2" ;;
    dns) shift
      for server; do
        [ "$server" = "$1" ] || is4 "$server" || is6 "$server" || { note "no server"; return; }
      done
      dns "$@" ;;
    *) note "no such request" ;;
  esac
}
trap "" INT TERM HUP QUIT PIPE
set -f
serial=0
client=0
restore
while [ "$client" -le "$N" ]; do
  eval "pins=\\$PINS_$client"
  for pinned in $pins; do quiet ip route del "$pinned" proto ${ROUTE_PROTOCOL}; done
  client=$((client + 1))
done
while read -r serial rest; do
  case $serial in "" | *[!0-9]*) continue ;; esac
  serve $rest
  echo "$serial done"
done
end=0
while [ "$end" -le "$N" ]; do
  down 4 "$end"
  down 6 "$end"
  dns "$end"
  end=$((end + 1))
done
exit 0`;

export const HOST_SCRIPT = [ARGUMENTS, HELPERS, PINS, ROUTES, DNS, SERVE].join("\n");
