// The Internet checksum (RFC 1071), 16 octets at a time. Words are added as they lie in memory: a
// one's complement sum does not depend on the byte order in which it is taken.
#pragma once

#include <emmintrin.h>

#include "wire.h"

static inline uint64_t sum_short(const uint8_t *at, uint32_t length) {
  uint64_t sum = 0;
  if (length & 8) {
    uint64_t word = load64(at);
    sum += (uint32_t)word + (word >> 32);
    at += 8;
  }
  if (length & 4) sum += load32(at), at += 4;
  if (length & 2) sum += load16(at), at += 2;
  if (length & 1) sum += *at;
  return sum;
}

// Sum of the data's words, modulo 0xffff. Sums of pieces add up as long as all but the last have an
// even length.
//
// Each vector is added twice: whole, to lanes of 64 bits that may overflow, and its upper halves.
// From the first minus the second, 32 bits further up, the sum of the lower halves comes out exact:
// three instructions for 16 octets, one fewer than taking the halves apart.
static inline uint64_t sum_octets(const uint8_t *at, uint32_t length) {
  __m128i whole = _mm_setzero_si128(), upper = whole, whole2 = whole, upper2 = whole;
  const uint8_t *end = at + (length & ~63u);
  while (at != end) {
    const __m128i *from = (const __m128i *)at;
    __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
    __m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
    whole = _mm_add_epi64(_mm_add_epi64(whole, a), c);
    whole2 = _mm_add_epi64(_mm_add_epi64(whole2, b), d);
    upper = _mm_add_epi64(upper, _mm_add_epi64(_mm_srli_epi64(a, 32), _mm_srli_epi64(c, 32)));
    upper2 = _mm_add_epi64(upper2, _mm_add_epi64(_mm_srli_epi64(b, 32), _mm_srli_epi64(d, 32)));
    at += 64;
  }
  for (end += length & 48; at != end; at += 16) {
    __m128i a = _mm_loadu_si128((const __m128i *)at);
    whole = _mm_add_epi64(whole, a);
    upper = _mm_add_epi64(upper, _mm_srli_epi64(a, 32));
  }
  whole = _mm_add_epi64(whole, whole2);
  upper = _mm_add_epi64(upper, upper2);
  __m128i lower = _mm_sub_epi64(whole, _mm_slli_epi64(upper, 32));
  __m128i both = _mm_add_epi64(lower, upper);
  both = _mm_add_epi64(both, _mm_unpackhi_epi64(both, both));
  return (uint64_t)_mm_cvtsi128_si64(both) + sum_short(at, length & 15);
}

// Brings a sum down to 16 bits, still in the order of the memory.
static inline uint16_t sum_fold(uint64_t sum) {
  sum = (uint32_t)sum + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

// Addresses, protocol and length as a pseudo-header (RFC 9293 3.1, RFC 8200 8.1).
static inline uint64_t sum_pseudo4(const uint8_t *ip, uint32_t protocol, uint32_t octets) {
  return (uint64_t)load32(ip + IPV4_SOURCE) + load32(ip + IPV4_DESTINATION) +
         __builtin_bswap32(protocol) + __builtin_bswap32(octets);
}

static inline uint64_t sum_pseudo6(const uint8_t *ip, uint32_t protocol, uint32_t octets) {
  uint64_t sum = (uint64_t)__builtin_bswap32(protocol) + __builtin_bswap32(octets);
  for (int i = 0; i < 8; i++) sum += load32(ip + IPV6_SOURCE + 4 * i);
  return sum;
}

// The sum of an IPv4 header without options: 0xffff when its checksum is right.
static inline uint16_t sum_header4(const uint8_t *ip) {
  uint64_t a = load64(ip), b = load64(ip + 8);
  return sum_fold((uint64_t)(uint32_t)a + (a >> 32) + (uint32_t)b + (b >> 32) + load32(ip + 16));
}
