// The batch functions of assembly/l2tp, assembly/ppp and assembly/ip/checksum.ts once more in C, with
// the same algorithms on the same records.

#include <stdint.h>
#include <string.h>
#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

// The layouts of assembly/records.ts.
struct descriptor {
  uint32_t at, length;
};
struct header {
  uint16_t bits, status, length, tunnel_id, session_id, ns, nr, offset_size;
  uint32_t payload_at, payload_length;
};
struct avp {
  uint16_t flags, vendor, type, value_length;
  uint32_t value_at;
};
struct frame {
  uint16_t status, protocol;
  uint32_t information_at, information_length;
};

enum { T = 0x8000, L = 0x4000, S = 0x0800, O = 0x0200, P = 0x0100, VERSION = 0x000f };
enum { OK, SHORT, BAD_VERSION, BAD_LENGTH, BAD_OFFSET, CONTROL_BITS, AVP_LENGTH, TOO_MANY, CAPACITY };
enum { ACFC = 1, PFC = 2, LCP = 0xc021, ADDRESS_AND_CONTROL = 0xff03 };

static uint16_t get16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, 2);
  return __builtin_bswap16(value);
}

static void put16(uint8_t *at, uint32_t value) {
  uint16_t swapped = __builtin_bswap16((uint16_t)value);
  memcpy(at, &swapped, 2);
}

// Octets up to and with Offset Size: 6, and 2 for L, 4 for S, 2 for O.
static uint32_t fields_size(uint32_t bits) {
  return 6 + ((bits & L) >> 13) + ((bits & S) >> 9) + ((bits & O) >> 8);
}

static uint32_t parse_fields(const uint8_t *at, uint32_t length, struct header *record) {
  if (length < 2) return SHORT;
  uint32_t bits = get16(at);
  if ((bits & VERSION) != 2) return BAD_VERSION;
  if ((bits & T) && (bits & (L | S | O | P)) != (L | S)) return CONTROL_BITS;
  uint32_t size = fields_size(bits);
  if (size > length) return SHORT;
  const uint8_t *p = at + 2;
  uint32_t end = length, announced = 0, ns = 0, nr = 0, offset = 0;
  if (bits & L) {
    announced = get16(p);
    if (announced > length || announced < size) return BAD_LENGTH;
    end = announced;
    p += 2;
  }
  uint16_t tunnel_id = get16(p), session_id = get16(p + 2);
  p += 4;
  if (bits & S) {
    ns = get16(p);
    nr = get16(p + 2);
    p += 4;
  }
  if (bits & O) {
    offset = get16(p);
    if (offset > end - size) return BAD_OFFSET;
  }
  *record = (struct header){bits, OK, announced, tunnel_id, session_id, ns, nr, offset,
                            size + offset, end - size - offset};
  return OK;
}

static uint32_t parse_any(const uint8_t *at, uint32_t length, struct header *record) {
  uint32_t status = parse_fields(at, length, record);
  record->status = (uint16_t)status;
  return status;
}

#if defined(__SSE4_1__)
// For each octet of the first 16 of a record: where it is in the packet, -1 for what is absent.
static __m128i fields_to_record(uint32_t kind) {
  const __m128i none = _mm_setr_epi8(1, 0, -1, -1, -1, -1, 3, 2, 5, 4, -1, -1, -1, -1, -1, -1);
  const __m128i l = _mm_setr_epi8(1, 0, -1, -1, 3, 2, 5, 4, 7, 6, -1, -1, -1, -1, -1, -1);
  const __m128i s = _mm_setr_epi8(1, 0, -1, -1, -1, -1, 3, 2, 5, 4, 7, 6, 9, 8, -1, -1);
  const __m128i ls = _mm_setr_epi8(1, 0, -1, -1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, -1, -1);
  if (kind & 0x08) return kind & 0x40 ? ls : s;
  return kind & 0x40 ? l : none;
}

static int is_wide(uint32_t length) {
  return length - 16 <= 0xffff - 16;
}

// Parses datagrams that are alike and in order: as many as it returns.
static uint32_t parse_run(const uint8_t *memory, const struct descriptor *descriptors,
                          uint32_t count, struct header *records) {
  uint32_t kind, i = 0;
  if (!is_wide(descriptors[0].length)) return 0;
  memcpy(&kind, memory + descriptors[0].at, 4);
  kind &= 0x0fcb;
  if ((kind & 0x0f82) != 0x0200 && kind != 0x02c8) return 0;
  uint32_t has_length = kind & 0x40, size = fields_size((kind & 0xff) << 8);
  __m128i places = fields_to_record(kind);
  for (; i < count; i++) {
    uint32_t length = descriptors[i].length;
    if (!is_wide(length)) break;
    __m128i packet = _mm_loadu_si128((const __m128i *)(memory + descriptors[i].at));
    uint32_t front = (uint32_t)_mm_cvtsi128_si32(packet);
    if ((front & 0x0fcb) != kind) break;
    uint32_t end = has_length ? __builtin_bswap16((uint16_t)(front >> 16)) : length;
    if (end > length || end < size) break;
    _mm_storeu_si128((__m128i *)&records[i], _mm_shuffle_epi8(packet, places));
    records[i].payload_at = size;
    records[i].payload_length = end - size;
  }
  return i;
}
#else
#define parse_run(memory, descriptors, count, records) 0
#endif

__attribute__((noinline)) static uint32_t parse_headers(uint8_t *memory,
                                                        const struct descriptor *descriptors,
                                                        uint32_t count, struct header *records) {
  uint32_t good = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t run = parse_run(memory, descriptors + i, count - i, records + i);
    good += run;
    i += run;
    if (i == count) break;
    good += parse_any(memory + descriptors[i].at, descriptors[i].length, &records[i]) == OK;
  }
  return good;
}

static uint32_t build_header(const struct header *record, uint8_t *at, uint32_t capacity) {
  uint32_t bits = (record->bits & (T | L | S | O | P)) | 2;
  uint32_t offset = bits & O ? record->offset_size : 0;
  uint32_t size = fields_size(bits) + offset;
  if (size > capacity) return 0;
  put16(at, bits);
  uint8_t *p = at + 2;
  if (bits & L) {
    put16(p, record->length);
    p += 2;
  }
  put16(p, record->tunnel_id);
  put16(p + 2, record->session_id);
  p += 4;
  if (bits & S) {
    put16(p, record->ns);
    put16(p + 2, record->nr);
    p += 4;
  }
  if (bits & O) {
    put16(p, offset);
    memset(p + 2, 0, offset);
  }
  return size;
}

#if defined(__SSE4_1__)
// Headers without S and O, in one permutation.
static uint32_t build_fast(const struct header *record, uint8_t *at, uint32_t capacity) {
  __m128i told = _mm_loadu_si128((const __m128i *)record);
  uint32_t bits = (uint32_t)_mm_cvtsi128_si32(told) & 0xffff;
  if ((bits & (S | O)) || capacity < 8) return build_header(record, at, capacity);
  uint32_t sent = (bits & (T | L | S | O | P)) >> 8 | 0x0200;
  if (bits & L) {
    __m128i places = _mm_setr_epi8(-1, -1, 5, 4, 7, 6, 9, 8, -1, -1, -1, -1, -1, -1, -1, -1);
    uint64_t fields = (uint64_t)_mm_cvtsi128_si64(_mm_shuffle_epi8(told, places)) | sent;
    memcpy(at, &fields, 8);
    return 8;
  }
  __m128i places = _mm_setr_epi8(-1, -1, 7, 6, 9, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  uint64_t fields = (uint64_t)_mm_cvtsi128_si64(_mm_shuffle_epi8(told, places)) | sent;
  memcpy(at, &fields, 6);
  return 6;
}
#else
#define build_fast build_header
#endif

__attribute__((noinline)) static uint32_t build_headers(uint8_t *memory,
                                                        const struct descriptor *descriptors,
                                                        uint32_t count, struct header *records) {
  uint32_t good = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t *at = memory + descriptors[i].at;
    uint32_t size = build_fast(&records[i], at, descriptors[i].length);
    records[i].status = size == 0 ? CAPACITY : OK;
    records[i].payload_at = size;
    good += size != 0;
  }
  return good;
}

__attribute__((noinline)) static int32_t walk_avps(const uint8_t *memory, uint32_t at,
                                                   uint32_t length, struct avp *records,
                                                   uint32_t capacity) {
  uint32_t count = 0;
  for (uint32_t left = length; left != 0; count++) {
    const uint8_t *p = memory + at;
    if (left < 6) return -AVP_LENGTH;
    uint64_t header = 0;
    if (left < 8) memcpy(&header, p, 6);
    else memcpy(&header, p, 8);
    // The octet that Length is, below 256, by itself: the next load waits for nothing else.
    uint32_t size = p[1], upper = (uint32_t)header & 3;
    if (__builtin_expect(upper != 0, 0)) {
      size |= upper << 8;
      __asm__("" : "+r"(size)); // a branch, which is foretold, and no part of the sum
    }
    if (size < 6 || size > left) return -AVP_LENGTH;
    if (count == capacity) return -TOO_MANY;
    uint64_t words = (header >> 8 & 0x00ff00ff00ff00ff) | (header & 0x00ff00ff00ff00ff) << 8;
    words = (words & 0xfffffffffc00) | (uint64_t)(size - 6) << 48;
    memcpy(&records[count], &words, 8);
    records[count].value_at = at + 6;
    at += size;
    left -= size;
  }
  return (int32_t)count;
}

static uint32_t parse_frame(const uint8_t *at, uint32_t length, struct frame *record) {
  uint32_t front;
  if (length - 4 <= 0xffff - 4) {
    memcpy(&front, at, 4);
    if ((front & 0x1ffff) == 0x03ff) {
      *record = (struct frame){OK, __builtin_bswap16((uint16_t)(front >> 16)), 4, length - 4};
      return OK;
    }
  }
  uint32_t size = length >= 2 && get16(at) == ADDRESS_AND_CONTROL ? 2 : 0;
  if (size == length) return record->status = SHORT;
  uint32_t protocol = at[size];
  if (protocol & 1) {
    size += 1;
  } else {
    if (length - size < 2) return record->status = SHORT;
    protocol = protocol << 8 | at[size + 1];
    size += 2;
  }
  *record = (struct frame){OK, (uint16_t)protocol, size, length - size};
  return OK;
}

__attribute__((noinline)) static uint32_t parse_frames(uint8_t *memory,
                                                       const struct descriptor *descriptors,
                                                       uint32_t count, struct frame *records) {
  uint32_t good = 0;
  for (uint32_t i = 0; i < count; i++) {
    good += parse_frame(memory + descriptors[i].at, descriptors[i].length, &records[i]) == OK;
  }
  return good;
}

static uint32_t build_frame(uint8_t *at, uint32_t capacity, uint32_t protocol, uint32_t flags) {
  if (protocol > 0xffff || (protocol & 0x0101) != 1) return 0;
  int is_full = !(flags & ACFC) || protocol == LCP, is_short = (flags & PFC) && protocol < 0xff;
  uint32_t size = (is_full ? 2 : 0) + (is_short ? 1 : 2);
  if (size > capacity) return 0;
  if (is_full) put16(at, ADDRESS_AND_CONTROL);
  uint8_t *field = is_full ? at + 2 : at;
  if (is_short) *field = (uint8_t)protocol;
  else put16(field, protocol);
  return size;
}

__attribute__((noinline)) static uint32_t build_frames(uint8_t *memory,
                                                       const struct descriptor *descriptors,
                                                       uint32_t count, struct frame *records,
                                                       uint32_t flags) {
  uint32_t good = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t *at = memory + descriptors[i].at;
    uint32_t size = build_frame(at, descriptors[i].length, records[i].protocol, flags);
    records[i].status = size == 0 ? CAPACITY : OK;
    records[i].information_at = size;
    good += size != 0;
  }
  return good;
}

// As wide as the processor that is compiled for; 128 bits are what WebAssembly has.
#if defined(__AVX512BW__)
enum { WIDTH = 64 };
#elif defined(__AVX2__)
enum { WIDTH = 32 };
#else
enum { WIDTH = 16 };
#endif
typedef uint32_t vector __attribute__((vector_size(WIDTH)));
enum { LANES = WIDTH / 4, BLOCK = 4 * WIDTH };

static vector load(const uint8_t *at) {
  vector value;
  memcpy(&value, at, WIDTH);
  return value;
}

// Two sums per lane: that of the whole words modulo 2^32 and, exactly, that of their upper halves;
// that of the lower halves is the difference. Exact for up to 65536 octets.
static uint64_t sum_blocks(const uint8_t *at, uint32_t length) {
  vector whole = {0}, whole2 = {0}, upper = {0}, upper2 = {0};
  const uint8_t *end = at + length, *blocks_end = at + (length & ~(uint32_t)(BLOCK - 1));
  for (; at != blocks_end; at += BLOCK) {
    vector a = load(at), b = load(at + WIDTH), c = load(at + 2 * WIDTH), d = load(at + 3 * WIDTH);
    whole += a;
    upper += a >> 16;
    whole2 += b;
    upper2 += b >> 16;
    whole += c;
    upper += c >> 16;
    whole2 += d;
    upper2 += d >> 16;
  }
  for (; at != end; at += WIDTH) {
    whole += load(at);
    upper += load(at) >> 16;
  }
  whole += whole2;
  upper += upper2;
  vector halves = whole - (upper << 16) + upper;
  uint64_t sum = 0;
  for (int i = 0; i < LANES; i++) sum += halves[i];
  return sum;
}

__attribute__((noinline)) static uint32_t checksum(const uint8_t *at, uint32_t length) {
  uint32_t blocks = length < BLOCK ? 0 : length & ~(uint32_t)(WIDTH - 1), word;
  uint64_t sum = 0, wide;
  if (blocks != 0) sum = sum_blocks(at, blocks);
  at += blocks;
  length -= blocks;
  for (; length >= 8; at += 8, length -= 8) {
    memcpy(&wide, at, 8);
    sum += (wide & 0xffffffff) + (wide >> 32);
  }
  if (length & 4) {
    memcpy(&word, at, 4);
    sum += word;
    at += 4;
  }
  if (length & 2) {
    sum += (uint32_t)at[0] | (uint32_t)at[1] << 8;
    at += 2;
  }
  if (length & 1) sum += at[0];
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return __builtin_bswap16((uint16_t)~sum);
}
