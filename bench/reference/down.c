// From the network to the peers, one batch:
//
//   1. readv puts packets one behind the other, each with room for its L2TP and PPP header in
//      front; the virtio header comes to lie in that room. After a super-packet, the vectors of
//      the next read leave such room, and that for IP and TCP or UDP headers, between all its
//      payloads: when the next super-packet is like the last one, it needs no copy at all.
//   2. The IP header is checked, and the session looked up by the destination.
//   3. A super-packet is cut into frames (segment.c); any packet gets the session's prefix in
//      front.
//   4. pack.c sends: neighbours in memory need one vector.
#include "down.h"

#include <errno.h>
#include <sys/uio.h>

#include "checksum.h"
#include "counters.h"
#include "memory.h"
#include "options.h"
#include "pack.h"
#include "segment.h"

enum { READ_BATCH = 64, PACKET_MAX = 65535, SPREAD_MAX = 128 };
// What a batch may bring, in octets, so that it stays in the second-level cache; behind that is
// room for one more read: a packet and the gaps between its payloads.
enum { READ_BUDGET = 512 << 10, ARENA = 2 << 20 };
_Static_assert(READ_BUDGET + PACKET_MAX + (SPREAD_MAX + 1) * (PREFIX + HEADERS_MAX) <= ARENA,
               "it fits");
// Reads without a super-packet after which the next is expected to be none either: one vector costs
// the kernel less than many.
enum { PATIENCE = 16 };

struct packet {
  uint8_t *frame;
  uint32_t octets;
  bool spread;
};

// How the next super-packet is expected: like the last.
static struct {
  uint8_t type;
  uint32_t l4, headers, mss;
  uint32_t trust; // 0: no super-packet is expected
} expected;

static uint8_t *arena;

// --- Reading ------------------------------------------------------------------------------------

// Vectors for a packet whose frame begins at `frame`; returns how many.
static int layout(struct iovec *vectors, uint8_t *frame) {
  uint32_t vnet = options.vnet ? VNET : 0;
  if (expected.trust == 0) {
    vectors[0] = (struct iovec){frame + PREFIX - vnet, vnet + PACKET_MAX};
    return 1;
  }
  uint32_t before = PREFIX + expected.headers, left = PACKET_MAX - expected.headers - expected.mss;
  vectors[0] = (struct iovec){frame + PREFIX - vnet, vnet + expected.headers + expected.mss};
  int count = 1;
  for (frame += before + expected.mss; left > 0; frame += before + expected.mss) {
    uint32_t length = count < SPREAD_MAX && left > expected.mss ? expected.mss : left;
    vectors[count++] = (struct iovec){frame + before, length};
    left -= length;
  }
  return count;
}

// Brings a packet that came spread, and was not what was expected, together again.
static void gather(const struct iovec *vectors, uint32_t octets) {
  uint8_t *to = (uint8_t *)vectors[0].iov_base + vectors[0].iov_len;
  uint32_t left = octets + VNET - (uint32_t)vectors[0].iov_len;
  for (vectors++; left > 0; vectors++) {
    uint32_t length = left < vectors->iov_len ? left : (uint32_t)vectors->iov_len;
    memmove(to, vectors->iov_base, length);
    to += length;
    left -= length;
  }
}

// Whether a packet that came spread has each payload where its frame wants it. Its TCP header may
// be looked at only when it begins where it did last time: then it lies in the first vector.
static bool is_as_expected(const struct packet *packet, const uint8_t *vnet) {
  struct cut cut;
  return vnet[VNET_TYPE] == expected.type && load16(vnet + VNET_SIZE) == expected.mss &&
         load16(vnet + VNET_START) == expected.l4 &&
         cut_parse(&cut, vnet, packet->frame, packet->octets) && cut.headers == expected.headers &&
         packet->octets - cut.headers <= SPREAD_MAX * cut.mss;
}

static void expect(const struct packet *packet, const uint8_t *vnet) {
  struct cut cut;
  if (vnet[VNET_TYPE] == 0 || !cut_parse(&cut, vnet, packet->frame, packet->octets)) {
    if (expected.trust > 0) expected.trust--;
    return;
  }
  expected.type = vnet[VNET_TYPE];
  expected.l4 = cut.l4;
  expected.headers = cut.headers;
  expected.mss = cut.mss;
  expected.trust = PATIENCE;
}

// Looks at what was read; returns where the next frame begins.
static uint8_t *settle(struct packet *packet, const struct iovec *vectors) {
  if (!options.vnet) return packet->frame + PREFIX + packet->octets;
  const uint8_t *vnet = packet->frame + PREFIX - VNET;
  if (expected.trust > 0 && packet->octets > expected.headers + expected.mss) {
    packet->spread = is_as_expected(packet, vnet);
    if (packet->spread) {
      uint32_t payload = packet->octets - expected.headers;
      uint32_t frames = (payload + expected.mss - 1) / expected.mss;
      expected.trust = PATIENCE;
      return packet->frame + frames * (PREFIX + expected.headers) + payload;
    }
    gather(vectors, packet->octets);
  }
  expect(packet, vnet);
  return packet->frame + PREFIX + packet->octets;
}

static int read_batch(int tun, struct packet *packets) {
  struct iovec vectors[SPREAD_MAX + 1];
  uint8_t *frame = arena;
  int count = 0;
  uint32_t vnet = options.vnet ? VNET : 0;
  while (count < READ_BATCH && frame < arena + READ_BUDGET) {
    ssize_t length = readv(tun, vectors, layout(vectors, frame));
    if (length < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(1, "readv: %s", strerror(errno));
      break;
    }
    counters[DOWN_READS]++;
    packets[count] = (struct packet){frame, (uint32_t)length - vnet, false};
    frame = settle(&packets[count++], vectors);
  }
  return count;
}

// --- Forwarding ---------------------------------------------------------------------------------

static struct session *no_session(enum counter reason) {
  counters[reason]++;
  return NULL;
}

// Checks the IP header and finds the session; `octets` becomes what the header says. A super-packet
// says more than fits the field only as an IPv6 jumbogram, which this device does not make.
static struct session *route(const uint8_t *ip, uint32_t *octets) {
  uint32_t length = *octets;
  struct session *session;
  if (length == 0) return no_session(DOWN_IP_HEADER);
  if (LIKELY(ip[0] >> 4 == 4)) {
    if (length < IPV4_HEADER) return no_session(DOWN_IP_HEADER);
    uint32_t header = (ip[0] & 0xfu) << 2, total = get16(ip + IPV4_TOTAL);
    if (header < IPV4_HEADER || total < header || total > length) return no_session(DOWN_IP_HEADER);
    uint16_t sum =
        LIKELY(header == IPV4_HEADER) ? sum_header4(ip) : sum_fold(sum_octets(ip, header));
    if (sum != 0xffff) return no_session(DOWN_IP_HEADER);
    *octets = total;
    session = table_find(&by_address, load32(ip + IPV4_DESTINATION));
  } else {
    if (ip[0] >> 4 != 6) return no_session(DOWN_NOT_IP);
    if (length < IPV6_HEADER) return no_session(DOWN_IP_HEADER);
    uint32_t payload = get16(ip + IPV6_PAYLOAD);
    if (payload > length - IPV6_HEADER) return no_session(DOWN_IP_HEADER);
    uint32_t to = get16(ip + IPV6_DESTINATION);
    if (to >> 8 == 0xff || (to & 0xffc0) == 0xfe80) return no_session(DOWN_NOT_ROUTABLE);
    *octets = IPV6_HEADER + payload;
    session = table_find(&by_subnet, load64(ip + IPV6_DESTINATION));
  }
  return session != NULL ? session : no_session(DOWN_NO_ROUTE);
}

static void forward_one(struct session *session, uint8_t *frame, uint32_t octets) {
  if (UNLIKELY(octets > options.mtu)) {
    counters[DOWN_TOO_BIG]++;
    session->tx_drops++;
    return;
  }
  bool ipv6 = frame[PREFIX] >> 4 == 6;
  memcpy(frame, session->prefix, PREFIX);
  put16(frame + 2, PREFIX + octets);
  if (ipv6) frame[PREFIX - 1] = 0x57;
  session->tx_packets++;
  session->tx_octets += octets;
  counters[DOWN_PACKETS]++;
  counters[DOWN_OCTETS] += octets;
  pack(session->to, frame, PREFIX + octets);
}

static void forward(const struct packet *packet) {
  uint8_t *ip = packet->frame + PREFIX;
  const uint8_t *vnet = ip - VNET;
  uint32_t octets = packet->octets;
  struct session *session = route(ip, &octets);
  if (session == NULL) return;
  if (options.vnet && vnet[VNET_TYPE] != 0) {
    struct cut cut;
    if (octets != packet->octets || !cut_parse(&cut, vnet, packet->frame, octets)) {
      no_session(DOWN_IP_HEADER);
      return;
    }
    cut.spread = packet->spread;
    return cut_send(&cut, session);
  }
  if (options.vnet && (vnet[VNET_FLAGS] & VNET_NEEDS_CSUM) && !complete(vnet, ip, octets)) {
    no_session(DOWN_IP_HEADER);
    return;
  }
  forward_one(session, packet->frame, octets);
}

// As on the way up: many sessions do not fit the caches.
static inline __attribute__((always_inline)) void prefetch(const struct packet *packets,
                                                           int count) {
  struct slot *slots[READ_BATCH];
  for (int i = 0; i < count; i++) {
    const uint8_t *ip = packets[i].frame + PREFIX;
    slots[i] = ip[0] >> 4 == 4 ? table_slot(&by_address, load32(ip + IPV4_DESTINATION))
                               : table_slot(&by_subnet, load64(ip + IPV6_DESTINATION));
    __builtin_prefetch(slots[i]);
  }
  for (int i = 0; i < count; i++) {
    const struct session *session = slots[i]->session;
    if (session != NULL) __builtin_prefetch(session->prefix, 1);
  }
}

int down_turn(int tun, int socket) {
  struct packet packets[READ_BATCH];
  if (arena == NULL) arena = memory_take(ARENA);
  int count = read_batch(tun, packets);
  if (count > 4) prefetch(packets, count);
  pack_begin(socket);
  cut_begin();
  size_t octets = 0;
  for (int i = 0; i < count; i++) {
    octets += packets[i].octets;
    forward(&packets[i]);
  }
  pack_flush();
  return octets > (size_t)count * GATHER_OCTETS ? 0 : count;
}
