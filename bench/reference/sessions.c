// Loads the sessions. No two have the same ids, nor the same IPv4 address or /64.
#include "sessions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "options.h"

struct table by_key, by_address, by_subnet;

static struct session *sessions;
static uint32_t session_count;
static struct peer *peers; // as many as sessions at most
static uint32_t peer_count;
static uint32_t *peer_slots; // hash of the name to index + 1

enum { PEER_SLOTS = 2 * SESSIONS_MAX };

static void *allocate(size_t count, size_t size) {
  void *memory = memory_take(count * size);
  return memset(memory, 0, count * size);
}

static void table_make(struct table *table) {
  uint32_t bits = 4;
  while (1u << bits < 2 * session_count) bits++;
  table->slots = allocate((size_t)1 << bits, sizeof *table->slots);
  table->shift = 64 - bits;
  table->mask = (1u << bits) - 1;
}

static bool table_add(struct table *table, uint64_t key, struct session *session) {
  if (table_find(table, key) != NULL) return false;
  struct slot *slot = table_slot(table, key);
  while (slot->session != NULL) {
    slot = slot == table->slots + table->mask ? table->slots : slot + 1;
  }
  *slot = (struct slot){key, session};
  return true;
}

bool name_parse(union name *name, uint32_t *length, int family, const char *address,
                unsigned port) {
  *name = (union name){0};
  if (port == 0 || port > 0xffff) return false;
  if (family == AF_INET) {
    name->ipv4.sin_family = AF_INET;
    name->ipv4.sin_port = htons((uint16_t)port);
    *length = sizeof name->ipv4;
    return inet_pton(AF_INET, address, &name->ipv4.sin_addr) == 1;
  }
  char mapped[96];
  snprintf(mapped, sizeof mapped, "%s%s", strchr(address, ':') ? "" : "::ffff:", address);
  name->ipv6.sin6_family = AF_INET6;
  name->ipv6.sin6_port = htons((uint16_t)port);
  *length = sizeof name->ipv6;
  return inet_pton(AF_INET6, mapped, &name->ipv6.sin6_addr) == 1;
}

// Sessions of one peer share its record, so that their frames share messages.
static struct peer *peer_of(const union name *name, uint32_t length) {
  uint64_t hash = load64(name->octets) * 0x9e3779b97f4a7c15;
  hash = (hash ^ load64(name->octets + 8) ^ load64(name->octets + 16)) * 0x9e3779b97f4a7c15;
  uint32_t at = (uint32_t)(hash >> 40) % PEER_SLOTS;
  for (; peer_slots[at] != 0; at = (at + 1) % PEER_SLOTS) {
    struct peer *peer = &peers[peer_slots[at] - 1];
    if (memcmp(&peer->name, name, sizeof *name) == 0) return peer;
  }
  struct peer *peer = &peers[peer_count++];
  peer_slots[at] = peer_count;
  *peer = (struct peer){.name = *name, .name_length = length, .serial = 0, .gso_max = UINT32_MAX};
  return peer;
}

static bool parse_subnet(const char *text, uint64_t *subnet) {
  char address[INET6_ADDRSTRLEN];
  const char *slash = strchr(text, '/');
  if (slash == NULL || strcmp(slash, "/64") != 0 || slash - text >= INET6_ADDRSTRLEN) return false;
  memcpy(address, text, (size_t)(slash - text));
  address[slash - text] = 0;
  struct in6_addr parsed;
  if (inet_pton(AF_INET6, address, &parsed) != 1) return false;
  *subnet = load64(&parsed);
  return true;
}

// L with a Length to be filled in, the peer's ids, Address and Control, the protocol of IPv4.
static void make_prefix(struct session *session, unsigned tunnel, unsigned id) {
  put16(session->prefix, 0x4002);
  put16(session->prefix + 4, tunnel);
  put16(session->prefix + 6, id);
  put32(session->prefix + 8, 0xff030021);
}

// TUNNEL SESSION PEER_TUNNEL PEER_SESSION PEER_ADDRESS PEER_PORT IPV4 [IPV6_PREFIX/64]
static bool parse_line(const char *line, int family, struct session *session) {
  unsigned id[4], port;
  char address[64], ipv4[64], subnet[64] = "";
  int fields = sscanf(line, "%u %u %u %u %63s %u %63s %63s", &id[0], &id[1], &id[2], &id[3],
                      address, &port, ipv4, subnet);
  if (fields < 7) return false;
  for (int i = 0; i < 4; i++) {
    if (id[i] == 0 || id[i] > 0xffff) return false;
  }
  union name name;
  uint32_t length;
  struct in_addr parsed;
  if (!name_parse(&name, &length, family, address, port)) return false;
  if (inet_pton(AF_INET, ipv4, &parsed) != 1) return false;
  if (fields == 8 && !parse_subnet(subnet, &session->subnet)) return false;
  session->key = id[0] << 16 | id[1];
  session->address = parsed.s_addr;
  session->sender = load64(name.octets);
  session->peer = session->to = peer_of(&name, length);
  make_prefix(session, id[2], id[3]);
  return true;
}

// Two lines, two sessions: frames of the one go on in the other.
static void pair_up(const char *path) {
  if (session_count % 2 != 0) fail(2, "%s: --switch needs an even number of sessions", path);
  for (uint32_t i = 0; i < session_count; i++) sessions[i].onward = &sessions[i ^ 1];
}

void sessions_load(const char *path, int family) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(2, "%s: %s", path, strerror(errno));
  sessions = allocate(SESSIONS_MAX, sizeof *sessions);
  peers = allocate(SESSIONS_MAX, sizeof *peers);
  peer_slots = allocate(PEER_SLOTS, sizeof *peer_slots);
  char line[512];
  for (unsigned number = 1; fgets(line, sizeof line, file) != NULL; number++) {
    if (strspn(line, " \t\n") == strlen(line)) continue;
    if (session_count == SESSIONS_MAX) fail(2, "%s: more than %d sessions", path, SESSIONS_MAX);
    if (!parse_line(line, family, &sessions[session_count++]))
      fail(2, "%s:%u: no session", path, number);
  }
  fclose(file);
  if (options.onward) pair_up(path);
  table_make(&by_key);
  table_make(&by_address);
  table_make(&by_subnet);
  for (struct session *s = sessions; s < sessions + session_count; s++) {
    if (!table_add(&by_key, s->key, s))
      fail(2, "%s: ids %u %u twice", path, s->key >> 16, s->key & 0xffff);
    if (s->address != 0 && !table_add(&by_address, s->address, s))
      fail(2, "%s: an address twice", path);
    if (s->subnet != 0 && !table_add(&by_subnet, s->subnet, s)) fail(2, "%s: a prefix twice", path);
  }
}
