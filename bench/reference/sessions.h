// Sessions and their peers: found by (local Tunnel ID, local Session ID), by IPv4 address, by /64.
#pragma once

#include <netinet/in.h>

#include "wire.h"

enum { SESSIONS_MAX = 65536 };

union name {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
  uint8_t octets[32];
};

struct peer {
  union name name;
  uint32_t name_length;
  uint32_t open;       // message of `serial` that frames may still join
  uint64_t serial;     // flush that `open` belongs to
  uint32_t gso_max;    // octets of the largest frame that the path takes in a UDP_SEGMENT message
  int64_t gso_expires; // second at which gso_max is forgotten; 0: it is not limited
};

// A cache line for the way up, one for the way down.
struct session {
  uint32_t key;     // local Tunnel ID << 16 | local Session ID
  uint32_t address; // IPv4, network order; 0: none
  uint64_t subnet;  // upper half of the IPv6 addresses, network order; 0: none
  uint64_t sender;  // first octets of the peer's socket address: family, port, IPv4 address
  struct peer *peer;
  uint64_t barrier; // super-packets that were opened before this one are closed
  uint64_t rx_packets, rx_octets, rx_drops;

  uint8_t prefix[16] __attribute__((aligned(64))); // PREFIX octets, for IPv4, without Length
  struct peer *to;
  struct session *onward; // with options.onward: the session that its frames go on in
  uint64_t tx_packets, tx_octets, tx_drops;
} __attribute__((aligned(64)));

// Reads the file of sessions; bad input ends the program. `family` is that of our socket.
void sessions_load(const char *path, int family);

// Address and port as text to a socket address of `family` (IPv4 may be mapped); false: not valid.
bool name_parse(union name *name, uint32_t *length, int family, const char *address, unsigned port);

// Open addressing with 64-bit keys: a slot is 16 octets, a lookup mostly one cache line.
struct table {
  struct slot {
    uint64_t key;
    struct session *session; // NULL: the slot is free
  } *slots;
  uint32_t shift; // 64 - log2 of the number of slots
  uint32_t mask;
};

extern struct table by_key, by_address, by_subnet;

static inline struct slot *table_slot(const struct table *table, uint64_t key) {
  return &table->slots[(key * 0x9e3779b97f4a7c15) >> table->shift];
}

static inline struct session *table_find(const struct table *table, uint64_t key) {
  struct slot *slot = table_slot(table, key);
  while (slot->key != key) {
    if (slot->session == NULL) return NULL;
    slot = slot == table->slots + table->mask ? table->slots : slot + 1;
  }
  return slot->session;
}
