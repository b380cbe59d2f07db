// Measures the codec's functions in C, to tell what WebAssembly costs.
//
//   codec IMAGE CASE SECONDS
//
// IMAGE is a memory of the module as a file; addresses in it are counted from its first octet. The
// case runs for SECONDS; printed are nanoseconds per run, what a run returns, and a hash of the
// memory afterwards, which has to be what the module leaves behind.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "functions.h"

// A case as bench/codec/image.ts lays it out.
struct job {
  char name[16];
  uint32_t descriptors, count, records, flags;
};

static uint32_t run(uint8_t *memory, const struct job *job) {
  struct descriptor *descriptors = (struct descriptor *)(memory + job->descriptors);
  void *records = memory + job->records;
  uint32_t count = job->count, sum = 0;
  switch (job->name[0]) {
  case 'h': return parse_headers(memory, descriptors, count, records);
  case 'H': return build_headers(memory, descriptors, count, records);
  case 'f': return parse_frames(memory, descriptors, count, records);
  case 'F': return build_frames(memory, descriptors, count, records, job->flags);
  case 'a':
    for (uint32_t i = 0; i < count; i++) {
      sum += (uint32_t)walk_avps(memory, descriptors[i].at, descriptors[i].length, records,
                                 job->flags);
    }
    return sum;
  default:
    for (uint32_t i = 0; i < count; i++) {
      sum += checksum(memory + descriptors[i].at, descriptors[i].length);
    }
    return sum;
  }
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// Nanoseconds per run: the median of slices of SLICE_NS, so that those count for little in which
// the machine did something else. bench/codec/clock.ts measures the same way.
enum { SLICE_NS = 100000, SLICES_MAX = 4096 };

static double measure(uint8_t *memory, const struct job *job, uint64_t ns, uint32_t *result) {
  static double slices[SLICES_MAX];
  uint64_t runs = 1, count = 0, passed, start = now();
  do {
    uint64_t from = now();
    for (uint64_t i = 0; i < runs; i++) *(volatile uint32_t *)result = run(memory, job);
    uint64_t taken = now() - from;
    if (taken < SLICE_NS / 2) runs *= 2;
    else slices[count++] = (double)taken / (double)runs;
    passed = now() - start;
  } while (count < SLICES_MAX && (passed < ns || count == 0));
  qsort(slices, count, sizeof slices[0], by_size);
  return slices[count / 2];
}

static uint32_t hash_of(const uint8_t *octets, size_t length) {
  uint32_t hash = 0x811c9dc5;
  for (size_t i = 0; i < length; i++) hash = (hash ^ octets[i]) * 0x01000193;
  return hash;
}

int main(int argc, char **argv) {
  FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return fprintf(stderr, "no image\n"), 1;
  size_t length = (size_t)ftell(file);
  uint8_t *memory = aligned_alloc(4096, (length + 4095) / 4096 * 4096);
  rewind(file);
  if (memory == NULL || fread(memory, 1, length, file) != length) return 1;
  fclose(file);
  // The table of cases begins at the first cache line and ends with an empty name.
  struct job *job = (struct job *)(memory + 64);
  while (job->name[0] != 0 && strncmp(job->name, argv[2], sizeof job->name) != 0) job++;
  if (job->name[0] == 0) return fprintf(stderr, "no case %s\n", argv[2]), 1;
  uint64_t ns = (uint64_t)(atof(argv[3]) * 1e9);
  uint32_t result = 0;
  measure(memory, job, ns / 8, &result); // warm
  double each = measure(memory, job, ns, &result);
  printf("%.3f %u %u\n", each, result, hash_of(memory, length));
  return 0;
}
