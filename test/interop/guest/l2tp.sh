# shellcheck shell=bash
# Sourced by command.sh: dial, hangup, wait-drop, wait-up and stop, with xl2tpd and pppd as a user has them.

l2tp_config() {
  cat >/etc/xl2tpd/xl2tpd.conf <<EOF
[global]
port = 1701
max retries = $(arg retries 5)
auth file = /etc/xl2tpd/l2tp-secrets
debug avp = $(arg avps no)
[lac peer]
lns = $(arg lns 10.9.0.2)
name = $(arg user bob)
challenge = $(arg challenge "$([ "$(arg secret none)" = none ] && echo no || echo yes)")
hidden bit = $(arg hidden no)
ppp debug = yes
pppoptfile = /etc/ppp/lac-options
length bit = yes
autodial = no
redial = $([ "$(arg redial 0)" = 0 ] && echo no || echo yes)
redial timeout = $(arg redial 1)
EOF
  l2tp_secrets
}
l2tp_secrets() {
  : >/etc/xl2tpd/l2tp-secrets
  [ "$(arg secret none)" = none ] || echo "* * $(arg secret none)" >/etc/xl2tpd/l2tp-secrets
  chmod 600 /etc/xl2tpd/l2tp-secrets
}

# Only the method asked for is accepted, so that the LNS has to offer it in the end.
ppp_config() {
  local refuse=(refuse-mschap refuse-eap)
  case "$(arg auth chap)" in
  pap) refuse+=(refuse-chap refuse-mschap-v2) ;;
  chap) refuse+=(refuse-pap refuse-mschap-v2) ;;
  mschapv2) refuse+=(refuse-pap refuse-chap) ;;
  none) refuse+=(refuse-pap refuse-chap refuse-mschap-v2) ;;
  *) echo "auth is pap, chap, mschapv2 or none" && return 2 ;;
  esac
  {
    printf '%s\n' "${refuse[@]}" noauth nodefaultroute usepeerdns ipcp-accept-local \
      ipcp-accept-remote debug "logfile $PPP_LOG" "mtu $(arg mtu 1400)" "mru $(arg mtu 1400)" \
      "user $(arg user bob)" "password $(arg pass bobpw)" \
      "lcp-echo-interval $(arg echo 5)" "lcp-echo-failure 3"
    # As most clients, it asks for IPv6 unless it is told not to.
    if [ "$(arg ipv6 1)" = 1 ]; then echo +ipv6; else echo noipv6; fi
    arg ppp '' | tr ',_' '\n ' # further pppd options: ppp=novj,endpoint_local:01.02
  } >/etc/ppp/lac-options
}

l2tp_running() { [ -e /run/xl2tpd/pid ] && kill -0 "$(cat /run/xl2tpd/pid)" 2>/dev/null; }
l2tp_stop() {
  local pid
  if l2tp_running; then
    pid=$(cat /run/xl2tpd/pid)
    kill -TERM "$pid"
    poll 10 eval "! kill -0 $pid" || kill -KILL "$pid"
  fi
  poll 10 gone
  rm -f /run/xl2tpd/pid $L2TP_CONTROL
}
l2tp_start() {
  rm -f $L2TP_CONTROL
  xl2tpd -D -c /etc/xl2tpd/xl2tpd.conf -C $L2TP_CONTROL -p /run/xl2tpd/pid >>$L2TP_LOG 2>&1 </dev/null &
  poll 5 test -p $L2TP_CONTROL
}

refused() {
  grep -q 'authentication failed' $PPP_LOG ||
    grep -q 'Connection .*closed\|Maximum retries\|Call .*disconnect\|Authentication failure' $L2TP_LOG
}
up_or_refused() { [ "$(events ip-up)" -gt "$1" ] || refused; }

# dial [lns= user= pass= auth= secret= challenge= hidden= mtu= echo= redial= retries= ipv6= ppp= wait=
# keep=1]; keep: by the xl2tpd that runs already, as it is configured.
dial() {
  local before start reason device address gateway at dns1 dns2
  if [ "$(arg keep 0)" = 0 ]; then
    l2tp_stop
    l2tp_config
    ppp_config
    : >$L2TP_LOG
    : >$PPP_LOG
    l2tp_start
  else
    : >$L2TP_LOG
    : >$PPP_LOG
  fi
  before=$(events ip-up)
  start=$(ms)
  echo "c peer" >$L2TP_CONTROL
  poll "$(arg wait 20)" up_or_refused "$before" || true
  if [ "$(events ip-up)" -le "$before" ]; then
    # pppd writes its last words a little after xl2tpd has dropped the call.
    sleep 0.5
    if grep -q 'sent .CHAP Response\|sent .PAP AuthReq' $PPP_LOG; then reason=auth
    elif refused; then reason=tunnel
    else reason=timeout; fi
    result refused $reason
    result after_ms $(($(ms) - start))
    facts
    return 1
  fi
  read -r _ device address gateway at dns1 dns2 _ < <(grep '^ip-up ' $EVENTS | tail -1)
  result up_ms $((at - start))
  result address "$address"
  result gateway "$gateway"
  result dns "$dns1,$dns2"
  facts
  routes "$device"
}

routes() {
  local behind
  for behind in 10.7.0.0/24 10.8.0.0/24 10.64.0.0/16; do ip route replace $behind dev "$1"; done
}

# What pppd's log says was agreed and told: the last acknowledged requests each way, the verdict.
facts() {
  result lcp_theirs "$(sed -n 's/^sent \[LCP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result lcp_ours "$(sed -n 's/^rcvd \[LCP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result ipcp_theirs "$(sed -n 's/^sent \[IPCP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result ipcp_ours "$(sed -n 's/^rcvd \[IPCP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result ipv6cp_theirs "$(sed -n 's/^sent \[IPV6CP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result ipv6cp_ours "$(sed -n 's/^rcvd \[IPV6CP ConfAck id=[^ ]* *\(.*\)\]$/\1/p' $PPP_LOG | tail -1)"
  result verdict "$(sed -n 's/^rcvd \[\(CHAP Success\|CHAP Failure\|PAP AuthAck\|PAP AuthNak\).*/\1/p' \
    $PPP_LOG | tail -1)"
  result said "$(sed -n 's/^rcvd \[CHAP [SF][a-z]* [^"]*"\(.*\)"\]$/\1/p' $PPP_LOG | tail -1)"
}

gone() { ! compgen -G "/sys/class/net/ppp*" >/dev/null; }

# hangup by=ppp: LCP Terminate-Request, then CDN and StopCCN; by=tunnel: StopCCN at once (pppd then
# waits 6 s for an answer to its Terminate-Request, that is not the LNS's doing).
hangup() {
  local start
  start=$(ms)
  ! gone || { echo "no PPP link"; return 1; }
  case "$(arg by ppp)" in
  ppp) pkill -TERM -x pppd ;;
  tunnel) echo "d peer" >$L2TP_CONTROL ;;
  *) echo "by is ppp or tunnel" && return 2 ;;
  esac
  poll 12 gone
  # xl2tpd keeps the control connection when its last session goes, until it is told.
  if [ "$(arg by ppp)" = ppp ]; then
    poll 3 grep -q call_close $L2TP_LOG || true
    echo "d peer" >$L2TP_CONTROL
  fi
  poll 3 grep -q "Connection .* closed" $L2TP_LOG || true
  result hangup_ms $(($(ms) - start))
}

# wait-drop seconds=20: until the LNS has taken the PPP link away
wait-drop() {
  local start
  start=$(ms)
  poll "$(arg seconds 20)" gone
  result dropped_ms $(($(ms) - start))
}

# wait-up seconds=60: until xl2tpd has dialled again by itself (dial redial=) and the link is up
wait-up() {
  local start device address
  start=$(ms)
  poll "$(arg seconds 60)" is_up
  read -r _ device address _ < <(tail -1 $EVENTS)
  result up_ms $(($(ms) - start))
  result address "$address"
  routes "$device"
}
is_up() { tail -1 $EVENTS | grep -q '^ip-up ' && ! gone; }

# stop [now=1]: ends xl2tpd, which says goodbye; now: all at once and without a word
stop() {
  if [ "$(arg now 0)" = 1 ]; then pkill -KILL -x "xl2tpd|pppd" || true; fi
  l2tp_stop
}
