// The limit of the fast path: what a program in C makes of the same system calls. It forwards
// between a UDP socket and a TUN device until SIGTERM; its sessions come from a file. See
// README.md.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "counters.h"
#include "down.h"
#include "options.h"
#include "sessions.h"
#include "tun.h"
#include "udp.h"
#include "up.h"

struct options options = {.mtu = 1400, .udp_gro = true, .udp_gso = true, .tso = true, .uso = true};

enum { MTU_MIN = 68, MTU_MAX = 65000, POLL_MS = 500 };
// As in simplon's src/limits.ts.
enum { GATHER_US = 50, GATHER_FROM = 4, GATHER_TO = 48 };

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
  (void)number;
  stopped = 1;
}

void fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("reference: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(status);
}

static void turn_off(char *names) {
  for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
    if (strcmp(name, "udp-gro") == 0) options.udp_gro = false;
    else if (strcmp(name, "udp-gso") == 0) options.udp_gso = false;
    else if (strcmp(name, "tso") == 0) options.tso = false;
    else if (strcmp(name, "uso") == 0) options.uso = false;
    else fail(2, "--without %s: not one of udp-gro, udp-gso, tso, uso", name);
  }
}

static void parse_arguments(int count, char **arguments) {
  static const struct option known[] = {
      {"listen", required_argument, NULL, 'l'},   {"tun", required_argument, NULL, 't'},
      {"sessions", required_argument, NULL, 's'}, {"without", required_argument, NULL, 'w'},
      {"mtu", required_argument, NULL, 'm'},      {0},
  };
  for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
    if (option == 'l') options.listen = optarg;
    else if (option == 't') options.tun = optarg;
    else if (option == 's') options.sessions = optarg;
    else if (option == 'w') turn_off(optarg);
    else if (option == 'm') options.mtu = (uint32_t)strtoul(optarg, NULL, 10);
    else exit(2);
  }
  if (options.listen == NULL || options.tun == NULL || options.sessions == NULL ||
      optind != count) {
    fail(2, "usage: --listen ADDRESS:PORT --tun NAME --sessions FILE [--without LIST] [--mtu N]");
  }
  if (options.mtu < MTU_MIN || options.mtu > MTU_MAX) fail(2, "--mtu: %d to %d", MTU_MIN, MTU_MAX);
}

// Answers each line `counters`; false at the end of the input.
static bool answer(void) {
  static char line[64];
  static size_t used;
  ssize_t length = read(STDIN_FILENO, line + used, sizeof line - used);
  if (length <= 0) return length < 0 && (errno == EINTR || errno == EAGAIN);
  used += (size_t)length;
  for (char *end; (end = memchr(line, '\n', used)) != NULL;) {
    size_t taken = (size_t)(end - line) + 1;
    if (taken == 9 && memcmp(line, "counters", 8) == 0) counters_print(stdout);
    memmove(line, line + taken, used -= taken);
  }
  if (used == sizeof line) used = 0; // no command is that long
  return true;
}

static bool is_part(int packets) { return packets >= GATHER_FROM && packets <= GATHER_TO; }

int main(int count, char **arguments) {
  parse_arguments(count, arguments);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  int family;
  int socket = udp_open(options.listen, &family);
  sessions_load(options.sessions, family);
  int tun = tun_open();
  prctl(PR_SET_TIMERSLACK, 1); // a sleep ends when it is due
  puts("ready");
  fflush(stdout);
  struct pollfd polls[] = {{socket, POLLIN, 0}, {tun, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (!stopped) {
    int ready = poll(polls, 3, POLL_MS);
    if (ready < 0 && errno != EINTR) fail(1, "poll: %s", strerror(errno));
    if (ready <= 0) continue;
    // Each side gets one batch a turn, so that neither starves the other. Single packets that come
    // fast gather for a moment, as simplon lets them: a full batch costs little more than a few.
    int up = polls[0].revents != 0 ? up_turn(socket, tun) : 0;
    int down = polls[1].revents != 0 ? down_turn(tun, socket) : 0;
    if (is_part(up) || is_part(down)) usleep(GATHER_US);
    if (polls[2].revents != 0 && !answer()) polls[2].fd = -1;
  }
  return 0;
}
