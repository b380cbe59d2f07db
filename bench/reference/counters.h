// Every datagram and every packet ends in exactly one of these; the names are those of `simplon
// show counters`.
#pragma once

#include <stdint.h>
#include <stdio.h>

#define UP_COUNTERS(X)                   \
  X(UP_PACKETS, "packets")               \
  X(UP_OCTETS, "octets")                 \
  X(UP_SWITCHED, "switched")             \
  X(UP_PUNTED, "punted")                 \
  X(UP_TRUNCATED, "truncated")           \
  X(UP_MALFORMED, "malformed")           \
  X(UP_VERSION, "version")               \
  X(UP_CONTROL, "control-message")       \
  X(UP_NO_SESSION, "no-session")         \
  X(UP_WRONG_PEER, "wrong-peer")         \
  X(UP_PPP, "ppp-header")                \
  X(UP_NOT_OPEN, "not-open")             \
  X(UP_IP_HEADER, "ip-header")           \
  X(UP_SOURCE_ADDRESS, "source-address") \
  X(UP_OWN_SUBNET, "own-subnet")         \
  X(UP_TUN_WRITE, "tun-write")           \
  X(UP_WRITES, "writes")

#define DOWN_COUNTERS(X)               \
  X(DOWN_PACKETS, "packets")           \
  X(DOWN_OCTETS, "octets")             \
  X(DOWN_NOT_IP, "not-ip")             \
  X(DOWN_IP_HEADER, "ip-header")       \
  X(DOWN_NOT_ROUTABLE, "not-routable") \
  X(DOWN_NO_ROUTE, "no-route")         \
  X(DOWN_TOO_BIG, "too-big")           \
  X(DOWN_SEND, "send")                 \
  X(DOWN_READS, "reads")               \
  X(DOWN_COPIED, "copied")             \
  X(DOWN_MESSAGES, "messages")         \
  X(DOWN_REFUSED, "refused")

#define COUNTER_INDEX(index, name) index,
enum counter { UP_COUNTERS(COUNTER_INDEX) DOWN_COUNTERS(COUNTER_INDEX) COUNTERS };
#undef COUNTER_INDEX

extern uint64_t counters[COUNTERS];

// One line of JSON: {"up":{"packets":1,…},"down":{…}}
void counters_print(FILE *to);
