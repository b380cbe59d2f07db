// Completes and cuts what comes out of the TUN device.
#pragma once

#include "sessions.h"

enum { HEADERS_MAX = 256 };

// A super-packet, or a packet without its checksum. Its headers lie at `frame` + PREFIX.
struct cut {
  uint8_t *frame;
  uint32_t octets;  // of the packet
  uint32_t l4;      // where TCP or UDP begins, in octets from the IP header
  uint32_t headers; // octets of the IP and TCP or UDP header
  uint32_t mss;
  bool ipv6, tcp;
  bool spread; // each payload lies already where its frame wants it
};

// Begins a batch: frames of the last one are no longer needed.
void cut_begin(void);

// What a virtio header says of a packet of `octets`; false: it is none that we can cut.
bool cut_parse(struct cut *cut, const uint8_t *vnet, uint8_t *frame, uint32_t octets);

// Cuts into frames for the session and packs them. Counts those that are too big.
void cut_send(const struct cut *cut, struct session *session);

// Writes the checksum that a packet still lacks; false when it does not say where.
bool complete(const uint8_t *vnet, uint8_t *ip, uint32_t octets);
