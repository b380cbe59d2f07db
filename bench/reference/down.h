// From the network to the peers.
#pragma once

// Reads one batch from the device and sends its packets to their peers.
void down_turn(int tun, int socket);
