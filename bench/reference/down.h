// From the network to the peers.
#pragma once

// Reads one batch from the device and sends its packets to their peers; how many they were, 0 when
// they are large.
int down_turn(int tun, int socket);
