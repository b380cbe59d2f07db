// From the peers to the network.
#pragma once

// Receives one batch from the socket and writes its packets to the device; how many messages they
// were, 0 when they are large: those have been gathered already.
int up_turn(int socket, int tun);
