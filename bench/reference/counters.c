// Counters, and what they look like.
#include "counters.h"

#include <inttypes.h>

uint64_t counters[COUNTERS];

static const char *const NAMES[COUNTERS] = {
#define COUNTER_NAME(index, name) [index] = name,
    UP_COUNTERS(COUNTER_NAME) DOWN_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

static void print_range(FILE *to, int from, int end) {
  for (int i = from; i < end; i++) {
    fprintf(to, "%s\"%s\":%" PRIu64, i == from ? "" : ",", NAMES[i], counters[i]);
  }
}

void counters_print(FILE *to) {
  fputs("{\"up\":{", to);
  print_range(to, UP_PACKETS, DOWN_PACKETS);
  fputs("},\"down\":{", to);
  print_range(to, DOWN_PACKETS, COUNTERS);
  fputs("}}\n", to);
  fflush(to);
}
