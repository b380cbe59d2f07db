// The limit of the fast path: what a program in C makes of the same system calls. It forwards
// between a UDP socket and a TUN device until SIGTERM; its sessions come from a file. See
// README.md.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "counters.h"
#include "down.h"
#include "options.h"
#include "sessions.h"
#include "tun.h"
#include "udp.h"
#include "up.h"

enum { POLL_MS = 500 };
// As in simplon's src/limits.ts.
enum { GATHER_US = 50, GATHER_FROM = 4, GATHER_TO = 48 };

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
  (void)number;
  stopped = 1;
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
  options_parse(count, arguments);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  int family;
  int socket = udp_open(options.listen, &family);
  sessions_load(options.sessions, family);
  int tun = options.onward ? -1 : tun_open(); // poll passes over it
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
