// The map of the shared memory of the data plane. This file is both AssemblyScript and TypeScript:
// plain constants only, so that workers, control thread and WebAssembly share one truth.
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
//   ROUTES      hash buckets and records, written by the control thread

// Kernel structures (x86-64 and arm64 Linux).
export const MMSGHDR_SIZE = 64;
export const MMSGHDR_NAME = 0; // u64, address
export const MMSGHDR_NAME_LENGTH = 8; // u32
export const MMSGHDR_VECTOR = 16; // u64, address
export const MMSGHDR_VECTOR_COUNT = 24; // u64
export const MMSGHDR_CONTROL = 32; // u64, address
export const MMSGHDR_CONTROL_LENGTH = 40; // u64
export const MMSGHDR_FLAGS = 48; // i32
export const MMSGHDR_LENGTH = 56; // u32, octets received or sent
export const IOVEC_SIZE = 16;
export const IOVEC_BASE = 0; // u64, address
export const IOVEC_LENGTH = 8; // u64
export const POLLFD_SIZE = 8;
export const POLLFD_FD = 0; // i32
export const POLLFD_EVENTS = 4; // i16
export const POLLFD_REVENTS = 6; // i16
export const SOCKADDR_MAX = 32; // sockaddr_in6 has 28 octets
export const MSG_TRUNC = 0x20;
export const AF_INET = 2;

// A slot holds one datagram or one packet. Headroom lets a header be written in front of it.
export const SLOT_SIZE = 2048;
export const SLOT_HEADROOM = 64;
export const SLOT_CAPACITY = 1984; // SLOT_SIZE - SLOT_HEADROOM

// A batch: what one recvmmsg or sendmmsg works on.
export const BATCH_COUNT = 64;
export const BATCH_HEADERS = 0;
export const BATCH_VECTORS = BATCH_HEADERS + BATCH_COUNT * MMSGHDR_SIZE;
export const BATCH_NAMES = BATCH_VECTORS + BATCH_COUNT * IOVEC_SIZE;
export const BATCH_CONTROLS = BATCH_NAMES + BATCH_COUNT * SOCKADDR_MAX;
export const BATCH_CONTROL_SIZE = 64;
export const BATCH_SLOTS = BATCH_CONTROLS + BATCH_COUNT * BATCH_CONTROL_SIZE;
export const BATCH_SIZE = BATCH_SLOTS + BATCH_COUNT * SLOT_SIZE;

// A ring with one producer and one consumer. Head and tail count entries for ever (modulo 2^32)
// and lie in cache lines of their own.
export const RING_HEAD = 0; // u32, written by the producer
export const RING_TAIL = 64; // u32, written by the consumer
export const RING_ENTRIES = 128;
export const RING_COUNT = 256;
export const RING_SIZE = RING_ENTRIES + RING_COUNT * SLOT_SIZE;
export const ENTRY_SESSION = 0; // u32, index of the session record
export const ENTRY_GENERATION = 4; // u32, generation that the record had
export const ENTRY_LENGTH = 8; // u32, octets of the PPP frame
export const ENTRY_FRAME = SLOT_HEADROOM; // the PPP frame, headroom for the L2TP header before it

// Signal words.
export const CONTROL = 4096;
export const CONTROL_STOP = CONTROL; // i32, not 0: workers leave
export const CONTROL_HEARTBEAT = CONTROL + 64; // i32, changes as long as the control thread lives
export const CONTROL_WAKE_VALUE = CONTROL + 120; // u64, what eventfd_read writes
export const CONTROL_POLLS = CONTROL + 128; // pollfds of the control thread: wake, socket
export const CONTROL_IO = 8192;
export const CONTROL_RECEIVE = CONTROL_IO;
export const CONTROL_SEND = CONTROL_RECEIVE + BATCH_SIZE;

// A worker's region.
export const NETWORKS_MAX = 16;
export const WORKER_BASE = 0; // u64, address of the memory in the process
export const WORKER_PUNTED = 8; // u32, frames punted by the last decapsulate
export const WORKER_INJECTED = 12; // u32, ring entries seen by the last inject
export const WORKER_WAKE_VALUE = 16; // u64, what eventfd_read writes
export const WORKER_HEADER = 64; // header record of the codec
export const WORKER_FRAME = 96; // PPP record of the codec
export const WORKER_POLLS = 128; // pollfds: wake, data socket, one per network
export const WORKER_COUNTERS = 512; // COUNTER_COUNT u64
export const WORKER_TUN_NETWORKS = 1536; // BATCH_COUNT u8, network of each packet to write
export const WORKER_TUN_VECTORS = 2048; // BATCH_COUNT iovec, packets to write to TUN devices
export const WORKER_READ_VECTORS = 3072; // BATCH_COUNT iovec, slots to read packets into
export const WORKER_READ_LENGTHS = 4096; // BATCH_COUNT u32, octets read into each slot
export const WORKER_RECEIVE = 8192;
export const WORKER_SEND = WORKER_RECEIVE + BATCH_SIZE;
export const WORKER_PUNT = WORKER_SEND + BATCH_SIZE;
export const WORKER_INJECT = WORKER_PUNT + RING_SIZE;
export const WORKER_INJECT_SEND = WORKER_INJECT + RING_SIZE; // headers and vectors of injected frames
export const WORKER_SIZE = 2097152;
export const WORKERS_MAX = 8;
export const WORKERS = 1048576;

// Session records (index 0 is none).
export const SESSION_COUNT = 65536;
export const SESSION_NEXT = 0; // u32, next record of the bucket
export const SESSION_KEY = 4; // u32, local Tunnel ID << 16 | local Session ID
export const SESSION_GENERATION = 8; // u32, grows each time the record is reused
export const SESSION_STATE = 12; // u32, a SESSION_STATE_ value
export const SESSION_NETWORK = 16; // u32, index of the virtual network
export const SESSION_ADDRESS = 20; // u32, IPv4 address of the peer as a number
export const SESSION_MTU = 24; // u32, octets of the largest IP packet to the peer
export const SESSION_HEADER_LENGTH = 28; // u32, octets of the L2TP header in the prefix
export const SESSION_PREFIX_LENGTH = 32; // u32, octets of the prefix: L2TP and PPP header
export const SESSION_PREFIX = 36; // up to 20 octets, written in front of each IPv4 packet
export const SESSION_PREFIX_MAX = 20;
export const SESSION_NAME_LENGTH = 56; // u32
export const SESSION_CONTROL_LENGTH = 60; // u32
export const SESSION_NAME = 64; // sockaddr of the peer
export const SESSION_CONTROL = 96; // cmsg with the address to answer from
export const SESSION_CONTROL_MAX = 64;
export const SESSION_RX_PACKETS = 192; // u64, from the peer; these five are the worker's
export const SESSION_RX_OCTETS = 200; // u64
export const SESSION_TX_PACKETS = 208; // u64
export const SESSION_TX_OCTETS = 216; // u64
export const SESSION_DROPS = 224; // u64
export const SESSION_SIZE = 256;
export const SESSION_STATE_FREE = 0;
export const SESSION_STATE_PUNT = 1; // PPP control frames only, both ways
export const SESSION_STATE_FORWARD = 2; // IP packets too
export const SESSIONS = WORKERS + WORKERS_MAX * WORKER_SIZE;
export const SESSION_BUCKETS = SESSIONS;
export const SESSION_RECORDS = SESSION_BUCKETS + SESSION_COUNT * 4;
export const SESSIONS_END = SESSION_RECORDS + (SESSION_COUNT + 1) * SESSION_SIZE;

// Route records (index 0 is none): exact match of network and address.
export const ROUTE_COUNT = 65536;
export const ROUTE_NEXT = 0; // u32, next record of the bucket
export const ROUTE_NETWORK = 4; // u32
export const ROUTE_ADDRESS = 8; // u32, IPv4 address as a number
export const ROUTE_SESSION = 12; // u32, index of the session record
export const ROUTE_GENERATION = 16; // u32, generation of the session record
export const ROUTE_SIZE = 32;
export const ROUTES = SESSIONS_END;
export const ROUTE_BUCKETS = ROUTES;
export const ROUTE_RECORDS = ROUTE_BUCKETS + ROUTE_COUNT * 4;
export const ROUTES_END = ROUTE_RECORDS + (ROUTE_COUNT + 1) * ROUTE_SIZE;

// A walk along a hash chain ends here whatever the memory says.
export const CHAIN_MAX = 64;

export const MEMORY_SIZE = ROUTES_END;

// Counters of a worker: index of a u64 at WORKER_COUNTERS. The names that users see stand in
// src/dataplane/counters.ts.
export const COUNT_UP_PACKETS = 0;
export const COUNT_UP_OCTETS = 1;
export const COUNT_UP_PUNTED = 2;
export const COUNT_UP_TRUNCATED = 3;
export const COUNT_UP_MALFORMED = 4;
export const COUNT_UP_VERSION = 5;
export const COUNT_UP_CONTROL = 6;
export const COUNT_UP_NO_SESSION = 7;
export const COUNT_UP_WRONG_PEER = 8;
export const COUNT_UP_PPP = 9;
export const COUNT_UP_NOT_OPEN = 10;
export const COUNT_UP_IP_HEADER = 11;
export const COUNT_UP_SOURCE_ADDRESS = 12;
export const COUNT_UP_PUNT_FULL = 13;
export const COUNT_UP_TUN_WRITE = 14;
export const COUNT_DOWN_PACKETS = 16;
export const COUNT_DOWN_OCTETS = 17;
export const COUNT_DOWN_INJECTED = 18;
export const COUNT_DOWN_NOT_IPV4 = 19;
export const COUNT_DOWN_IP_HEADER = 20;
export const COUNT_DOWN_NO_ROUTE = 21;
export const COUNT_DOWN_NOT_OPEN = 22;
export const COUNT_DOWN_TOO_BIG = 23;
export const COUNT_DOWN_SEND = 24;
export const COUNT_DOWN_INJECT_STALE = 25;
export const COUNTER_COUNT = 32;
