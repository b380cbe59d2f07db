// Memory for tables and packets.
#pragma once

#include <stdlib.h>
#include <sys/mman.h>

#include "options.h"

// In huge pages, where there are any: with tens of thousands of sessions, looking up the pages of
// their records would cost more than the records.
static inline void *memory_take(size_t octets) {
  const size_t page = (size_t)2 << 20;
  octets = (octets + page - 1) & ~(page - 1);
  void *memory = aligned_alloc(page, octets);
  if (memory == NULL) fail(1, "no memory");
  madvise(memory, octets, MADV_HUGEPAGE);
  return memory;
}
