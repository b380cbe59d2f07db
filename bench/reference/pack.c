// Packs frames of equal length to one peer, the last may be shorter, into one message that the
// kernel cuts again (UDP_SEGMENT). Frames that lie one behind the other need one vector.
//
// The order of what goes to a peer never changes. A message that the kernel refuses, because a
// frame exceeds the path MTU or the device computes no checksums, goes again frame by frame; what
// the path takes is remembered for a while.
#define _GNU_SOURCE // sendmmsg
#include "pack.h"

#include <errno.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>

#include "counters.h"
#include "options.h"
#include "slices.h"

enum { MESSAGES = 64, FRAMES_MAX = 64, OCTETS_MAX = 65507, REMEMBER_SECONDS = 60 };

struct message {
  struct peer *peer;
  struct chain chain;
  uint32_t size; // of each frame
  uint32_t total;
  uint16_t frames;
  bool open;
};

union control {
  struct cmsghdr header;
  uint8_t octets[CMSG_SPACE(sizeof(uint16_t))];
};

static int socket_fd;
static struct pool pool;
static struct message messages[MESSAGES];
static uint32_t message_count;
static uint64_t serial = 1;

void pack_begin(int socket) { socket_fd = socket; }

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time.tv_sec;
}

static bool may_join(const struct peer *peer, const struct message *message, uint32_t length) {
  return message->open && length <= message->size && message->frames < FRAMES_MAX &&
         message->total + length <= OCTETS_MAX && message->size <= peer->gso_max;
}

void pack(struct peer *peer, uint8_t *frame, uint32_t length) {
  if (LIKELY(peer->serial == serial)) {
    struct message *message = &messages[peer->open];
    if (LIKELY(may_join(peer, message, length) && !pool_full(&pool))) {
      chain_add(&pool, &message->chain, frame, length);
      message->total += length;
      message->frames++;
      message->open = length == message->size;
      return;
    }
  }
  if (message_count == MESSAGES || pool_full(&pool)) pack_flush();
  if (UNLIKELY(peer->gso_expires != 0) && now() >= peer->gso_expires) {
    peer->gso_expires = 0;
    peer->gso_max = UINT32_MAX;
  }
  peer->serial = serial;
  peer->open = message_count;
  struct message *message = &messages[message_count++];
  *message = (struct message){
      .peer = peer, .size = length, .total = length, .frames = 1, .open = options.udp_gso};
  chain_start(&pool, &message->chain, frame, length);
}

// --- Sending ------------------------------------------------------------------------------------

static void lose(uint32_t frames) { counters[DOWN_SEND] += frames; }

// Whether the buffer is full: then it takes nothing else either.
static bool is_full(void) {
  if (errno == EBADF || errno == EFAULT || errno == ENOTSOCK) fail(1, "sendmmsg: error %d", errno);
  return errno == EAGAIN || errno == ENOBUFS;
}

// Each frame by itself. Frames do not lie across slices.
static void send_singly(const struct message *message) {
  struct mmsghdr headers[FRAMES_MAX] = {0};
  struct iovec vectors[FRAMES_MAX], slices[FRAMES_MAX];
  uint32_t count = chain_vectors(&pool, &message->chain, slices), frames = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t *at = slices[i].iov_base;
    for (size_t left = slices[i].iov_len; left > 0; frames++) {
      size_t length = left < message->size ? left : message->size;
      vectors[frames] = (struct iovec){at, length};
      headers[frames].msg_hdr = (struct msghdr){.msg_name = &message->peer->name,
                                                .msg_namelen = message->peer->name_length,
                                                .msg_iov = &vectors[frames],
                                                .msg_iovlen = 1};
      at += length;
      left -= length;
    }
  }
  for (uint32_t next = 0; next < frames;) {
    int sent = sendmmsg(socket_fd, headers + next, frames - next, 0);
    if (sent > 0) {
      next += (uint32_t)sent;
      continue;
    }
    uint32_t lost = is_full() ? frames - next : 1;
    lose(lost);
    next += lost;
  }
}

// The first message of those that remain was refused; returns how many are dealt with.
static uint32_t refused(const struct message *message, uint32_t remaining) {
  if (is_full()) {
    for (uint32_t i = 0; i < remaining; i++) lose(message[i].frames);
    return remaining;
  }
  bool path = errno == EINVAL || errno == EMSGSIZE;
  if (message->frames == 1 || (!path && errno != EIO)) {
    lose(message->frames);
    return 1;
  }
  counters[DOWN_REFUSED]++;
  message->peer->gso_max = path ? message->size - 1 : 0;
  message->peer->gso_expires = now() + REMEMBER_SECONDS;
  send_singly(message);
  return 1;
}

static struct mmsghdr headers[MESSAGES];
static struct iovec vectors[SLICES];
static union control controls[MESSAGES];

static void make_headers(void) {
  struct iovec *to = vectors;
  for (uint32_t i = 0; i < message_count; i++) {
    const struct message *message = &messages[i];
    uint32_t count = chain_vectors(&pool, &message->chain, to);
    struct msghdr *header = &headers[i].msg_hdr;
    *header = (struct msghdr){.msg_name = &message->peer->name,
                              .msg_namelen = message->peer->name_length,
                              .msg_iov = to,
                              .msg_iovlen = count};
    to += count;
    if (message->frames == 1) continue;
    header->msg_control = &controls[i];
    header->msg_controllen = sizeof controls[i];
    controls[i].header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    store16(CMSG_DATA(&controls[i].header), (uint16_t)message->size);
  }
}

void pack_flush(void) {
  make_headers();
  for (uint32_t next = 0; next < message_count;) {
    int sent = sendmmsg(socket_fd, headers + next, message_count - next, 0);
    next += sent > 0 ? (uint32_t)sent : refused(&messages[next], message_count - next);
  }
  counters[DOWN_MESSAGES] += message_count;
  message_count = 0;
  pool.used = 0;
  serial++;
}
