// Joins packets of a flow to super-packets and writes them to the TUN device.
#pragma once

#include "sessions.h"

// A checked IP packet where it lies in a receive slot.
struct segment {
  struct session *session;
  uint8_t *start; // of the datagram: what lies in front of the packet is free
  uint8_t *ip;
  uint8_t *end;    // of the datagram
  uint8_t *limit;  // what lies between `end` and here is free, too
  uint32_t octets; // of the packet; up to `end` follows padding
};

void coalesce_begin(int tun);

// Takes a packet, to be written alone or with others of its flow.
void coalesce(const struct segment *segment);

// Writes everything that waits.
void coalesce_end(void);
