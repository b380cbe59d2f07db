// From peer to peer: the header of the other session is written over the one that has come, so that
// neighbours in a buffer stay neighbours, and what is inside is not looked at.
#include "switch.h"

#include "counters.h"
#include "pack.h"

enum { HEADER = 8, HEADER_WITHOUT_LENGTH = 6 };

void switch_frame(struct session *session, uint8_t *at, uint32_t headers, uint32_t octets) {
  struct session *to = session->onward;
  session->rx_packets++;
  session->rx_octets += octets;
  to->tx_packets++;
  to->tx_octets += octets;
  counters[UP_SWITCHED]++;
  bool has_length = headers >= HEADER;
  uint32_t size = has_length ? HEADER : HEADER_WITHOUT_LENGTH;
  uint8_t *start = at + headers - size;
  if (LIKELY(has_length)) {
    memcpy(start, to->prefix, HEADER);
    put16(start + 2, size + octets);
  } else {
    put16(start, 0x0002);
    memcpy(start + 2, to->prefix + 4, 4);
  }
  pack(to->to, start, size + octets);
}
