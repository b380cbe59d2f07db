// Octets as they stand in packets: read and written in network order, at any alignment.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

// What we put in front of a packet: L2TP header with L (8 octets), PPP header (4).
enum { PREFIX = 8 + 4 };
// struct virtio_net_hdr without num_buffers: what TUN puts there under IFF_VNET_HDR. That it is no
// longer than the prefix is what lets the one be written over the other.
enum { VNET = 10 };
_Static_assert((int)VNET <= (int)PREFIX,
               "the virtio header fits the place of the L2TP and PPP header");

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, UDP_HEADER = 8 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };
enum {
  TCP_FIN = 0x01,
  TCP_SYN = 0x02,
  TCP_RST = 0x04,
  TCP_PSH = 0x08,
  TCP_URG = 0x20,
  TCP_CWR = 0x80
};

// Fields of the virtio header (host order on a TUN device) and of IP, TCP and UDP headers.
enum {
  VNET_FLAGS = 0,
  VNET_TYPE = 1,
  VNET_HEADER_LENGTH = 2,
  VNET_SIZE = 4,
  VNET_START = 6,
  VNET_OFFSET = 8
};
enum { VNET_NEEDS_CSUM = 1 };
enum { VNET_TCPV4 = 1, VNET_TCPV6 = 4, VNET_UDP = 5, VNET_ECN = 0x80 };
enum {
  IPV4_TOTAL = 2,
  IPV4_ID = 4,
  IPV4_FRAGMENT = 6,
  IPV4_TTL = 8,
  IPV4_SUM = 10,
  IPV4_SOURCE = 12,
  IPV4_DESTINATION = 16
};
enum { IPV6_PAYLOAD = 4, IPV6_NEXT = 6, IPV6_SOURCE = 8, IPV6_DESTINATION = 24 };
enum {
  TCP_SEQUENCE = 4,
  TCP_ACK = 8,
  TCP_FLAGS = 12,
  TCP_WINDOW = 14,
  TCP_SUM = 16,
  TCP_URGENT = 18
};
enum { UDP_LENGTH = 4, UDP_SUM = 6 };

static inline uint16_t load16(const void *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint32_t load32(const void *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint64_t load64(const void *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline void store16(void *at, uint16_t value) { memcpy(at, &value, sizeof value); }

static inline uint16_t get16(const void *at) { return __builtin_bswap16(load16(at)); }
static inline uint32_t get32(const void *at) { return __builtin_bswap32(load32(at)); }

static inline void put16(void *at, uint32_t value) {
  store16(at, __builtin_bswap16((uint16_t)value));
}

static inline void put32(void *at, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(at, &value, sizeof value);
}
