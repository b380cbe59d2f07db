// Packs frames to messages and sends them.
#pragma once

#include "sessions.h"

void pack_begin(int socket);

// Takes a frame, complete where it lies. It goes out behind all that were packed for its peer.
void pack(struct peer *peer, uint8_t *frame, uint32_t length);

// Sends everything that waits; the memory of the frames is free again.
void pack_flush(void);
