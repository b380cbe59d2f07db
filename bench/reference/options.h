// What the command line asks for, and what the kernel gives of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct options {
  const char *listen;
  const char *tun;
  const char *sessions;
  uint32_t mtu; // octets of the largest IP packet towards a peer
  bool onward; // sessions go on in each other, two and two; there is no device
  bool udp_gro, udp_gso, tso, uso;
  bool vnet; // a virtio header stands in front of each packet on the TUN device
};

extern struct options options;

// Reads the command line; ends the program when it is not as it should be.
void options_parse(int count, char **arguments);

// Packets of more octets on average have been gathered by the kernel.
enum { GATHER_OCTETS = 2048 };

// Says why on standard error and ends the program: 2 for bad input, 1 for what the system refuses.
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
