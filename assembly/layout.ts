// The map of the shared memory of the data plane. This file is both AssemblyScript and TypeScript:
// plain constants only, so that workers, control thread and WebAssembly share one truth (for
// TypeScript, `u32` is declared in assembly/types.d.ts).
//
// Addresses are octets from the start of the memory; everything is in host order unless it is a
// packet or a socket address. The kernel reads and writes here directly. Nothing in here is static
// data of the module: the control thread writes all of it before the first worker starts.
//
//   0           nothing: a null address must never be a valid one
//   CONTROL     words that control thread and workers signal with
//   CONTROL_IO  the control thread's own receive and send batch
//   WORKERS     one region per worker: vectors, slots, rings, counters
//   SESSIONS    hash buckets and records, written by the control thread
//   ROUTES      IPv4: hash buckets and records, written by the control thread
//   SUBNETS     IPv6: hash buckets and records, written by the control thread

// Kernel structures (x86-64 and arm64 Linux).
export const MMSGHDR_SIZE: u32 = 64;
export const MMSGHDR_NAME: u32 = 0; // u64, address
export const MMSGHDR_NAME_LENGTH: u32 = 8; // u32
export const MMSGHDR_VECTOR: u32 = 16; // u64, address
export const MMSGHDR_VECTOR_COUNT: u32 = 24; // u64
export const MMSGHDR_CONTROL: u32 = 32; // u64, address
export const MMSGHDR_CONTROL_LENGTH: u32 = 40; // u64
export const MMSGHDR_FLAGS: u32 = 48; // i32
export const MMSGHDR_LENGTH: u32 = 56; // u32, octets received or sent
export const IOVEC_SIZE: u32 = 16;
export const IOVEC_BASE: u32 = 0; // u64, address
export const IOVEC_LENGTH: u32 = 8; // u64
export const POLLFD_SIZE: u32 = 8;
export const POLLFD_FD: u32 = 0; // i32
export const POLLFD_EVENTS: u32 = 4; // i16
export const POLLFD_REVENTS: u32 = 6; // i16
export const SOCKADDR_MAX: u32 = 32; // sockaddr_in6 has 28 octets
export const MSG_TRUNC: u32 = 0x20;
export const AF_INET: u32 = 2;

// A slot holds one datagram or one packet. Headroom lets a header be written in front of it.
export const SLOT_SIZE: u32 = 2048;
export const SLOT_HEADROOM: u32 = 64;
export const SLOT_CAPACITY: u32 = 1984; // SLOT_SIZE - SLOT_HEADROOM

// A batch: what one recvmmsg or sendmmsg works on.
export const BATCH_COUNT: u32 = 64;
export const BATCH_HEADERS: u32 = 0;
export const BATCH_VECTORS: u32 = BATCH_HEADERS + BATCH_COUNT * MMSGHDR_SIZE;
export const BATCH_NAMES: u32 = BATCH_VECTORS + BATCH_COUNT * IOVEC_SIZE;
export const BATCH_CONTROLS: u32 = BATCH_NAMES + BATCH_COUNT * SOCKADDR_MAX;
export const BATCH_CONTROL_SIZE: u32 = 64;
export const BATCH_SLOTS: u32 = BATCH_CONTROLS + BATCH_COUNT * BATCH_CONTROL_SIZE;
export const BATCH_SIZE: u32 = BATCH_SLOTS + BATCH_COUNT * SLOT_SIZE;

// A ring with one producer and one consumer. Head and tail count entries for ever (modulo 2^32)
// and lie in cache lines of their own.
export const RING_HEAD: u32 = 0; // u32, written by the producer
export const RING_TAIL: u32 = 64; // u32, written by the consumer
export const RING_ENTRIES: u32 = 128;
export const RING_COUNT: u32 = 256;
export const RING_SIZE: u32 = RING_ENTRIES + RING_COUNT * SLOT_SIZE;
export const ENTRY_SESSION: u32 = 0; // u32, index of the session record
export const ENTRY_GENERATION: u32 = 4; // u32, generation that the record had
export const ENTRY_LENGTH: u32 = 8; // u32, octets of the PPP frame
export const ENTRY_FRAME: u32 = SLOT_HEADROOM; // room for the L2TP header before it

// Signal words.
export const CONTROL: u32 = 4096;
export const CONTROL_STOP: u32 = CONTROL; // i32, not 0: workers leave
export const CONTROL_HEARTBEAT: u32 = CONTROL + 64; // i32, changes while that thread lives
export const CONTROL_WAKE_VALUE: u32 = CONTROL + 120; // u64, what eventfd_read writes
export const CONTROL_POLLS: u32 = CONTROL + 128; // pollfds of the control thread: wake, socket, hosts
export const CONTROL_IO: u32 = 8192;
export const CONTROL_RECEIVE: u32 = CONTROL_IO;
export const CONTROL_SEND: u32 = CONTROL_RECEIVE + BATCH_SIZE;

// A worker's region.
export const WORKER_BASE: u32 = 0; // u64, address of the memory in the process
export const WORKER_PUNTED: u32 = 8; // u32, frames punted by the last decapsulate
export const WORKER_INJECTED: u32 = 12; // u32, ring entries seen by the last inject
export const WORKER_NETWORKS: u32 = 24; // u32, how many virtual networks there are
export const WORKER_WAKE_VALUE: u32 = 16; // u64, what eventfd_read writes
export const WORKER_HEADER: u32 = 64; // header record of the codec
export const WORKER_FRAME: u32 = 96; // PPP record of the codec
export const WORKER_POLLS: u32 = 128; // pollfds: wake, data socket, NETWORKS_MAX devices
export const WORKER_COUNTERS: u32 = 512; // COUNTER_COUNT u64
export const WORKER_TUN_NETWORKS: u32 = 1536; // BATCH_COUNT u8, network of each packet to write
export const WORKER_TUN_VECTORS: u32 = 2048; // BATCH_COUNT iovec, packets to write to TUN devices
export const WORKER_READ_VECTORS: u32 = 3072; // BATCH_COUNT iovec, slots to read packets into
export const WORKER_READ_LENGTHS: u32 = 4096; // BATCH_COUNT u32, octets read into each slot
export const WORKER_RECEIVE: u32 = 8192;
export const WORKER_SEND: u32 = WORKER_RECEIVE + BATCH_SIZE;
export const WORKER_PUNT: u32 = WORKER_SEND + BATCH_SIZE;
export const WORKER_INJECT: u32 = WORKER_PUNT + RING_SIZE;
export const WORKER_INJECT_SEND: u32 = WORKER_INJECT + RING_SIZE; // a batch without slots
export const WORKER_SIZE: u32 = 2097152;
export const WORKERS_MAX: u32 = 8;
export const WORKERS: u32 = 1048576;

// Session records (index 0 is none).
export const SESSION_COUNT: u32 = 65536;
export const SESSION_NEXT: u32 = 0; // u32, next record of the bucket
export const SESSION_KEY: u32 = 4; // u32, local Tunnel ID << 16 | local Session ID
export const SESSION_GENERATION: u32 = 8; // u32, grows each time the record is reused
export const SESSION_STATE: u32 = 12; // u32, a SESSION_STATE_ value
export const SESSION_NETWORK: u32 = 16; // u32, index of the virtual network
export const SESSION_ADDRESS: u32 = 20; // u32, the peer's IPv4 address as a number; 0: closed
export const SESSION_MTU: u32 = 24; // u32, octets of the largest IP packet to the peer
export const SESSION_HEADER_LENGTH: u32 = 28; // u32, octets of the L2TP header in the prefix
export const SESSION_PREFIX_LENGTH: u32 = 32; // u32, octets of the prefix: L2TP and PPP header
export const SESSION_PREFIX: u32 = 36; // up to 16 octets in front of each packet
export const SESSION_PREFIX_MAX: u32 = 16; // one vector: L2TP header with Ns and Nr, PPP header
export const SESSION_NAME_LENGTH: u32 = 56; // u32
export const SESSION_CONTROL_LENGTH: u32 = 60; // u32
export const SESSION_NAME: u32 = 64; // sockaddr of the peer; of it only the first u64 may change
export const SESSION_CONTROL: u32 = 96; // cmsg with the address to answer from
export const SESSION_CONTROL_MAX: u32 = 64;
export const SESSION_SEQUENCED: u32 = 160; // u32, not 0: data messages carry Ns (RFC 2661 5.4)
export const SESSION_SUBNET: u32 = 168; // u64, upper half of the peer's IPv6 addresses; 0: closed
export const SESSION_RX_PACKETS: u32 = 192; // u64, from the peer; from here on all is the worker's
export const SESSION_RX_OCTETS: u32 = 200; // u64
export const SESSION_TX_PACKETS: u32 = 208; // u64
export const SESSION_TX_OCTETS: u32 = 216; // u64
export const SESSION_DROPS: u32 = 224; // u64
export const SESSION_NS: u32 = 232; // u32, Ns of the next data message
export const SESSION_SIZE: u32 = 256;
export const SESSION_STATE_FREE: u32 = 0;
export const SESSION_STATE_USED: u32 = 1; // PPP control frames pass, IP where it is not closed
export const SESSIONS: u32 = WORKERS + WORKERS_MAX * WORKER_SIZE;
export const SESSION_BUCKETS: u32 = SESSIONS;
export const SESSION_RECORDS: u32 = SESSION_BUCKETS + SESSION_COUNT * 4;
export const SESSIONS_END: u32 = SESSION_RECORDS + (SESSION_COUNT + 1) * SESSION_SIZE;

// Route records (index 0 is none): exact match of network and address.
export const ROUTE_COUNT: u32 = 65536;
export const ROUTE_NEXT: u32 = 0; // u32, next record of the bucket
export const ROUTE_NETWORK: u32 = 4; // u32
export const ROUTE_ADDRESS: u32 = 8; // u32, IPv4 address as a number
export const ROUTE_SESSION: u32 = 12; // u32, index of the session record
export const ROUTE_GENERATION: u32 = 16; // u32, generation of the session record
export const ROUTE_SIZE: u32 = 32;
export const ROUTES: u32 = SESSIONS_END;
export const ROUTE_BUCKETS: u32 = ROUTES;
export const ROUTE_RECORDS: u32 = ROUTE_BUCKETS + ROUTE_COUNT * 4;
export const ROUTES_END: u32 = ROUTE_RECORDS + (ROUTE_COUNT + 1) * ROUTE_SIZE;

// Subnet records (index 0 is none): exact match of network and upper half of an IPv6 address. A
// session's own /64 has the record of the session's index.
export const SUBNET_COUNT: u32 = 65536;
export const SUBNET_NEXT: u32 = 0; // u32, next record of the bucket
export const SUBNET_NETWORK: u32 = 4; // u32
export const SUBNET_PREFIX: u32 = 8; // u64, upper half of the addresses as a number
export const SUBNET_SESSION: u32 = 16; // u32, index of the session record
export const SUBNET_GENERATION: u32 = 20; // u32, generation of the session record
export const SUBNET_SIZE: u32 = 32;
export const SUBNETS: u32 = ROUTES_END;
export const SUBNET_BUCKETS: u32 = SUBNETS;
export const SUBNET_RECORDS: u32 = SUBNET_BUCKETS + SUBNET_COUNT * 4;
export const SUBNETS_END: u32 = SUBNET_RECORDS + (SUBNET_COUNT + 1) * SUBNET_SIZE;

// A walk along a hash chain ends here whatever the memory says.
export const CHAIN_MAX: u32 = 64;

export const MEMORY_SIZE: u32 = SUBNETS_END;

// Counters of a worker: index of a u64 at WORKER_COUNTERS. The names that users see stand in
// src/dataplane/counters.ts.
export const COUNT_UP_PACKETS: u32 = 0;
export const COUNT_UP_OCTETS: u32 = 1;
export const COUNT_UP_PUNTED: u32 = 2;
export const COUNT_UP_TRUNCATED: u32 = 3;
export const COUNT_UP_MALFORMED: u32 = 4;
export const COUNT_UP_VERSION: u32 = 5;
export const COUNT_UP_CONTROL: u32 = 6;
export const COUNT_UP_NO_SESSION: u32 = 7;
export const COUNT_UP_WRONG_PEER: u32 = 8;
export const COUNT_UP_PPP: u32 = 9;
export const COUNT_UP_NOT_OPEN: u32 = 10;
export const COUNT_UP_IP_HEADER: u32 = 11;
export const COUNT_UP_SOURCE_ADDRESS: u32 = 12;
export const COUNT_UP_PUNT_FULL: u32 = 13;
export const COUNT_UP_TUN_WRITE: u32 = 14;
export const COUNT_UP_OTHER_NETWORK: u32 = 15;
export const COUNT_DOWN_PACKETS: u32 = 16;
export const COUNT_DOWN_OCTETS: u32 = 17;
export const COUNT_DOWN_INJECTED: u32 = 18;
export const COUNT_DOWN_NOT_IP: u32 = 19;
export const COUNT_DOWN_IP_HEADER: u32 = 20;
export const COUNT_DOWN_NO_ROUTE: u32 = 21;
export const COUNT_DOWN_NOT_OPEN: u32 = 22;
export const COUNT_DOWN_TOO_BIG: u32 = 23;
export const COUNT_DOWN_SEND: u32 = 24;
export const COUNT_DOWN_INJECT_STALE: u32 = 25;
export const COUNT_UP_OWN_SUBNET: u32 = 26;
export const COUNT_DOWN_NOT_ROUTABLE: u32 = 27;
export const COUNTER_COUNT: u32 = 32;
