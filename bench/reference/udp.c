// The UDP socket: one for all peers, not connected.
#define _GNU_SOURCE // recvmmsg
#include "udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "options.h"

enum { BUFFER = 8 << 20 };
// What a batch may bring, in octets: together with what the kernel copies it to, it is to stay in
// the second-level cache between our look at it and the kernel's.
enum { RECEIVE_BUDGET = 512 << 10 };

static void set(int fd, int level, int option, int value, const char *what) {
  if (setsockopt(fd, level, option, &value, sizeof value) < 0)
    fail(1, "%s: %s", what, strerror(errno));
}

// The FORCE variants need a capability; without it the host's own maximum is what we get.
static void set_buffer(int fd, int forced, int plain) {
  int octets = BUFFER;
  if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) < 0) {
    set(fd, SOL_SOCKET, plain, octets, "socket buffer");
  }
}

// A frame larger than the path takes is fragmented, not refused.
static void allow_fragments(int fd, int family) {
  set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  if (family == AF_INET6)
    set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
}

static void probe_offloads(int fd) {
  int on = 1, none = 0;
  if (options.udp_gro) options.udp_gro = setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
  if (options.udp_gso)
    options.udp_gso = setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

int udp_open(const char *listen, int *family) {
  char address[64];
  const char *colon = strrchr(listen, ':');
  const char *start = *listen == '[' ? listen + 1 : listen;
  if (colon == NULL || colon - start >= (long)sizeof address)
    fail(2, "--listen %s: not ADDRESS:PORT", listen);
  size_t length = (size_t)(colon - start) - (*listen == '[' && colon[-1] == ']');
  memcpy(address, start, length);
  address[length] = 0;
  *family = strchr(address, ':') ? AF_INET6 : AF_INET;
  union name name;
  uint32_t name_length;
  if (!name_parse(&name, &name_length, *family, address, (unsigned)strtoul(colon + 1, NULL, 10))) {
    fail(2, "--listen %s: not ADDRESS:PORT", listen);
  }
  int fd = socket(*family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(1, "socket: %s", strerror(errno));
  if (*family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
  allow_fragments(fd, *family);
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  probe_offloads(fd);
  if (bind(fd, &name.any, name_length) < 0) fail(1, "%s: %s", listen, strerror(errno));
  return fd;
}

static struct mmsghdr messages[RECEIVE_BATCH];
static struct iovec vectors[RECEIVE_BATCH];
static union name names[RECEIVE_BATCH];
static union {
  struct cmsghdr header;
  uint8_t octets[CMSG_SPACE(sizeof(int))];
} controls[RECEIVE_BATCH];

static void receive_init(void) {
  uint8_t *slots = memory_take((size_t)RECEIVE_BATCH * RECEIVE_SLOT);
  for (int i = 0; i < RECEIVE_BATCH; i++) {
    vectors[i] = (struct iovec){slots + (size_t)i * RECEIVE_SLOT, RECEIVE_CAPACITY};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i],
                                          .msg_iov = &vectors[i],
                                          .msg_iovlen = 1,
                                          .msg_control = &controls[i]};
  }
}

static uint32_t segment_of(const struct mmsghdr *message) {
  const struct cmsghdr *control = CMSG_FIRSTHDR(&message->msg_hdr);
  if (control == NULL || control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) {
    return message->msg_len;
  }
  int size;
  memcpy(&size, CMSG_DATA(control), sizeof size);
  return size > 0 ? (uint32_t)size : message->msg_len;
}

int udp_receive(int fd, struct received *batch) {
  static unsigned wanted = RECEIVE_BATCH;
  if (vectors[0].iov_len == 0) receive_init();
  for (unsigned i = 0; i < wanted; i++) { // the kernel overwrites these at each call
    messages[i].msg_hdr.msg_namelen = sizeof names[i];
    messages[i].msg_hdr.msg_controllen = options.udp_gro ? sizeof controls[i] : 0;
    messages[i].msg_hdr.msg_flags = 0;
  }
  int count = recvmmsg(fd, messages, wanted, MSG_DONTWAIT, NULL);
  if (count <= 0) {
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail(1, "recvmmsg: %s", strerror(errno));
    return 0;
  }
  uint32_t octets = 0;
  for (int i = 0; i < count; i++) {
    uint32_t length = messages[i].msg_len;
    batch[i] = (struct received){vectors[i].iov_base, length, segment_of(&messages[i]), &names[i],
                                 (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0};
    octets += length;
  }
  unsigned fitting = RECEIVE_BUDGET / (octets / (unsigned)count + 1);
  wanted = fitting < 4 ? 4 : fitting > RECEIVE_BATCH ? RECEIVE_BATCH : fitting;
  return count;
}
