// The TUN device: IFF_VNET_HDR lets TCP and UDP super-packets through, both ways.
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.h"

#ifndef TUN_F_USO4 // Linux 6.2
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static int set_offloads(int fd) {
  unsigned offloads = TUN_F_CSUM;
  if (options.tso) offloads |= TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (options.uso) offloads |= TUN_F_USO4 | TUN_F_USO6;
  return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads);
}

// The MTU of the device is a default that whoever configures it may change.
static void set_mtu(struct ifreq *request) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  request->ifr_mtu = (int)options.mtu;
  if (fd < 0 || ioctl(fd, SIOCSIFMTU, request) < 0)
    fail(1, "MTU of %s: %s", options.tun, strerror(errno));
  close(fd);
}

int tun_open(void) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail(1, "/dev/net/tun: %s", strerror(errno));
  struct ifreq request = {0};
  strncpy(request.ifr_name, options.tun, IFNAMSIZ - 1);
  options.vnet = options.tso || options.uso;
  unsigned flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL | (options.vnet ? IFF_VNET_HDR : 0);
  request.ifr_flags = (short)flags;
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail(1, "device %s: %s", options.tun, strerror(errno));
  if (options.vnet && set_offloads(fd) < 0) {
    // An older kernel knows no USO. The virtio header stays: the device has been made with it.
    options.uso = false;
    options.tso = options.tso && set_offloads(fd) == 0;
  }
  set_mtu(&request);
  return fd;
}
