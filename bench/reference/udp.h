// The UDP socket, and batches of what it receives.
#pragma once

#include <sys/socket.h>

#include "sessions.h"

enum { RECEIVE_BATCH = 64 };
// One GRO buffer. Not a power of two: the heads of slots would share the sets of the caches.
enum { RECEIVE_SLOT = 66240, RECEIVE_CAPACITY = 65536 };

struct received {
  uint8_t *data;
  uint32_t length;
  uint32_t segment; // octets of each segment; the last may be shorter
  const union name *from;
  bool truncated;
};

// Opens and binds to ADDRESS:PORT or [ADDRESS]:PORT; returns the descriptor.
int udp_open(const char *listen, int *family);

// Receives what waits, RECEIVE_BATCH messages at most; returns how many.
int udp_receive(int fd, struct received *batch);
