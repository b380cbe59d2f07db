// From the peers to the network.
#pragma once

// Receives one batch from the socket and writes its packets to the device.
void up_turn(int socket, int tun);
