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
//   CONTROL_IO  the control thread's own receive buffers and send batch
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
// A session may have so many frames waiting to be taken as a sixteenth of the free places of the ring,
// one at least: 15 when no other has any. However many flood, there is room for who does not.
export const PUNT_SHARE: u32 = 16;
// Each LCP Echo-Request that is answered takes ECHO_GAP ms of its session's time; after a pause it has
// ECHO_ALLOWANCE: 16 at once.
export const ECHO_GAP: u32 = 10;
export const ECHO_ALLOWANCE: u32 = 160;
export const ENTRY_SESSION: u32 = 0; // u32, index of the session record
export const ENTRY_GENERATION: u32 = 4; // u32, generation that the record had
export const ENTRY_LENGTH: u32 = 8; // u32, octets of the PPP frame
export const ENTRY_FRAME: u32 = SLOT_HEADROOM; // room for the L2TP header before it
// What is handed over instead: a datagram, and in front of it the socket address of who sent it.
export const ENTRY_NAME: u32 = SLOT_HEADROOM - SOCKADDR_MAX;

// A hand-over ring: datagrams and packets that another thread got and that are this worker's. One
// producer, one consumer; positions count octets for ever (modulo 2^32). An entry has a head and its
// octets, and takes whole lines; it never wraps: what is left at the end is skipped.
export const HANDOVER_HEAD: u32 = 0; // u32, written by the producer
export const HANDOVER_TAIL: u32 = 64; // u32, written by the consumer
export const HANDOVER_OCTETS: u32 = 128;
export const HANDOVER_CAPACITY: u32 = 262144; // a power of two, three super-packets
export const HANDOVER_SIZE: u32 = HANDOVER_OCTETS + HANDOVER_CAPACITY;
export const HANDOVER_LINE: u32 = 64;
export const HANDED_LENGTH: u32 = 0; // u32, octets behind the head
export const HANDED_KIND: u32 = 4; // u32, a HANDED_ value
export const HANDED_NETWORK: u32 = 8; // u32, of a packet
export const HANDED_ECN: u32 = 12; // u32, of the packet that carried a datagram
export const HANDED_NAME: u32 = 16; // socket address of who sent a datagram; virtio header of a packet
export const HANDED_ENTRY: u32 = 64; // where the octets begin
export const HANDED_SKIP: u32 = 0; // nothing more before the ring begins again
export const HANDED_DATAGRAM: u32 = 1;
export const HANDED_PACKET: u32 = 2;
export const PRODUCER_COUNT: u32 = 9; // the workers, by index, and the control thread
export const PRODUCER_CONTROL: u32 = 8;

// Signal words.
export const CONTROL: u32 = 4096;
export const CONTROL_STOP: u32 = CONTROL; // i32, not 0: workers leave
export const CONTROL_HEARTBEAT: u32 = CONTROL + 64; // i32, changes while that thread lives
export const CONTROL_WAKE_VALUE: u32 = CONTROL + 120; // u64, what eventfd_read writes
export const CONTROL_POLLS: u32 = CONTROL + 128; // pollfds of the control thread: wake, sockets, hosts
// Tunnels (or sessions, CONTROL_STEER) are spread over slots by the lowest bits of their id; each
// slot has a data socket and a queue of each device, and one worker that is its owner. Owners change
// only while no worker runs.
export const SLOT_COUNT: u32 = 8;
export const CONTROL_OWNERS: u32 = CONTROL + 512; // SLOT_COUNT u32, index of the worker
export const CONTROL_STEER: u32 = CONTROL + 576; // u32, a STEER_ value
export const STEER_TUNNEL: u32 = 0; // the slot is that of the Tunnel ID
export const STEER_SESSION: u32 = 1; // of the Session ID
export const CONTROL_SECOND: u32 = CONTROL + 640; // u32, seconds on the control thread's clock
export const CONTROL_NETWORKS: u32 = CONTROL + 1024; // NETWORK_COUNT records of the virtual networks
export const NETWORK_COUNT: u32 = 16;
export const NETWORK_GATEWAY: u32 = 0; // u32, IPv4 address of our end as a number
export const NETWORK_GATEWAY6: u32 = 16; // 16 octets, our IPv6 address; zeros: none
export const NETWORK_EVERYTHING: u32 = 32; // u64, generation << 32 | index of the session that all is for
export const NETWORK_DSCP: u32 = 4; // u32, DSCP of outer headers, or DSCP_COPY
export const DSCP_COPY: u32 = 64; // the inner one
export const NETWORK_FLAGS: u32 = 8; // u32, NETWORK_ bits
export const NETWORK_ECN: u32 = 1; // ECN passes between inner and outer header (RFC 6040)
export const NETWORK_CLAMP: u32 = 2; // MSS is lowered to what the session's MTU holds
export const NETWORK_SIZE: u32 = 64;
export const CONTROL_IO: u32 = 8192;

// A buffer of a worker holds what one call of the kernel gives: a GRO buffer of many datagrams, or a
// super-packet behind its virtio header. Its size is an odd multiple of a cache line: at a power
// of two the first lines of all buffers would fall into the same few sets of the caches.
export const BUFFER_SIZE: u32 = 66240;
export const BUFFER_HEADROOM: u32 = 64;
export const BUFFER_CAPACITY: u32 = 65536;
export const BUFFER_COUNT: u32 = 64;

// virtio_net_hdr: stands in front of every packet of a TUN device that has IFF_VNET_HDR.
export const VIRTIO_SIZE: u32 = 10;
export const VIRTIO_FLAGS: u32 = 0; // u8
export const VIRTIO_TYPE: u32 = 1; // u8
export const VIRTIO_HEADER_LENGTH: u32 = 2; // u16, octets of the headers of a super-packet
export const VIRTIO_SEGMENT: u32 = 4; // u16, octets of payload of each but the last packet
export const VIRTIO_CHECKSUM_START: u32 = 6; // u16, where what is to be summed begins
export const VIRTIO_CHECKSUM_OFFSET: u32 = 8; // u16, of the checksum from there
export const VIRTIO_NEEDS_CHECKSUM: u32 = 1; // of the flags
export const VIRTIO_NONE: u32 = 0; // types
export const VIRTIO_TCPV4: u32 = 1;
export const VIRTIO_TCPV6: u32 = 4;
export const VIRTIO_UDP: u32 = 5;
export const VIRTIO_ECN: u32 = 0x80; // with a TCP type: CWR is set on the first segment

// What a worker may use: bits of WORKER_OFFLOADS.
export const OFFLOAD_VIRTIO: u32 = 1; // TUN packets have a virtio header
export const OFFLOAD_TSO: u32 = 2; // TCP super-packets may be written to the TUN
export const OFFLOAD_USO: u32 = 4; // UDP super-packets may be written to the TUN
export const OFFLOAD_GSO: u32 = 8; // UDP_SEGMENT may be asked for

// Datagrams received: BUFFER_COUNT mmsghdrs, each with one vector, a name and a control buffer.
export const RECEIVE_HEADERS: u32 = 0;
export const RECEIVE_VECTORS: u32 = RECEIVE_HEADERS + BUFFER_COUNT * MMSGHDR_SIZE;
export const RECEIVE_NAMES: u32 = RECEIVE_VECTORS + BUFFER_COUNT * IOVEC_SIZE;
export const RECEIVE_CONTROLS: u32 = RECEIVE_NAMES + BUFFER_COUNT * SOCKADDR_MAX;
export const RECEIVE_CONTROL_SIZE: u32 = 64;
export const RECEIVE_BUFFERS: u32 = RECEIVE_CONTROLS + BUFFER_COUNT * RECEIVE_CONTROL_SIZE;
export const RECEIVE_SIZE: u32 = RECEIVE_BUFFERS + BUFFER_COUNT * BUFFER_SIZE;
export const CONTROL_RECEIVE: u32 = CONTROL_IO; // of the control socket
export const CONTROL_STARTS: u32 = CONTROL_RECEIVE + RECEIVE_SIZE; // of the SCCRQ socket
export const CONTROL_SEND: u32 = CONTROL_STARTS + RECEIVE_SIZE; // a batch

// Writes: what goes to TUN devices, one writev each: a packet, or a super-packet of many segments.
// WRITE_VECTORS holds the virtio header and the first packet, and the payload of each further one.
export const SEGMENTS_MAX: u32 = 64; // UDP_MAX_SEGMENTS of older kernels; a super-packet's bound too
export const WRITE_COUNT: u32 = 512;
// A datagram begins no write and no message, or itself and what it is put before.
export const WRITE_RESERVE: u32 = 16;
export const WRITE_NETWORK: u32 = 0; // u32
export const WRITE_VECTOR_COUNT: u32 = 4; // u32
export const WRITE_SEGMENTS: u32 = 8; // u32, packets in it
export const WRITE_AT: u32 = 12; // u32, address of the first packet
export const WRITE_LENGTH: u32 = 16; // u32, octets of the IP packet as a whole
export const WRITE_IP_HEADER: u32 = 20; // u32, octets of the IP header
export const WRITE_HEADERS: u32 = 24; // u32, octets of the IP and the transport header
export const WRITE_SEGMENT: u32 = 28; // u32, octets of payload of each but the last packet
export const WRITE_SEQUENCE: u32 = 32; // u32, TCP sequence number of what may follow
export const WRITE_IDENTIFICATION: u32 = 36; // u32, IPv4 Identification of what may follow
export const WRITE_FLAGS: u32 = 40; // u32, TCP flags of the last packet
export const WRITE_IS_OPEN: u32 = 44; // u32, whether more may follow
export const WRITE_SESSION: u32 = 48; // u32, address of the session record
export const WRITE_VIRTIO_AT: u32 = 52; // u32, address of the virtio header
export const WRITE_TAIL: u32 = 56; // u32, where the payload of the last packet ends
export const WRITE_SPENT: u32 = 60; // u32, from the tail to here the memory is spent
export const WRITE_VIRTIO: u32 = 64; // virtio header, when the packet has no room in front
export const WRITE_VECTORS: u32 = 80;
export const WRITE_VECTORS_MAX: u32 = SEGMENTS_MAX + 1;
export const WRITE_SIZE: u32 = 1216; // an odd number of cache lines

// Flow table of one call of decapsulate: which write a flow was last put into.
export const FLOW_COUNT: u32 = 1024;
export const FLOW_CALL: u32 = 0; // u32, number of the call that the slot belongs to
export const FLOW_WRITE: u32 = 4; // u32, index of the write
export const FLOW_HASH: u32 = 8; // u32, of addresses, ports and session
export const FLOW_SIZE: u32 = 16;
export const FLOW_PROBES: u32 = 8;

// A packet that joins nothing closes what its session has open: here, by the session's index.
export const BARRIER_COUNT: u32 = 64;
export const BARRIER_CALL: u32 = 0; // u32, number of the call that the slot belongs to
export const BARRIER_WRITE: u32 = 4; // u32, writes before this one are closed
export const BARRIER_SIZE: u32 = 8;

// Messages to send, one of sendmmsg each: a frame, or many of one length with UDP_SEGMENT. The
// headers of segments that are cut lie in an arena, their payload where it was read.
export const MESSAGE_COUNT: u32 = 256;
export const MESSAGE_VECTORS_MAX: u32 = 2 * SEGMENTS_MAX;
export const MESSAGE_CONTROL_SIZE: u32 = 112; // the session's, cmsgs of TOS and UDP_SEGMENT
export const MESSAGE_SEGMENTS: u32 = 0; // u32, frames in it
export const MESSAGE_SEGMENT: u32 = 4; // u32, octets of each but the last
export const MESSAGE_LENGTH: u32 = 8; // u32, octets in all
export const MESSAGE_IS_OPEN: u32 = 12; // u32, whether more may follow
export const MESSAGE_TUNNEL: u32 = 16; // u32, local Tunnel ID
export const MESSAGE_VECTOR_COUNT: u32 = 20; // u32
export const MESSAGE_CONTROL_LENGTH: u32 = 24; // u32, octets of the session's control
export const MESSAGE_TOS: u32 = 28; // u32, of the packets that carry them
export const MESSAGE_VECTORS: u32 = 64;
export const MESSAGE_SIZE: u32 = 64 + MESSAGE_VECTORS_MAX * IOVEC_SIZE; // an odd number of lines
export const SEND_HEADERS: u32 = 0;
export const SEND_NAMES: u32 = SEND_HEADERS + MESSAGE_COUNT * MMSGHDR_SIZE;
export const SEND_CONTROLS: u32 = SEND_NAMES + MESSAGE_COUNT * SOCKADDR_MAX;
export const SEND_MESSAGES: u32 = SEND_CONTROLS + MESSAGE_COUNT * MESSAGE_CONTROL_SIZE;
export const SEND_SIZE: u32 = SEND_MESSAGES + MESSAGE_COUNT * MESSAGE_SIZE;
export const MESSAGE_OCTETS_MAX: u32 = 65507; // of UDP payload in one message
export const HEADER_COUNT: u32 = 4096;
export const HEADER_SIZE: u32 = 320; // what is cut has headers of at most HEADER_SIZE - 16 octets
export const HEADERS_SIZE: u32 = HEADER_COUNT * HEADER_SIZE;

// The super-packet that is being cut: what all of its segments share.
export const CUT_AT: u32 = 0; // u32, address of the packet
export const CUT_HEADERS: u32 = 4; // u32, octets of the IP and the transport header
export const CUT_SIZE: u32 = 8; // u32, octets of payload of each segment but the last
export const CUT_LAST: u32 = 12; // u32, octets of payload of the last one
export const CUT_COUNT: u32 = 16; // u32, segments
export const CUT_START: u32 = 20; // u32, octets before the transport header
export const CUT_IS_TCP: u32 = 24; // u32
export const CUT_SESSION: u32 = 28; // u32, address of the session record
export const CUT_PREFIX: u32 = 32; // u32, octets of the prefix
export const CUT_PAIR: u32 = 36; // u32, address of the slot of its host pair
export const CUT_IDENTIFICATION: u32 = 40; // u32, of the first IPv4 segment
export const CUT_SEQUENCE: u32 = 44; // u32, of the first TCP segment
export const CUT_FLAGS: u32 = 48; // u32, TCP flags of the super-packet
export const CUT_GENERATION: u32 = 52; // u32, of the session record when the cut began
export const CUT_IP_SUM: u32 = 56; // u64, sum of what all IPv4 headers have
export const CUT_SUM: u32 = 64; // u64, the same of pseudo header and transport header

// The message of each host pair that was last added to, and the open messages of a tunnel.
export const PAIR_COUNT: u32 = 1024;
export const PAIR_CALL: u32 = 0; // u32, number of the call that the slot belongs to
export const PAIR_MESSAGE: u32 = 4; // u32, index of the message
export const PAIR_SIZE: u32 = 8;
export const OPEN_COUNT: u32 = 512;
export const OPEN_CALL: u32 = 0; // u32, number of the call that the slot belongs to
export const OPEN_MESSAGE: u32 = 4; // u32, index of the message
export const OPEN_KEY: u32 = 8; // u32, local Tunnel ID << 16 | octets of a frame
export const OPEN_SIZE: u32 = 16;
export const OPEN_PROBES: u32 = 4;

// Errors about packets to a peer that are too large, for the device that they came from: each is
// behind a virtio header where the devices have one.
export const ERROR_COUNT: u32 = 32; // of one call of encapsulate; a sender of more gets some later
export const ERROR_VECTOR: u32 = 0; // iovec
export const ERROR_PACKET: u32 = 64;
export const ERROR_MAX_4: u32 = 576; // octets in all (RFC 1812 4.3.2.3)
export const ERROR_MAX_6: u32 = 1280; // RFC 4443 2.4 c
export const ERROR_SIZE: u32 = 1344; // an odd number of cache lines
// As Linux has it (icmp_msgs_per_sec, icmp_msgs_burst): a host needs few to learn of a path.
export const ERROR_INTERVAL: u32 = 1000; // microseconds
export const ERROR_BURST: u32 = 50;

// A worker's region.
export const WORKER_BASE: u32 = 0; // u64, address of the memory in the process
export const WORKER_PUNTED: u32 = 8; // u32, frames punted by the last decapsulate
export const WORKER_INJECTED: u32 = 12; // u32, ring entries seen by the last inject
export const WORKER_WAKE_VALUE: u32 = 16; // u64, what eventfd_read writes
export const WORKER_NETWORKS: u32 = 24; // u32, how many virtual networks there are
export const WORKER_OFFLOADS: u32 = 28; // u32, OFFLOAD_ bits
export const WORKER_UP_CALL: u32 = 32; // u32, number of this call of decapsulate
export const WORKER_UP_MESSAGE: u32 = 36; // u32, where the next call goes on; 0 at the beginning
export const WORKER_UP_OFFSET: u32 = 40; // u32, octets of that message that are done
export const WORKER_UP_REST: u32 = 44; // u32, not 0: the writes were too few, call again
export const WORKER_DOWN_CALL: u32 = 48; // u32, the same of encapsulate
export const WORKER_DOWN_PACKET: u32 = 52; // u32
export const WORKER_DOWN_OFFSET: u32 = 56; // u32, segments of that packet that are done
export const WORKER_DOWN_REST: u32 = 60; // u32, a REST_ value
export const REST_NONE: u32 = 0;
export const REST_PACKET: u32 = 1; // that packet comes next
export const REST_CUT: u32 = 2; // that packet is being cut
export const WORKER_HEADER: u32 = 64; // header record of the codec
export const WORKER_FRAME: u32 = 96; // PPP record of the codec
export const WORKER_UP_WRITES: u32 = 112; // u32, writes of this call of decapsulate
export const WORKER_DOWN_MESSAGES: u32 = 116; // u32, messages of this call of encapsulate
export const WORKER_DOWN_HEADERS: u32 = 120; // u32, octets of the header arena that are taken
export const WORKER_SCRATCH: u32 = 124; // u32, what nobody reads
export const WORKER_NOW: u32 = 128; // f64, microseconds on a monotonic scale: the time of this call
export const WORKER_INDEX: u32 = 136; // u32
export const WORKER_COMMAND: u32 = 140; // i32, the control thread's: a COMMAND_ value
export const WORKER_STATE: u32 = 144; // i32, a STATE_ value
export const WORKER_BEAT: u32 = 148; // i32, grows with each turn
export const WORKER_TO_WAKE: u32 = 152; // u32, a bit for each worker that something was handed to
export const WORKER_TAKEN_KIND: u32 = 156; // u32, what the last takeHanded took: a HANDED_ value
export const WORKER_TAKEN_NETWORK: u32 = 160; // u32, the network of packets
export const WORKER_ERRORS_WAITING: u32 = 192; // u32, errors of this call of encapsulate
export const WORKER_ECHOES: u32 = 196; // u32, LCP Echo-Replies of this call of decapsulate
export const WORKER_UP_ECN: u32 = 188; // u32, of the packets that carried this message's datagrams
export const WORKER_ERROR_DUE: u32 = 200; // u64, microseconds: when the errors so far were due
export const WORKER_POOL_FREE: u32 = 164; // u32, first slot that was given back
export const WORKER_POOL_USED: u32 = 168; // u32, slots that have ever been used
export const WORKER_POOL_EPOCH: u32 = 172; // u32, grows when a pool begins anew
export const WORKER_WHEEL_TICK: u32 = 176; // u32, millisecond that the wheel stands at
export const WORKER_WAITING: u32 = 180; // u32, sessions on the wheel
export const WORKER_RELEASE_REST: u32 = 184; // u32, not 0: messages were too few, call again
export const WORKER_KEPT_VECTORS: u32 = 224; // two iovec: the pieces of a segment that has to wait
export const WORKER_HELD: u32 = 256; // u32, frames that are held for their turn
export const WORKER_HELD_FREE: u32 = 260; // u32, first slot that was given back
export const WORKER_HELD_USED: u32 = 264; // u32, slots that have ever been used
export const WORKER_HELD_SPENT: u32 = 268; // u32, first slot that this call has taken out
export const WORKER_HELD_OLDEST: u32 = 272; // u32, slot
export const WORKER_HELD_YOUNGEST: u32 = 276; // u32, slot
export const WORKER_PRODUCER: u32 = 284; // u32, whose hand-over ring comes first next time
export const WORKER_EPOLL: u32 = 280; // i32, descriptor that the thread waits with, 0: none is open
export const COMMAND_RUN: u32 = 0;
export const COMMAND_PAUSE: u32 = 1; // read nothing new, only what others hand over
export const COMMAND_LEAVE: u32 = 2;
export const STATE_OUT: u32 = 0; // no thread works on the region
export const STATE_RUNNING: u32 = 1;
export const STATE_PAUSED: u32 = 2;
export const WORKER_COUNTERS: u32 = 512; // COUNTER_COUNT u64
export const WORKER_READ_VECTORS: u32 = 1024; // BUFFER_COUNT iovec, buffers to read packets into
export const WORKER_READ_LENGTHS: u32 = 2048; // BUFFER_COUNT u32, octets read into each
export const WORKER_EVENTS: u32 = 2304; // EVENT_COUNT epoll_event of 16 octets at most
export const EVENT_COUNT: u32 = 32; // what is ready beyond that is told the next time
export const WORKER_CUT: u32 = 3456;
export const WORKER_UP_LAST: u32 = 3584; // u32, the write that the last packet is in
export const WORKER_RECEIVE: u32 = 4096;
export const WORKER_WRITES: u32 = WORKER_RECEIVE + RECEIVE_SIZE;
export const WORKER_FLOWS: u32 = WORKER_WRITES + WRITE_COUNT * WRITE_SIZE;
export const WORKER_READ: u32 = WORKER_FLOWS + FLOW_COUNT * FLOW_SIZE; // BUFFER_COUNT buffers
export const WORKER_SEND: u32 = WORKER_READ + BUFFER_COUNT * BUFFER_SIZE;
export const WORKER_SEND_HEADERS: u32 = WORKER_SEND + SEND_SIZE; // HEADER_COUNT of HEADER_SIZE
export const WORKER_PAIRS: u32 = WORKER_SEND_HEADERS + HEADERS_SIZE;
export const WORKER_OPEN: u32 = WORKER_PAIRS + PAIR_COUNT * PAIR_SIZE; // by tunnel and length
export const WORKER_LIMITS: u32 = WORKER_OPEN + OPEN_COUNT * OPEN_SIZE; // 65536 u16, by Tunnel ID
export const WORKER_PLAIN: u32 = WORKER_LIMITS + 131072; // SEGMENTS_MAX mmsghdr
export const WORKER_PUNT: u32 = WORKER_PLAIN + SEGMENTS_MAX * MMSGHDR_SIZE;
export const WORKER_INJECT: u32 = WORKER_PUNT + RING_SIZE;
export const WORKER_INJECT_SEND: u32 = WORKER_INJECT + RING_SIZE; // a batch without slots
export const WORKER_BARRIERS: u32 = WORKER_INJECT_SEND + BATCH_SLOTS;
export const WORKER_HANDED: u32 = WORKER_BARRIERS + BARRIER_COUNT * BARRIER_SIZE;
export const WORKER_HANDOVERS: u32 = WORKER_HANDED + RING_SIZE; // what others hand over, a ring each
export const WORKER_HANDOVERS_END: u32 = WORKER_HANDOVERS + PRODUCER_COUNT * HANDOVER_SIZE;
export const WORKER_ERRORS: u32 = WORKER_HANDOVERS_END; // ERROR_COUNT of ERROR_SIZE
export const WORKER_ECHO_SEND: u32 = WORKER_ERRORS + ERROR_COUNT * ERROR_SIZE; // a batch
export const WORKER_HEADERS_END: u32 = WORKER_ECHO_SEND + BATCH_SIZE;
export const WORKER_POOL: u32 = WORKER_HEADERS_END; // frames that wait, from slot 1 on
export const POOL_COUNT: u32 = 4096;
export const POOL_NEXT: u32 = 0; // u32, the slot behind it in its queue, or in the free list
export const POOL_LENGTH: u32 = 4; // u32, octets of the IP packet
export const POOL_PACKET: u32 = SLOT_HEADROOM;
export const WORKER_WHEEL: u32 = WORKER_POOL + (POOL_COUNT + 1) * SLOT_SIZE; // u32 a bucket: a session
export const WHEEL_COUNT: u32 = 128; // buckets of a millisecond each
export const WORKER_SHAPED_END: u32 = WORKER_WHEEL + WHEEL_COUNT * 4;
// Frames that came before their turn, from slot 1 on.
export const WORKER_HOLD: u32 = WORKER_SHAPED_END;
// A session holds fewer than that: the number it stays ahead of, as large as a batch of the kernel's
// that another path or processor has overtaken usually is.
export const REORDER_WINDOW: u32 = 16;
export const HOLD_COUNT: u32 = 1024; // 68 sessions that hold all they may; beyond it none waits
export const HELD_NEXT: u32 = 0; // u32, next slot of the session, of those spent, or of those free
export const HELD_SESSION: u32 = 4; // u32, index of the session record; 0: not in use
export const HELD_GENERATION: u32 = 8; // u32, of the session record
export const HELD_NS: u32 = 12; // u32
export const HELD_LENGTH: u32 = 16; // u32, octets of the PPP frame
export const HELD_ECN: u32 = 20; // u32, of the packet that carried it
export const HELD_OLDER: u32 = 24; // u32, slot
export const HELD_YOUNGER: u32 = 28; // u32, slot
export const HELD_AT: u32 = 32; // u64, microseconds
export const HELD_ROOM: u32 = 16; // octets before the frame that may be written to
export const HELD_FRAME: u32 = SLOT_HEADROOM;
export const HELD_CAPACITY: u32 = SLOT_CAPACITY;
export const WORKER_HOLD_END: u32 = WORKER_HOLD + (HOLD_COUNT + 1) * SLOT_SIZE;
// Vectors of the frames of a message that goes once more frame by frame.
export const WORKER_PLAIN_VECTORS: u32 = WORKER_HOLD_END;
export const PLAIN_VECTORS_MAX: u32 = MESSAGE_VECTORS_MAX + SEGMENTS_MAX; // a vector may hold many
export const WORKER_PLAIN_END: u32 = WORKER_PLAIN_VECTORS + PLAIN_VECTORS_MAX * IOVEC_SIZE;
export const WORKER_SIZE: u32 = 33554432 + 4096; // not a power of two: workers share cache sets else
export const WORKERS_MAX: u32 = 8;
export const WORKERS: u32 = 8716288; // CONTROL_SEND + BATCH_SIZE, in whole pages

// Session records (index 0 is none). What each packet needs lies in the first two cache lines.
export const SESSION_COUNT: u32 = 65536;
export const SESSION_NEXT: u32 = 0; // u32, next record of the bucket
export const SESSION_KEY: u32 = 4; // u32, local Tunnel ID << 16 | local Session ID
export const SESSION_GENERATION: u32 = 8; // u32, grows each time the record is reused
export const SESSION_STATE: u32 = 12; // u32, a SESSION_STATE_ value
export const SESSION_NETWORK: u32 = 16; // u32, index of the virtual network
export const SESSION_ADDRESS: u32 = 20; // u32, the peer's IPv4 address as a number; 0: closed
export const SESSION_MTU: u32 = 24; // u32, octets of the largest IP packet to the peer
export const SESSION_DSCP: u32 = 28; // u32, of outer headers, and one more; 0: that of its network
export const SESSION_PREFIX_LENGTH: u32 = 32; // u32, octets of the prefix: L2TP and PPP header
export const SESSION_PREFIX: u32 = 36; // up to 12 octets in front of each packet
export const SESSION_PREFIX_MAX: u32 = 16; // one vector: L2TP header with Ns and Nr, PPP header
export const SESSION_FLAGS: u32 = 52; // u32, SESSION_ bits
export const SESSION_NAME_LENGTH: u32 = 56; // u32
export const SESSION_CONTROL_LENGTH: u32 = 60; // u32
export const SESSION_NAME: u32 = 64; // sockaddr of the peer; of it only the first u64 may change
export const SESSION_NAME_MAX: u32 = 28;
export const SESSION_HEARD: u32 = 92; // u32, the worker's: second of the last packet from the peer
export const SESSION_RX_PACKETS: u32 = 96; // u64, from the peer; the worker's, as is all up to TX
export const SESSION_RX_OCTETS: u32 = 104; // u64
export const SESSION_TX_PACKETS: u32 = 112; // u64
export const SESSION_TX_OCTETS: u32 = 120; // u64
export const SESSION_CONTROL: u32 = 128; // cmsg with the address to answer from
export const SESSION_CONTROL_MAX: u32 = 40; // three vectors are copied
export const SESSION_SENT: u32 = 176; // u32, the worker's: second of the last packet to the peer
export const SESSION_EXPECTED: u32 = 180; // u32, the worker's: Ns that is due from the peer
export const SESSION_HELD: u32 = 184; // u32, the worker's: first slot of what it holds
export const SESSION_LATE: u32 = 188; // u32, the worker's: run of frames far behind, and its next Ns
export const SESSION_SUBNET: u32 = 192; // u64, upper half of the peer's IPv6 addresses; 0: closed
export const SESSION_DROPS: u32 = 200; // u64, the worker's
export const SESSION_NS: u32 = 208; // u32, the worker's: Ns of the next data message
export const SESSION_PUNTED: u32 = 212; // u32, the worker's: frames punted
export const SESSION_TAKEN: u32 = 216; // u32, the control thread's: punted frames it has taken
export const SESSION_ECHOED: u32 = 220; // u32, the worker's: ms up to which its time for replies is taken
export const SESSION_MAGIC: u32 = 224; // u32, Magic-Number of our end while LCP is opened
export const SESSION_POLICE_RATE: u32 = 228; // u32, octets of IP a second from the peer; 0: any
export const SESSION_SHAPE_RATE: u32 = 232; // u32, octets of IP a second to the peer; 0: any
export const SESSION_POLICE_TOKENS: u32 = 240; // i64, the worker's
export const SESSION_POLICE_AT: u32 = 248; // u64, the worker's: when they were counted, microseconds
export const SESSION_REASONS: u32 = 256; // SESSION_REASON_COUNT u32, the worker's: drops by reason
export const SESSION_REASON_COUNT: u32 = 32;
export const SESSION_PARTNER: u32 = 384; // u64, generation << 32 | index of where frames go on; 0: nowhere
export const SESSION_PREFIX_NUMBERED: u32 = 392; // the same with Ns and Nr: 4 octets more
export const SESSION_FOLLOWED: u32 = 408; // u32, the worker's: 1 when the last message had Ns
export const SESSION_SIZE: u32 = 448; // an odd number of cache lines
export const SESSION_ECHO: u32 = 1; // LCP Echo-Requests are answered by the worker
export const SESSION_REORDER: u32 = 2; // data messages of the peer are put in the order of Ns
export const SESSION_SEQUENCED: u32 = 8; // data messages carry Ns (RFC 2661 5.4)
export const SESSION_POLICED: u32 = 16; // SESSION_POLICE_RATE is not 0
export const SESSION_SHAPED: u32 = 32; // SESSION_SHAPE_RATE is not 0
export const SESSION_FOLLOWS: u32 = 128; // they carry Ns when those of the peer do: it is the LNS
export const SESSION_EVERYTHING: u32 = 256; // all addresses are the peer's: we are its client
export const SESSION_SWITCHED: u32 = 64; // frames of the peer go on in another session, unopened
export const SESSION_ROUTED: u32 = 4; // subnets beyond the address and the /64 belong to the peer
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

// Prefix records (index 0 is none): subnets of any length that belong to a session's peer.
export const PREFIX_COUNT: u32 = 16384;
export const PREFIX_BUCKET_COUNT: u32 = 16384; // a power of two
export const PREFIX_LENGTHS_WORDS: u32 = 5; // a bit for each length, 0 to 128
export const PREFIX_NEXT: u32 = 0; // u32, next record of the bucket
export const PREFIX_NETWORK: u32 = 4; // u32
export const PREFIX_LENGTH: u32 = 8; // u32, bits
export const PREFIX_SESSION: u32 = 12; // u32, index of the session record
export const PREFIX_GENERATION: u32 = 16; // u32, generation of the session record
export const PREFIX_UPPER: u32 = 24; // u64, as numbers, bits behind the length are 0
export const PREFIX_LOWER: u32 = 32; // u64
export const PREFIX_SIZE: u32 = 64;
export const PREFIX_LENGTHS: u32 = SUBNETS_END;
export const PREFIX_BUCKETS: u32 = PREFIX_LENGTHS + 64;
export const PREFIX_RECORDS: u32 = PREFIX_BUCKETS + PREFIX_BUCKET_COUNT * 4;
export const PREFIXES_END: u32 = PREFIX_RECORDS + (PREFIX_COUNT + 1) * PREFIX_SIZE;

// What waits for the shaper, by index of the session; the owner's. Frames lie in slots of its pool.
export const SHAPER_TOKENS: u32 = 0; // i64, millionths of an octet that may be sent; a debt below 0
export const SHAPER_AT: u32 = 8; // u64, when they were counted, microseconds
export const SHAPER_GENERATION: u32 = 16; // u32, of the session record
export const SHAPER_EPOCH: u32 = 20; // u32, of the pool that the frames are in
export const SHAPER_FRAMES: u32 = 24; // u32, frames that wait
export const SHAPER_QUEUED: u32 = 28; // u32, octets of IP in them
export const SHAPER_NEXT: u32 = 32; // u32, index of the next session of the same bucket
export const SHAPER_TURN: u32 = 36; // u32, which queue has its turn
export const SHAPER_IS_WAITING: u32 = 40; // u32, whether it is on the wheel
export const SHAPER_QUEUES: u32 = 64; // QUEUE_COUNT of them: flows share them by their hash
export const QUEUE_COUNT: u32 = 8;
export const QUEUE_HEAD: u32 = 0; // u32, slot of the pool, 0 none
export const QUEUE_TAIL: u32 = 4; // u32
export const QUEUE_DEFICIT: u32 = 8; // i32, octets it may still send in its turn
export const QUEUE_OCTETS: u32 = 12; // u32, octets of IP that wait
export const QUEUE_SIZE: u32 = 16;
export const SHAPER_SIZE: u32 = 192;
export const SHAPERS: u32 = PREFIXES_END;
export const SHAPERS_END: u32 = SHAPERS + (SESSION_COUNT + 1) * SHAPER_SIZE;

export const MEMORY_SIZE: u32 = SHAPERS_END;

// Counters of a worker: index of a u64 at WORKER_COUNTERS; below SESSION_REASON_COUNT they are drops that
// a session counts as well, with the same index. The names that users see stand in
// src/dataplane/counters.ts.
export const COUNT_UP_WRONG_PEER: u32 = 0;
export const COUNT_UP_PPP: u32 = 1;
export const COUNT_UP_NOT_OPEN: u32 = 2;
export const COUNT_UP_IP_HEADER: u32 = 3;
export const COUNT_UP_SOURCE_ADDRESS: u32 = 4;
export const COUNT_UP_OTHER_NETWORK: u32 = 5;
export const COUNT_UP_OWN_SUBNET: u32 = 6;
export const COUNT_UP_TRUNCATED: u32 = 7;
export const COUNT_UP_PUNT_FULL: u32 = 8;
export const COUNT_UP_PUNT_SHARE: u32 = 9;
export const COUNT_UP_POLICED: u32 = 10;
export const COUNT_DOWN_NOT_OPEN: u32 = 11;
export const COUNT_DOWN_TOO_BIG: u32 = 12;
export const COUNT_DOWN_SHAPED: u32 = 13;
export const COUNT_DOWN_POOL_FULL: u32 = 14;
export const COUNT_UP_ECN: u32 = 15;
export const COUNT_UP_LATE: u32 = 16;
export const COUNT_UP_ECHO_SHARE: u32 = 17;
export const COUNT_UP_NO_PARTNER: u32 = 18;
// From here on what befalls no session.
export const COUNT_UP_PACKETS: u32 = 32;
export const COUNT_UP_OCTETS: u32 = 33;
export const COUNT_UP_PUNTED: u32 = 34;
export const COUNT_UP_MALFORMED: u32 = 35;
export const COUNT_UP_VERSION: u32 = 36;
export const COUNT_UP_CONTROL: u32 = 37;
export const COUNT_UP_NO_SESSION: u32 = 38;
export const COUNT_UP_TUN_WRITE: u32 = 39;
export const COUNT_DOWN_PACKETS: u32 = 40;
export const COUNT_DOWN_OCTETS: u32 = 41;
export const COUNT_DOWN_INJECTED: u32 = 42;
export const COUNT_DOWN_NOT_IP: u32 = 43;
export const COUNT_DOWN_IP_HEADER: u32 = 44;
export const COUNT_DOWN_NO_ROUTE: u32 = 45;
export const COUNT_DOWN_SEND: u32 = 46;
export const COUNT_DOWN_INJECT_STALE: u32 = 47;
export const COUNT_DOWN_NOT_ROUTABLE: u32 = 48;
export const COUNT_UP_CONTROL_FULL: u32 = 49;
export const COUNT_UP_HANDED: u32 = 50;
export const COUNT_UP_HANDED_FULL: u32 = 51;
export const COUNT_DOWN_HANDED: u32 = 52;
export const COUNT_DOWN_HANDED_FULL: u32 = 53;
export const COUNT_DOWN_ERRORS: u32 = 54;
export const COUNT_DOWN_ERRORS_LIMITED: u32 = 55;
export const COUNT_DOWN_FRAGMENTED: u32 = 56;
export const COUNT_UP_ECHO: u32 = 57;
export const COUNT_UP_HELD: u32 = 58;
export const COUNT_UP_SWITCHED: u32 = 59;
export const COUNT_UP_SWITCHED_OCTETS: u32 = 60;
export const COUNTER_COUNT: u32 = 64;
