#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {.mtu = 1400, .udp_gro = true, .udp_gso = true, .tso = true, .uso = true};

enum { MTU_MIN = 68, MTU_MAX = 65000 };

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

void options_parse(int count, char **arguments) {
  static const struct option known[] = {
      {"listen", required_argument, NULL, 'l'},   {"tun", required_argument, NULL, 't'},
      {"sessions", required_argument, NULL, 's'}, {"without", required_argument, NULL, 'w'},
      {"mtu", required_argument, NULL, 'm'},      {"switch", no_argument, NULL, 'o'},
      {0},
  };
  for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
    if (option == 'l') options.listen = optarg;
    else if (option == 't') options.tun = optarg;
    else if (option == 's') options.sessions = optarg;
    else if (option == 'w') turn_off(optarg);
    else if (option == 'o') options.onward = true;
    else if (option == 'm') options.mtu = (uint32_t)strtoul(optarg, NULL, 10);
    else exit(2);
  }
  if (options.listen == NULL || (options.tun == NULL) != options.onward ||
      options.sessions == NULL || optind != count) {
    fail(2, "usage: --listen ADDRESS:PORT --tun NAME | --switch --sessions FILE [--without LIST] "
            "[--mtu N]");
  }
  if (options.mtu < MTU_MIN || options.mtu > MTU_MAX) fail(2, "--mtu: %d to %d", MTU_MIN, MTU_MAX);
}
