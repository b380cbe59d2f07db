// From the peers to the network, one batch:
//
//   1. recvmmsg fills slots; each message is one datagram, or several of a peer that GRO has
//      joined.
//   2. The L2TP header is checked, the session looked up, the sender compared, the PPP header
//      checked. A datagram that begins with the very octets of its neighbour is like it.
//   3. The IP header is checked as a whole; its source must be the session's.
//   4. What is left goes to coalesce.c, which joins and writes.
//
// Every datagram ends in exactly one counter.
#include "options.h"
#include "up.h"

#include "checksum.h"
#include "coalesce.h"
#include "counters.h"
#include "pack.h"
#include "switch.h"
#include "udp.h"

enum {
  L2TP_TYPE = 0x8000,
  L2TP_LENGTH = 0x4000,
  L2TP_SEQUENCE = 0x0800,
  L2TP_OFFSET = 0x0200,
  L2TP_PRIORITY = 0x0100
};
enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

// What the headers in front of a packet say.
struct frame {
  struct session *session;
  uint32_t headers; // octets of the L2TP and PPP header
  uint32_t octets;  // what follows them
  uint32_t protocol;
};

static void drop(struct session *session, enum counter reason) {
  counters[reason]++;
  session->rx_drops++;
}

// Octets up to and with Offset Size: 6, and 2 for L, 4 for S, 2 for O (RFC 2661 3.1).
static uint32_t fields_size(uint32_t bits) {
  return 6 + ((bits & L2TP_LENGTH) >> 13) + ((bits & L2TP_SEQUENCE) >> 9) +
         ((bits & L2TP_OFFSET) >> 8);
}

// Checks the L2TP header; a counter other than UP_PACKETS says what is wrong.
static enum counter parse_l2tp(const uint8_t *at, uint32_t length, uint32_t *key,
                               struct frame *frame) {
  if (length < 2) return UP_MALFORMED;
  uint32_t bits = get16(at);
  if ((bits & 0xf) != 2) return UP_VERSION;
  uint32_t control = L2TP_LENGTH | L2TP_SEQUENCE;
  bool odd = (bits & (control | L2TP_OFFSET | L2TP_PRIORITY)) != control;
  if ((bits & L2TP_TYPE) && odd) return UP_MALFORMED;
  uint32_t size = fields_size(bits), end = length;
  if (size > length) return UP_MALFORMED;
  const uint8_t *ids = at + 2;
  if (bits & L2TP_LENGTH) {
    end = get16(ids); // what a datagram carries behind its Length is padding
    if (end > length || end < size) return UP_MALFORMED;
    ids += 2;
  }
  uint32_t offset = bits & L2TP_OFFSET ? get16(at + size - 2) : 0;
  if (offset > end - size) return UP_MALFORMED;
  *key = get32(ids);
  frame->headers = size + offset;
  frame->octets = end - frame->headers;
  return bits & L2TP_TYPE ? UP_CONTROL : UP_PACKETS;
}

// Address and Control, and the first octet of Protocol, may be compressed (RFC 1661 6.5, 6.6).
static bool parse_ppp(const uint8_t *at, struct frame *frame) {
  uint32_t size = frame->octets >= 2 && get16(at) == 0xff03 ? 2 : 0;
  if (size == frame->octets) return false;
  frame->protocol = at[size++];
  if ((frame->protocol & 1) == 0) {
    if (size == frame->octets) return false;
    frame->protocol = frame->protocol << 8 | at[size++];
  }
  frame->headers += size;
  frame->octets -= size;
  return true;
}

static bool is_from_peer(const union name *from, const struct session *session) {
  if (load64(from->octets) != session->sender) return false; // family, port, IPv4 address
  return from->any.sa_family == AF_INET ||
         memcmp(from->octets + 8, session->peer->name.octets + 8, 20) == 0;
}

static bool parse_frame(const uint8_t *at, uint32_t length, const union name *from,
                        struct frame *frame) {
  uint32_t key;
  enum counter status = parse_l2tp(at, length, &key, frame);
  if (status == UP_PACKETS && (frame->session = table_find(&by_key, key)) == NULL)
    status = UP_NO_SESSION;
  if (status != UP_PACKETS) {
    counters[status]++;
    return false;
  }
  if (!is_from_peer(from, frame->session)) {
    drop(frame->session, UP_WRONG_PEER);
    return false;
  }
  if (options.onward) return true; // it is not opened
  if (!parse_ppp(at + frame->headers, frame)) {
    drop(frame->session, UP_PPP);
    return false;
  }
  return true;
}

static void deliver(struct session *session, struct segment *segment) {
  session->rx_packets++;
  session->rx_octets += segment->octets;
  counters[UP_PACKETS]++;
  counters[UP_OCTETS] += segment->octets;
  coalesce(segment);
}

static void forward_ipv4(struct segment *segment, uint32_t length) {
  struct session *session = segment->session;
  const uint8_t *ip = segment->ip;
  if (UNLIKELY(session->address == 0)) return drop(session, UP_NOT_OPEN);
  if (UNLIKELY(length < IPV4_HEADER || ip[0] >> 4 != 4)) return drop(session, UP_IP_HEADER);
  uint32_t header = (ip[0] & 0xfu) << 2, total = get16(ip + IPV4_TOTAL);
  if (UNLIKELY(header < IPV4_HEADER || total < header || total > length))
    return drop(session, UP_IP_HEADER);
  uint16_t sum = LIKELY(header == IPV4_HEADER) ? sum_header4(ip) : sum_fold(sum_octets(ip, header));
  if (UNLIKELY(sum != 0xffff)) return drop(session, UP_IP_HEADER);
  if (UNLIKELY(load32(ip + IPV4_SOURCE) != session->address))
    return drop(session, UP_SOURCE_ADDRESS);
  segment->octets = total;
  deliver(session, segment);
}

// fe80::/10
static bool is_link_local(const uint8_t *address) { return (get16(address) & 0xffc0) == 0xfe80; }

// What stays between a peer and us: Neighbour Discovery, DHCPv6, MLD (RFC 4291 2.5.6).
static bool is_on_link(const uint8_t *ip) {
  const uint8_t *to = ip + IPV6_DESTINATION, *from = ip + IPV6_SOURCE;
  if (is_link_local(to) || (get16(to) & 0xff0f) == 0xff02) return true;
  if (ip[IPV6_NEXT] != PROTOCOL_ICMPV6) return false;
  return is_link_local(from) || (load64(from) == 0 && load64(from + 8) == 0);
}

static void forward_ipv6(struct segment *segment, uint32_t length) {
  struct session *session = segment->session;
  const uint8_t *ip = segment->ip;
  if (length < IPV6_HEADER || ip[0] >> 4 != 6) return drop(session, UP_IP_HEADER);
  uint32_t payload = get16(ip + IPV6_PAYLOAD);
  if (payload > length - IPV6_HEADER) return drop(session, UP_IP_HEADER);
  if (is_on_link(ip)) return drop(session, UP_PUNTED); // there is no control plane here
  if (session->subnet == 0) return drop(session, UP_NOT_OPEN);
  if (load64(ip + IPV6_SOURCE) != session->subnet) return drop(session, UP_SOURCE_ADDRESS);
  // Nothing that a peer sends to its own /64 may come back to it (RFC 4443 3.1).
  if (load64(ip + IPV6_DESTINATION) == session->subnet) return drop(session, UP_OWN_SUBNET);
  segment->octets = IPV6_HEADER + payload;
  deliver(session, segment);
}

static void forward(struct segment *segment, const struct frame *frame) {
  segment->session = frame->session;
  if (options.onward)
    return switch_frame(frame->session, segment->start, frame->headers, frame->octets);
  segment->ip = segment->start + frame->headers;
  if (LIKELY(frame->protocol == PPP_IPV4)) return forward_ipv4(segment, frame->octets);
  if (frame->protocol == PPP_IPV6) return forward_ipv6(segment, frame->octets);
  drop(frame->session, UP_PUNTED);
}

// Each datagram of a message. Those that GRO has joined are of equal length, and mostly of one
// session: then their first octets are equal as well, and have been checked.
static void message(const struct received *message) {
  struct frame frame = {0};
  uint64_t head = 0;
  uint32_t tail = 0;
  bool known = false;
  uint8_t *end = message->data + message->length;
  for (uint8_t *at = message->data; at != end;) {
    uint32_t left = (uint32_t)(end - at);
    uint32_t length = left < message->segment ? left : message->segment;
    struct segment segment = {.start = at, .end = at + length};
    // Behind the last datagram the rest of the slot is free.
    segment.limit = length == left ? message->data + RECEIVE_CAPACITY : segment.end;
    bool same = known && length == message->segment && load64(at) == head && load32(at + 8) == tail;
    if (!same) {
      frame = (struct frame){0};
      known = parse_frame(at, length, message->from, &frame);
      if (known) {
        known = frame.headers <= PREFIX && length >= PREFIX;
        head = known ? load64(at) : 0;
        tail = known ? load32(at + 8) : 0;
        forward(&segment, &frame);
      }
    } else {
      forward(&segment, &frame);
    }
    at += length;
  }
}

// Many sessions do not fit the caches: fetch the table's slots, then the records, then work.
// Inline, as gcc takes a function that only prefetches for one without effect, and drops its calls.
static inline __attribute__((always_inline)) void prefetch(const struct received *batch,
                                                           int count) {
  struct slot *slots[RECEIVE_BATCH];
  for (int i = 0; i < count; i++) {
    const uint8_t *at = batch[i].data;
    slots[i] = table_slot(&by_key, get32(at + (get16(at) & L2TP_LENGTH ? 4 : 2)));
    __builtin_prefetch(slots[i]);
  }
  for (int i = 0; i < count; i++) __builtin_prefetch(slots[i]->session, 1);
}

int up_turn(int socket, int tun) {
  struct received batch[RECEIVE_BATCH];
  int count = udp_receive(socket, batch);
  if (count > 4) prefetch(batch, count);
  coalesce_begin(tun);
  pack_begin(socket);
  for (int i = 0; i < count; i++) {
    if (batch[i].truncated) counters[UP_TRUNCATED]++;
    else if (batch[i].length == 0) counters[UP_MALFORMED]++;
    else message(&batch[i]);
  }
  coalesce_end();
  pack_flush();
  return count > 0 && batch[0].length > GATHER_OCTETS ? 0 : count;
}
