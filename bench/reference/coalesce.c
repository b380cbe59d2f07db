// Joins packets of a flow to super-packets.
//
// The rules are those of the kernel's GRO, made strict: whoever cuts the super-packet again gets
// each packet back bit for bit. What is neither TCP nor UDP in plain IP, or has a checksum that
// is wrong or not the canonical one, goes alone. Super-packets are written in the order in which
// they were opened; a packet that goes alone closes what could overtake it: its flow, or, where
// its flow is not known, all of its session.
//
// A checksum is looked at only when there is something to join: what goes alone keeps its own.
#include "coalesce.h"

#include <errno.h>
#include <sys/uio.h>

#include "checksum.h"
#include "counters.h"
#include "options.h"
#include "slices.h"

enum { SUPERS = 1024, SEGMENTS_MAX = 64, OCTETS_MAX = 65535 };
enum { FLOWS = 1024, PROBES = 4 };
enum kind { ALONE, TCP4, TCP6, UDP4, UDP6 };

// A packet as the joining rules see it.
struct candidate {
  const struct segment *segment;
  enum kind kind;
  uint32_t headers; // octets of the IP and TCP or UDP header
  uint32_t payload;
  uint32_t flags; // TCP: data offset, reserved bits and flags, as a number
  bool joinable;
};

struct super {
  struct session *session;
  uint8_t *ip; // of its first packet, whose headers it keeps
  struct chain chain;
  uint8_t *free; // memory from the end of the last payload to here is nobody else's
  uint8_t *tail; // end of the last payload
  uint32_t octets;
  uint32_t sequence; // TCP: of the next segment
  uint32_t flags;    // TCP: of the first segment, with PSH and FIN of the last
  uint16_t id;       // IPv4: of the next packet
  uint16_t mss;
  uint16_t headers;
  uint8_t segments;
  uint8_t kind;
  bool open, verified;
  uint8_t room; // octets in front of it that are free, VNET at most
};

struct flow {
  uint32_t batch; // this entry is of another batch: it is free
  uint16_t tag;
  uint16_t super;
};

static int device;
static struct pool pool;
static struct super supers[SUPERS];
static uint32_t super_count;
static uint64_t serial = 1; // of supers[0]: grows by the number of those written
static struct flow flows[FLOWS];
static uint32_t batch = 1;

static void flush(void);

// --- What a packet is ---------------------------------------------------------------------------

static bool classify_l4(struct candidate *c, const uint8_t *ip, uint32_t protocol,
                        uint32_t header) {
  bool tcp = protocol == PROTOCOL_TCP;
  uint32_t left = c->segment->octets - header;
  const uint8_t *l4 = ip + header;
  if ((!tcp && protocol != PROTOCOL_UDP) || left < (tcp ? TCP_HEADER : UDP_HEADER)) return false;
  uint32_t size = UDP_HEADER;
  if (tcp) {
    c->flags = get16(l4 + TCP_FLAGS);
    size = c->flags >> 12 << 2;
    if (size < TCP_HEADER || size > left) return false;
    uint16_t sum = load16(l4 + TCP_SUM); // two ways to write zero: neither may be written anew
    c->joinable =
        options.tso && !(c->flags & (TCP_SYN | TCP_RST | TCP_URG)) && sum != 0 && sum != 0xffff;
  } else {
    if (get16(l4 + UDP_LENGTH) != left) return false;
    c->joinable = options.uso && load16(l4 + UDP_SUM) != 0;
  }
  c->headers = header + size;
  c->payload = left - size;
  c->joinable = c->joinable && c->payload > 0;
  return true;
}

// False: its flow is not known.
static bool classify(struct candidate *c, const struct segment *segment) {
  const uint8_t *ip = segment->ip;
  c->segment = segment;
  if (LIKELY(ip[0] == 0x45)) {
    // No fragment, the reserved bit clear, a checksum as we would write it.
    if ((get16(ip + IPV4_FRAGMENT) & ~0x4000) != 0 || load16(ip + IPV4_SUM) == 0xffff) return false;
    uint32_t protocol = ip[IPV4_TTL + 1];
    c->kind = protocol == PROTOCOL_TCP ? TCP4 : UDP4;
    return classify_l4(c, ip, protocol, IPV4_HEADER);
  }
  if (ip[0] >> 4 != 6) return false;
  uint32_t protocol = ip[IPV6_NEXT];
  c->kind = protocol == PROTOCOL_TCP ? TCP6 : UDP6;
  return classify_l4(c, ip, protocol, IPV6_HEADER);
}

static uint32_t ip_header(enum kind kind) {
  return kind == TCP4 || kind == UDP4 ? IPV4_HEADER : IPV6_HEADER;
}
static bool is_tcp(enum kind kind) { return kind == TCP4 || kind == TCP6; }

static bool is_sum_right(const uint8_t *ip, enum kind kind, uint32_t octets) {
  uint32_t header = ip_header(kind), protocol = is_tcp(kind) ? PROTOCOL_TCP : PROTOCOL_UDP;
  uint32_t left = octets - header;
  uint64_t pseudo =
      header == IPV4_HEADER ? sum_pseudo4(ip, protocol, left) : sum_pseudo6(ip, protocol, left);
  return sum_fold(pseudo + sum_octets(ip + header, left)) == 0xffff;
}

// --- Flows --------------------------------------------------------------------------------------

static bool is_same_flow(const struct super *super, const struct candidate *c) {
  const uint8_t *a = super->ip, *b = c->segment->ip;
  if (super->kind != c->kind || super->session != c->segment->session) return false;
  if (LIKELY(ip_header(c->kind) == IPV4_HEADER)) {
    return load64(a + 12) == load64(b + 12) && load32(a + 20) == load32(b + 20);
  }
  return memcmp(a + IPV6_SOURCE, b + IPV6_SOURCE, 36) == 0; // addresses and ports
}

static uint64_t hash_flow(const struct candidate *c) {
  const uint8_t *ip = c->segment->ip;
  uint64_t hash;
  if (LIKELY(ip_header(c->kind) == IPV4_HEADER)) {
    hash = load64(ip + 12) ^ (uint64_t)load32(ip + 20) * 0x9e3779b97f4a7c15;
  } else {
    hash = load64(ip + 8) * 31 ^ load64(ip + 16) ^ load64(ip + 24) * 37 ^ load64(ip + 32);
    hash ^= (uint64_t)load32(ip + 40) * 0x9e3779b97f4a7c15;
  }
  return (hash ^ c->kind) * 0xd6e8feb86659fd93;
}

// Finds a packet's flow: true, and its entry; or false, and the entry to put it into. A flow that
// is pushed out has no open super-packet any more; order does not suffer.
static bool find_flow(const struct candidate *c, struct flow **flow, uint16_t *tag) {
  uint64_t hash = hash_flow(c);
  uint32_t at = (uint32_t)(hash >> 40) % FLOWS;
  *tag = (uint16_t)(hash >> 24);
  for (uint32_t i = 0; i < PROBES; i++) {
    *flow = &flows[(at + i) % FLOWS];
    if ((*flow)->batch != batch) return false;
    if ((*flow)->tag == *tag && is_same_flow(&supers[(*flow)->super], c)) return true;
  }
  *flow = &flows[at];
  return false;
}

// --- Joining ------------------------------------------------------------------------------------

static bool has_same_headers(const struct super *super, const struct candidate *c) {
  const uint8_t *a = super->ip, *b = c->segment->ip;
  if (LIKELY(ip_header(c->kind) == IPV4_HEADER)) {
    if (a[1] != b[1] || load16(a + IPV4_FRAGMENT) != load16(b + IPV4_FRAGMENT)) return false;
    if (a[IPV4_TTL] != b[IPV4_TTL] || get16(b + IPV4_ID) != super->id) return false;
    a += IPV4_HEADER;
    b += IPV4_HEADER;
  } else {
    if (load32(a) != load32(b) || load16(a + IPV6_NEXT) != load16(b + IPV6_NEXT)) return false;
    a += IPV6_HEADER;
    b += IPV6_HEADER;
  }
  if (!is_tcp(c->kind)) return true;
  uint32_t differing = (super->flags ^ c->flags) & ~(uint32_t)(TCP_PSH | TCP_FIN | TCP_CWR);
  if (differing != 0 || (c->flags & TCP_CWR) || get32(b + TCP_SEQUENCE) != super->sequence)
    return false;
  if (load32(a + TCP_ACK) != load32(b + TCP_ACK) ||
      load16(a + TCP_WINDOW) != load16(b + TCP_WINDOW))
    return false;
  if (load16(a + TCP_URGENT) != load16(b + TCP_URGENT)) return false;
  uint32_t options_size = c->headers - ip_header(c->kind) - TCP_HEADER;
  if (LIKELY(options_size == 12))
    return load64(a + 20) == load64(b + 20) && load32(a + 28) == load32(b + 28);
  return options_size == 0 || memcmp(a + TCP_HEADER, b + TCP_HEADER, options_size) == 0;
}

static bool may_join(struct super *super, const struct candidate *c) {
  if (!super->open || serial + (uint64_t)(super - supers) < super->session->barrier) return false;
  if (c->payload > super->mss || c->headers != super->headers || super->segments == SEGMENTS_MAX)
    return false;
  if (super->octets + c->payload > OCTETS_MAX || !has_same_headers(super, c)) return false;
  if (!super->verified) {
    super->verified = true;
    super->open = is_sum_right(super->ip, c->kind, super->octets);
    if (!super->open) return false;
  }
  return is_sum_right(c->segment->ip, c->kind, c->segment->octets);
}

// The packet's payload moves to where the last one ends if there is room, over headers that have
// been read: it is in the first-level cache, and a copy there takes less time than another vector
// in the kernel. Otherwise it becomes the next slice where it lies.
static void join(struct super *super, const struct candidate *c) {
  const struct segment *segment = c->segment;
  uint8_t *payload = segment->ip + c->headers;
  if (super->free == segment->start) super->free = segment->limit; // its neighbour
  if ((size_t)(super->free - super->tail) >= c->payload) {
    memmove(super->tail, payload, c->payload);
    chain_add(&pool, &super->chain, super->tail, c->payload);
    super->tail += c->payload;
  } else {
    chain_add(&pool, &super->chain, payload, c->payload);
    super->tail = payload + c->payload;
    super->free = segment->limit;
  }
  super->octets += c->payload;
  super->segments++;
  super->id++;
  super->sequence += c->payload;
  super->flags |= c->flags & (TCP_PSH | TCP_FIN);
  if (c->payload < super->mss || (c->flags & (TCP_PSH | TCP_FIN))) super->open = false;
}

static struct super *start(const struct candidate *c, bool open) {
  const struct segment *segment = c->segment;
  struct super *super = &supers[super_count++];
  uint32_t room = (uint32_t)(segment->ip - segment->start);
  *super = (struct super){
      .session = segment->session,
      .ip = segment->ip,
      .octets = segment->octets,
      .headers = (uint16_t)c->headers,
      .mss = (uint16_t)c->payload,
      .kind = (uint8_t)c->kind,
      .segments = 1,
      .open = open && !(is_tcp(c->kind) && (c->flags & (TCP_PSH | TCP_FIN))),
      .room = room < VNET ? 0 : VNET,
      .tail = segment->ip + segment->octets,
      .free = segment->limit,
      .flags = c->flags,
  };
  if (is_tcp(c->kind))
    super->sequence = get32(segment->ip + ip_header(c->kind) + TCP_SEQUENCE) + c->payload;
  super->id = (uint16_t)(get16(segment->ip + IPV4_ID) + 1);
  chain_start(&pool, &super->chain, segment->ip, segment->octets);
  return super;
}

void coalesce(const struct segment *segment) {
  struct candidate c = {0};
  if (UNLIKELY(super_count == SUPERS || pool_full(&pool))) flush();
  if (UNLIKELY(!options.vnet || !classify(&c, segment))) {
    c = (struct candidate){.segment = segment, .kind = ALONE};
    start(&c, false);
    segment->session->barrier = serial + super_count;
    return;
  }
  // Packets of a flow mostly come one behind the other.
  struct super *last = super_count > 0 ? &supers[super_count - 1] : NULL;
  if (LIKELY(last != NULL && c.joinable && is_same_flow(last, &c)) && may_join(last, &c)) {
    join(last, &c);
    return;
  }
  struct flow *flow;
  uint16_t tag;
  if (find_flow(&c, &flow, &tag)) {
    struct super *super = &supers[flow->super];
    if (c.joinable && super != last && may_join(super, &c)) {
      join(super, &c);
      return;
    }
    super->open = false;
  } else if (!c.joinable) {
    start(&c, false); // nothing of its flow waits
    return;
  }
  *flow = (struct flow){batch, tag, (uint16_t)super_count};
  start(&c, c.joinable);
}

// --- Writing ------------------------------------------------------------------------------------

// Headers of one packet become those of all: lengths, flags, the sum of the pseudo-header.
static void finish(const struct super *super, uint8_t *vnet) {
  memset(vnet, 0, VNET);
  if (super->segments == 1) return;
  enum kind kind = super->kind;
  uint8_t *ip = super->ip;
  uint32_t header = ip_header(kind), left = super->octets - header;
  uint8_t *l4 = ip + header;
  if (header == IPV4_HEADER) {
    put16(ip + IPV4_TOTAL, super->octets);
    store16(ip + IPV4_SUM, 0);
    store16(ip + IPV4_SUM, (uint16_t)~sum_header4(ip));
  } else {
    put16(ip + IPV6_PAYLOAD, left);
  }
  uint32_t protocol = is_tcp(kind) ? PROTOCOL_TCP : PROTOCOL_UDP;
  uint64_t pseudo =
      header == IPV4_HEADER ? sum_pseudo4(ip, protocol, left) : sum_pseudo6(ip, protocol, left);
  if (is_tcp(kind)) put16(l4 + TCP_FLAGS, super->flags);
  else put16(l4 + UDP_LENGTH, left);
  store16(l4 + (is_tcp(kind) ? TCP_SUM : UDP_SUM), sum_fold(pseudo));
  vnet[VNET_FLAGS] = VNET_NEEDS_CSUM;
  vnet[VNET_TYPE] = kind == TCP4 ? VNET_TCPV4 : kind == TCP6 ? VNET_TCPV6 : VNET_UDP;
  if (is_tcp(kind) && (super->flags & TCP_CWR)) vnet[VNET_TYPE] |= VNET_ECN;
  store16(vnet + VNET_HEADER_LENGTH, super->headers);
  store16(vnet + VNET_SIZE, super->mss);
  store16(vnet + VNET_START, (uint16_t)header);
  store16(vnet + VNET_OFFSET, is_tcp(kind) ? TCP_SUM : UDP_SUM);
}

static void write_super(const struct super *super) {
  struct iovec vectors[1 + SEGMENTS_MAX];
  uint8_t header[VNET];
  struct iovec *first = &vectors[1];
  int count = (int)chain_vectors(&pool, &super->chain, first);
  if (options.vnet && super->room >= VNET) {
    // Over the end of the L2TP and PPP header, which have been read.
    finish(super, super->ip - VNET);
    first->iov_base = super->ip - VNET;
    first->iov_len += VNET;
  } else if (options.vnet) {
    finish(super, header);
    *--first = (struct iovec){header, VNET};
    count++;
  }
  counters[UP_WRITES]++;
  if (writev(device, first, count) < 0) {
    if (errno == EBADF || errno == EFAULT) fail(1, "writev: error %d", errno);
    counters[UP_TUN_WRITE] += super->segments;
  }
}

static void flush(void) {
  for (uint32_t i = 0; i < super_count; i++) write_super(&supers[i]);
  serial += super_count;
  super_count = 0;
  pool.used = 0;
  if (++batch == 0) {
    memset(flows, 0, sizeof flows);
    batch = 1;
  }
}

void coalesce_begin(int tun) { device = tun; }

void coalesce_end(void) { flush(); }
