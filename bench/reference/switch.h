// Sessions that go on in another one.
#pragma once

#include "sessions.h"

// Sends the frame of `octets` behind `headers` octets at `at` on: its header becomes that of the
// other session.
void switch_frame(struct session *session, uint8_t *at, uint32_t headers, uint32_t octets);
