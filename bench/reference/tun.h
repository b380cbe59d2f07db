// The TUN device.
#pragma once

// Creates the device with its offloads; an offload that this kernel does not know is turned off in
// the options. The device is neither brought up nor given an address.
int tun_open(void);
