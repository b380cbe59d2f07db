// Cuts super-packets as the kernel would (tcp_gso_segment, __udp_gso_segment): the IPv4 ID and the
// sequence number go on, PSH and FIN belong to the last segment, CWR to the first.
#include "segment.h"

#include <stdlib.h>

#include "checksum.h"
#include "counters.h"
#include "options.h"
#include "pack.h"

// Frames of packets that came in one piece are built here, one behind the other.
enum { OUTPUT = 512 << 10 };
static uint8_t output[OUTPUT] __attribute__((aligned(4096)));
static uint32_t output_used;

void cut_begin(void) { output_used = 0; }

bool cut_parse(struct cut *cut, const uint8_t *vnet, uint8_t *frame, uint32_t octets) {
  uint32_t type = vnet[VNET_TYPE] & ~(uint32_t)VNET_ECN;
  const uint8_t *ip = frame + PREFIX;
  cut->frame = frame;
  cut->octets = octets;
  cut->ipv6 = ip[0] >> 4 == 6;
  cut->tcp = type != VNET_UDP;
  if (cut->tcp && type != (cut->ipv6 ? VNET_TCPV6 : VNET_TCPV4)) return false;
  uint32_t header = cut->ipv6 ? IPV6_HEADER : (ip[0] & 0xfu) << 2;
  cut->l4 = vnet[VNET_FLAGS] & VNET_NEEDS_CSUM ? load16(vnet + VNET_START) : header;
  // Only IPv6 may have more in front of TCP or UDP.
  if (cut->ipv6 ? cut->l4 < header : cut->l4 != header) return false;
  uint32_t least = cut->tcp ? TCP_HEADER : UDP_HEADER;
  if (cut->l4 + least > HEADERS_MAX || cut->l4 + least > octets) return false;
  uint32_t size = cut->tcp ? ip[cut->l4 + TCP_FLAGS] >> 4 << 2 : UDP_HEADER;
  cut->headers = cut->l4 + size;
  cut->mss = load16(vnet + VNET_SIZE);
  return size >= least && cut->headers <= HEADERS_MAX && cut->headers < octets && cut->mss > 0 &&
         cut->headers + cut->mss <= UINT16_MAX;
}

// The headers of all frames, and the sums of what does not change in them.
struct pattern {
  uint8_t octets[PREFIX + HEADERS_MAX];
  uint32_t size;
  uint64_t ip_sum, l4_sum;
  uint32_t id, sequence, flags;
};

static void pattern_make(struct pattern *pattern, const struct cut *cut,
                         const struct session *session) {
  uint8_t *ip = pattern->octets + PREFIX, *l4 = ip + cut->l4;
  pattern->size = PREFIX + cut->headers;
  memcpy(pattern->octets, session->prefix, PREFIX);
  memcpy(ip, cut->frame + PREFIX, cut->headers);
  pattern->id = get16(ip + IPV4_ID);
  uint32_t protocol = cut->tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  if (cut->ipv6) {
    pattern->octets[PREFIX - 1] = 0x57;
    pattern->l4_sum = sum_pseudo6(ip, protocol, 0);
  } else {
    store16(ip + IPV4_TOTAL, 0);
    store16(ip + IPV4_ID, 0);
    store16(ip + IPV4_SUM, 0);
    pattern->ip_sum = sum_octets(ip, cut->l4);
    pattern->l4_sum = sum_pseudo4(ip, protocol, 0);
  }
  if (cut->tcp) {
    pattern->sequence = get32(l4 + TCP_SEQUENCE);
    pattern->flags = get16(l4 + TCP_FLAGS);
    put32(l4 + TCP_SEQUENCE, 0);
    store16(l4 + TCP_FLAGS, 0);
    store16(l4 + TCP_SUM, 0);
  } else {
    store16(l4 + UDP_LENGTH, 0);
    store16(l4 + UDP_SUM, 0);
  }
  pattern->l4_sum += sum_octets(l4, cut->headers - cut->l4);
}

// Writes the headers of the frame that begins `at` octets into the payload of all.
static void write_headers(const struct pattern *pattern, const struct cut *cut, uint8_t *frame,
                          uint32_t at, uint32_t payload) {
  uint8_t *ip = frame + PREFIX, *l4 = ip + cut->l4;
  uint32_t total = cut->headers + payload, left = total - cut->l4;
  memcpy(frame, pattern->octets, pattern->size);
  put16(frame + 2, PREFIX + total);
  if (cut->ipv6) {
    put16(ip + IPV6_PAYLOAD, total - IPV6_HEADER);
  } else {
    uint32_t id = (uint16_t)(pattern->id + at / cut->mss);
    put16(ip + IPV4_TOTAL, total);
    put16(ip + IPV4_ID, id);
    uint64_t sum =
        pattern->ip_sum + __builtin_bswap16((uint16_t)total) + __builtin_bswap16((uint16_t)id);
    store16(ip + IPV4_SUM, (uint16_t)~sum_fold(sum));
  }
  uint64_t sum = pattern->l4_sum + __builtin_bswap16((uint16_t)left) +
                 sum_octets(frame + pattern->size, payload);
  if (cut->tcp) {
    uint32_t flags = pattern->flags;
    if (at != 0) flags &= ~(uint32_t)TCP_CWR;
    if (cut->headers + at + payload != cut->octets) flags &= ~(uint32_t)(TCP_PSH | TCP_FIN);
    put32(l4 + TCP_SEQUENCE, pattern->sequence + at);
    put16(l4 + TCP_FLAGS, flags);
    sum += (uint64_t)load32(l4 + TCP_SEQUENCE) + load16(l4 + TCP_FLAGS);
    store16(l4 + TCP_SUM, (uint16_t)~sum_fold(sum));
  } else {
    put16(l4 + UDP_LENGTH, left);
    uint16_t value = (uint16_t)~sum_fold(sum + __builtin_bswap16((uint16_t)left));
    store16(l4 + UDP_SUM, value == 0 ? 0xffff : value);
  }
}

static uint8_t *output_frame(uint32_t size) {
  if (output_used + size > OUTPUT) {
    pack_flush();
    output_used = 0;
  }
  uint8_t *frame = output + output_used;
  output_used += size;
  return frame;
}

void cut_send(const struct cut *cut, struct session *session) {
  struct pattern pattern = {0};
  pattern_make(&pattern, cut, session);
  uint32_t end = cut->octets - cut->headers, packets = 0, octets = 0;
  const uint8_t *from = cut->frame + pattern.size;
  uint8_t *next = cut->frame;
  for (uint32_t at = 0, length; at < end; at += length) {
    length = end - at < cut->mss ? end - at : cut->mss;
    uint8_t *frame = next;
    next += pattern.size + length;
    if (cut->headers + length > options.mtu) {
      counters[DOWN_TOO_BIG]++;
      session->tx_drops++;
      continue;
    }
    if (!cut->spread) {
      frame = output_frame(pattern.size + length);
      memcpy(frame + pattern.size, from + at, length);
    }
    write_headers(&pattern, cut, frame, at, length);
    pack(session->to, frame, pattern.size + length);
    packets++;
    octets += cut->headers + length;
  }
  counters[DOWN_COPIED] += cut->spread ? 0 : packets;
  counters[DOWN_PACKETS] += packets;
  counters[DOWN_OCTETS] += octets;
  session->tx_packets += packets;
  session->tx_octets += octets;
}

bool complete(const uint8_t *vnet, uint8_t *ip, uint32_t octets) {
  uint32_t start = load16(vnet + VNET_START), offset = load16(vnet + VNET_OFFSET);
  if (start + offset + 2 > octets) return false;
  uint16_t value = (uint16_t)~sum_fold(sum_octets(ip + start, octets - start));
  // A UDP checksum of zero would say that there is none.
  store16(ip + start + offset, value == 0 && offset == UDP_SUM ? 0xffff : value);
  return true;
}
