# shellcheck shell=bash
# Sourced by command.sh: serve, call, wait-call, drop and heard, with xl2tpd and pppd as an LNS. The client
# of l2tp.sh and this LNS do not run at the same time.

serve_config() {
  local pool=10.20.0.10-10.20.0.200
  cat >/etc/xl2tpd/xl2tpd.conf <<EOF
[global]
port = 1701
max retries = $(arg retries 5)
auth file = /etc/xl2tpd/l2tp-secrets
debug avp = yes
[lns default]
ip range = $(arg pool $pool)
local ip = $(arg local 10.20.0.1)
challenge = $(arg challenge "$([ "$(arg secret none)" = none ] && echo no || echo yes)")
hidden bit = $(arg hidden no)
name = guest
ppp debug = yes
pppoptfile = /etc/ppp/lns-options
length bit = yes
EOF
  l2tp_secrets
}

# lns_options FILE [LOCAL:REMOTE]: only the method asked for is offered
lns_options() {
  local need
  case "$(arg auth chap)" in
  pap) need=require-pap ;;
  chap) need=require-chap ;;
  mschapv2) need=require-mschap-v2 ;;
  *) echo "auth is pap, chap or mschapv2" && return 2 ;;
  esac
  {
    echo "${2:-}"
    printf '%s\n' auth $need noccp nodefaultroute debug "logfile $PPP_LOG" "ms-dns 10.20.0.1" \
      "mtu $(arg mtu 1400)" "mru $(arg mtu 1400)" "lcp-echo-interval $(arg echo 5)" \
      "lcp-echo-failure 3"
    if [ "$(arg ipv6 1)" = 1 ]; then echo +ipv6; else echo noipv6; fi
    arg ppp '' | tr ',_' '\n '
  } >"$1"
  echo "$(arg user bob) * $(arg pass bobpw) *" | tee /etc/ppp/chap-secrets >/etc/ppp/pap-secrets
  chmod 600 /etc/ppp/chap-secrets /etc/ppp/pap-secrets
}

# The servers of ../servers.sh, here at the LNS's own address inside.
serve_files() {
  [ ! -e /run/file ] || return 0
  head -c "$(arg bytes 4000000)" /dev/urandom >/run/file
  sha256sum </run/file | cut -d' ' -f1 >/run/file.sha256
  socat -U TCP4-LISTEN:7001,fork,reuseaddr OPEN:/run/file,rdonly &
  socat -t 30 TCP4-LISTEN:7002,fork,reuseaddr EXEC:sha256sum &
  socat -U TCP4-LISTEN:7003,fork,reuseaddr OPEN:/run/file.sha256,rdonly &
  # shellcheck disable=SC2016
  socat -U TCP4-LISTEN:7004,fork,reuseaddr 'SYSTEM:echo $SOCAT_PEERADDR' &
} >/dev/null 2>&1 </dev/null

# serve [auth= user= pass= pool= local= secret= challenge= hidden= mtu= echo= retries= ipv6= ppp= bytes=]
serve() {
  l2tp_stop
  serve_config
  lns_options /etc/ppp/lns-options
  : >$EVENTS
  : >$L2TP_LOG
  : >$PPP_LOG
  l2tp_start
  serve_files
  poll 5 eval 'ss -Hlun "sport = :1701" | grep -q .'
}

# call number= [lns=10.9.0.2 and the keys of serve]: an outgoing call, which the LAC there is asked for
# (OCRQ)
call() {
  given[avps]=yes
  l2tp_stop
  l2tp_config
  lns_options /etc/ppp/lac-options 10.20.0.1:10.20.0.10
  # Before them pppd reads options of the number, in a folder that the root has not.
  if [ ! -d /var/l2tp ]; then
    mount -t tmpfs var /var
    ln -s /run /var/run
    mkdir /var/l2tp
  fi
  : >"/var/l2tp/$(arg number).options"
  : >$EVENTS
  : >$L2TP_LOG
  : >$PPP_LOG
  l2tp_start
  serve_files
  echo "o peer $(arg number)" >$L2TP_CONTROL
}

links() { find /sys/class/net -name 'ppp*' | wc -l; }
are_up() { [ "$(links)" = "$1" ] && [ "$(($(events ip-up) - $(events ip-down)))" = "$1" ]; }

# wait-call [seconds=20] [links=1]: until so many calls are up
wait-call() {
  local device address at user
  poll "$(arg seconds 20)" are_up "$(arg links 1)" || { cat $L2TP_LOG $PPP_LOG; return 1; }
  read -r _ device _ address at _ _ user < <(grep '^ip-up ' $EVENTS | tail -1)
  result device "$device"
  result address "$address"
  result user "$user"
  facts
}

# drop by=ppp: LCP Terminate-Request, then CDN, for every call; by=tunnel: StopCCN to every peer at once.
# Until one is down: a peer may call again before its old link is gone.
drop() {
  local tunnel before
  before=$(events ip-down)
  ! gone || { echo "no PPP link"; return 1; }
  case "$(arg by ppp)" in
  ppp) pkill -TERM -x pppd ;;
  tunnel)
    for tunnel in $(sed -n 's/.*Connection established .* Local: \([0-9]*\),.*/\1/p' $L2TP_LOG); do
      echo "d $tunnel" >$L2TP_CONTROL
    done
    ;;
  *) echo "by is ppp or tunnel" && return 2 ;;
  esac
  # shellcheck disable=SC2016
  poll 12 eval '[ "$(events ip-down)" -gt '"$before"' ]'
}

# heard: what xl2tpd has read in AVPs, hidden or not, as it logged them; the last of each
heard() {
  said hostname "reports hostname '\(.*\)'"
  said called "dialed number '\(.*\)'"
  said calling "dialing number '\(.*\)'"
  said sub_address "subaddress '\(.*\)'"
  said session_id "peer's call \([0-9]*\)"
  said serial "serial number is \([0-9]*\)"
  said tx_speed "transmit baud rate is \([0-9]*\)"
  said rx_speed "receive baud rate is \([0-9]*\)"
  said channel "physical channel is \([0-9]*\)"
  said framing "peer uses: *\(.*\) frames"
  said bearer "peer bears: *\(.*\)"
  said closed "peer closing for reason \([0-9]*\)"
  result vectors "$(grep -c 'Random Vector of 16 octets' $L2TP_LOG || true)"
}
said() { result "$1" "$(sed -n "s/.*$2.*/\1/p" $L2TP_LOG | tail -1)"; }
