/** The bounds of a configuration: how much of each there may be, and how large. @module */

/** Octets of a configuration file. */
export const CONFIG_MAX = 1_048_576;
/** Virtual networks: each is a TUN device in the worker's poll set. */
export const NETWORKS_MAX = 16;
/** Connections of a LAC: each is a virtual network of its own in the data plane. */
export const CLIENTS_MAX = 16;
/** LNSs in a configuration: lists of a few, for some tens of destinations. */
export const PEERS_MAX = 256;
/** Priority and weight of an LNS have 16 bits, as in an SRV record (RFC 2782). */
export const PEER_WEIGHT_MAX = 65_535;
/** Realms and Called Numbers whose calls go on to another LNS. */
export const FORWARDS_MAX = 4_096;
/** Octets of a realm: a DNS name (RFC 7542 2.2). */
export const REALM_MAX = 253;
/** Prefixes that are reached through a connection: each is a route of the host, taken back one by one. */
export const ROUTES_PER_CLIENT_MAX = 64;
/** Name of a network device: IFNAMSIZ is 16 with its NUL (net/if.h). */
export const TUN_NAME_MAX = 15;
/** Octets of a network's name. */
export const NETWORK_NAME_MAX = 32;
/** Octets of the tunnel secret. */
export const SECRET_MAX = 253;
/** Inner MTU: smallest that every IPv4 host takes (RFC 1122 3.3.2), largest without fragments. */
export const MTU_MIN = 576;
export const MTU_MAX = 1_500;
/** Prefix lengths of a pool: a /30 still holds an address for a client, a /8 is the largest net. */
export const POOL_PREFIX_MIN = 8;
export const POOL_PREFIX_MAX = 30;
/** The same of IPv6: a /63 holds one /64 beside the server's own, a /32 is a provider's. */
export const POOL6_PREFIX_MIN = 32;
export const POOL6_PREFIX_MAX = 63;
/** Inner MTU of a network with IPv6 (RFC 8200 5). */
export const MTU6_MIN = 1_280;
/** Name servers of a kind: IPCP carries a primary and a secondary (RFC 1877). */
export const NAME_SERVERS_MAX = 2;
/** HELLO interval and retransmission settings that a configuration may choose. */
export const HELLO_MAX_MS = 3_600_000;
/** RFC 2661 5.8: the cap MUST be no less than 8 seconds. */
export const RETRANSMIT_CAP_MIN_MS = 8_000;
export const RETRANSMIT_CAP_MAX_MS = 60_000;
export const RETRANSMIT_COUNT_MAX = 20;
/** Of one name of an LNS. */
export const PEER_ADDRESSES_MAX = 16;
/** Pools of a network, users in the file. */
export const POOLS_PER_NETWORK_MAX = 64;
export const USERS_MAX = 100_000;
/** Threads that move packets: as many as there are slots to own (SLOT_COUNT of the layout). */
export const WORKERS_MAX = 8;
/**
 * Octets of IP a second that a session may be bounded to: at the least one large packet takes less
 * than 200 ms, and the most fits 32 bits.
 */
export const RATE_MIN = 8_000;
export const RATE_MAX = 4_000_000_000;
/** DSCP has six bits (RFC 2474). */
export const DSCP_MAX = 63;
/** A session without a packet for a week is ended as well as one that was idle for a month. */
export const IDLE_MAX_MS = 604_800_000;
/** Subnets behind one user, and of all: each is a route of the host and of the data plane. */
export const ROUTES_PER_USER_MAX = 16;
export const ROUTES_MAX = 4_096;
/** Prefix lengths of such subnets. */
export const ROUTE_PREFIX_MIN = 8;
export const ROUTE6_PREFIX_MIN = 32;
export const ROUTE6_PREFIX_MAX = 64;
