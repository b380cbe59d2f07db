// Chains of slices: what a super-packet or a message consists of, without copying it together.
// Chains of one batch share a pool, so that flows may take turns without a bound for each.
#pragma once

#include <sys/uio.h>

#include "wire.h"

enum { SLICES = 8192 };

struct slice {
  uint8_t *at;
  uint32_t length;
  uint32_t next;
};

struct pool {
  uint32_t used;
  struct slice slices[SLICES];
};

struct chain {
  uint32_t first, last, count;
};

static inline bool pool_full(const struct pool *pool) { return pool->used == SLICES; }

static inline void chain_start(struct pool *pool, struct chain *chain, uint8_t *at,
                               uint32_t length) {
  *chain = (struct chain){pool->used, pool->used, 1};
  pool->slices[pool->used++] = (struct slice){at, length, 0};
}

// Adds octets behind the last; what lies right behind it in memory makes no new slice.
static inline void chain_add(struct pool *pool, struct chain *chain, uint8_t *at, uint32_t length) {
  struct slice *last = &pool->slices[chain->last];
  if (last->at + last->length == at) {
    last->length += length;
    return;
  }
  last->next = chain->last = pool->used;
  chain->count++;
  pool->slices[pool->used++] = (struct slice){at, length, 0};
}

// Writes a chain as vectors; returns how many.
static inline uint32_t chain_vectors(const struct pool *pool, const struct chain *chain,
                                     struct iovec *to) {
  uint32_t index = chain->first;
  for (uint32_t i = 0; i < chain->count; i++) {
    const struct slice *slice = &pool->slices[index];
    to[i] = (struct iovec){slice->at, slice->length};
    index = slice->next;
  }
  return chain->count;
}
