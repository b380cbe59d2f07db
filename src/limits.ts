/**
 * Every bound of simplon, with its reason. Reaching one is counted and visible, never silent.
 * Times are in milliseconds unless the name says otherwise.
 *
 * @module
 */

export * from "./limits/config.ts";
export * from "./limits/decode.ts";

// L2TP control connection

/** Intervals double from here (RFC 2661 5.8): retransmissions at 1, 3, 7, 15 and 23 s. */
export const RETRANSMIT_INITIAL_MS = 1_000;
/** Default cap of the interval. */
export const RETRANSMIT_CAP_MS = 8_000;
/** Default count of retransmissions; the tunnel is cleared one interval after the last (31 s). */
export const RETRANSMIT_COUNT = 5;
/** A ZLB waits this long for a message to ride on; far below a peer's first retransmission. */
export const ACK_DELAY_MS = 100;
/** What a peer that names no Receive Window Size is taken to have (RFC 2661 4.4.3). */
export const PEER_WINDOW_DEFAULT = 4;
/** A peer's larger window is used up to here: more in flight helps no control connection. */
export const PEER_WINDOW_MAX = 64;
/**
 * What we tell a peer that it may send at once: eight sessions come up in each round trip. Messages
 * ahead of their turn are kept only inside this window, so what a tunnel can make us keep stays
 * within 16 messages (24 kB).
 */
export const RECEIVE_WINDOW = 16;
/**
 * Control messages waiting behind a closed window; over it an ICRQ is left for its repetition.
 * With a peer's window of 4 and a round trip of 50 ms so many are gone in 13 s: within the 31 s
 * that a peer repeats itself.
 */
export const SEND_QUEUE_MAX = 1_024;
/** Octets of AVP values in a message that is kept ahead of its turn; a larger one is dropped. */
export const EARLY_MESSAGE_MAX = 1_500;
/** State stays for one full retransmission cycle after StopCCN (RFC 2661 5.7). */
export const TUNNEL_LINGER_MS = 31_000;
/** Ids in use or resting, of 65,535; a sixteenth stays free, so that the next is no certainty. */
export const IDS_TAKEN_MAX = 61_440;
/** Draws for one id: with three quarters taken 64 fail once in 10^8, then the next free one is it. */
export const ID_DRAWS_MAX = 64;
/** An id that was used last is not given out again for this long. */
export const ID_QUARANTINE_MS = 60_000;
/** A tunnel that is not established by then is cleared: one retransmission cycle and a little. */
export const TUNNEL_SETUP_MS = 60_000;
/** A session that is not established by then gets a CDN. */
export const SESSION_SETUP_MS = 60_000;
/** Between two WENs of one session (RFC 2661 6.13). */
export const CALL_ERRORS_INTERVAL_MS = 60_000;
/**
 * PPP frames of `Lac` and `Lns` that wait for their owner, in each direction: what a batch of a socket
 * brings before it is drained, 1.5 MB of usual ones. Further ones are dropped.
 */
export const FRAMES_WAITING_MAX = 1_024;
/** Octets of a PPP frame in a UDP datagram over IPv4, behind an L2TP header with Length, Ns and Nr. */
export const FRAME_SIZE_MAX = 65_507 - 12;
/** Octets of the value of one AVP (RFC 2661 4.1: Length has 10 bits). */
export const AVP_VALUE_MAX = 1_017;
/** Octets of the Random Vector that we send; RFC 2661 4.4.1 wants at least so many. */
export const RANDOM_VECTOR_SIZE = 16;
/** Octets of our Tie Breaker (RFC 2661 4.4.3). */
export const TIE_BREAKER_SIZE = 8;
/** AVPs in one control message: the largest standard message has fewer than 30. */
export const AVPS_MAX = 64;
/** Octets of text kept from a peer (Host Name, Error Message, numbers); longer is cut. */
export const PEER_TEXT_MAX = 128;
/** Octets of a number or group of a call that goes on as it came; a longer one goes on as its text. */
export const PASSED_TEXT_MAX = 255;
/**
 * Octets of an SCCRP, of its retransmission and of a StopCCN that refuses: all that an address gets
 * which has not shown that it is really there. The smallest SCCRQ has 53.
 */
export const UNPROVEN_ANSWER_MAX = 128;
/** Octets of our own Host Name; a configuration may have no longer one. The SCCRP stays within the above. */
export const HOST_NAME_MAX = 64;
/** The same with a tunnel secret: Challenge and Challenge Response take 44 octets of the SCCRP. */
export const HOST_NAME_WITH_SECRET_MAX = 32;
/** Octets of the Bearer Capabilities AVP, which an SCCRP of a LAC has too; its name is shorter by it. */
export const BEARER_CAPABILITIES_SIZE = 10;
/**
 * Such answers a second, in all; over that an SCCRQ is dropped in silence. 4.1 Mbit/s of L2TP octets
 * at most; with the headers of UDP and IP 5 Mbit/s by IPv4, 5.6 Mbit/s by IPv6.
 */
export const UNPROVEN_ANSWERS_PER_SECOND = 4_000;
/** Such answers at once, after a pause. */
export const UNPROVEN_ANSWERS_BURST = 2_000;
/** For this long an answer counts against the source that got it. */
export const UNPROVEN_MEMORY_MS = 10_000;
/**
 * Such answers that count against one source; 13 kB/s of L2TP octets (16 with the headers of UDP
 * and IPv4) is what can be reflected to an address.
 */
export const UNPROVEN_ANSWERS_PER_SOURCE_MAX = 1_024;
/** Tunnels that are not established, in all: a sixteenth of all ids. */
export const HALF_OPEN_MAX = 4_096;
/**
 * The same from one source (an IPv6 source is a /64). 500 clients behind one address that all begin
 * at once have room; each more makes it likelier that a blind guess hits the id of one of them.
 */
export const HALF_OPEN_PER_SOURCE_MAX = 512;
/** Draws for an old one; with one among fifty, 256 draws all miss it once in 170 times. */
export const HALF_OPEN_DRAWS_MAX = 256;
/**
 * A half-open tunnel gives way only when it is older: no round trip on earth takes longer. There
 * is always one, as no more begin in this time than the burst and the rate of the answers allow.
 */
export const HALF_OPEN_YOUNG_MS = 500;
/** Octets of the Challenge that we send (RFC 1994 2.3 wants it as unique as the hash is long). */
export const CHALLENGE_SIZE = 16;
/** Established tunnels in all; Tunnel ID has 16 bits, some are half-open or in quarantine. */
export const TUNNELS_MAX = 32_768;
/** Sessions in all: the size of the data plane's session table. */
export const SESSIONS_MAX = 65_536;
/** Sessions in one tunnel; Session ID has 16 bits, and some of them rest (IDS_TAKEN_MAX). */
export const SESSIONS_PER_TUNNEL_MAX = 60_000;

// Dialling

/**
 * An LNS opens the tunnel and takes the call by then, or the next one of the list is tried: four
 * SCCRQs, and less than the 30 s for which a client repeats its first Configure-Request. A LAC has
 * so long to say that it places an outgoing call.
 */
export const DIAL_ANSWER_MS = 8_000;
/** An LNS that did not is not tried for so long; each time twice as long, up to the most. */
export const LOCKOUT_FIRST_MS = 5_000;
export const LOCKOUT_MOST_MS = 60_000;
/** Outgoing calls that are being placed: whoever waits holds a control connection, half are left. */
export const CALLS_PLACED_MAX = 8;
/** A tunnel without a call stays for so long: the next one may come at once. */
export const DIAL_TUNNEL_IDLE_MS = 10_000;
/** Wait before a client that lost its connection dials again; each time twice as long. */
export const REDIAL_FIRST_MS = 1_000;
export const REDIAL_MOST_MS = 60_000;
/** A connection that lasted so long was a good one: the wait begins anew. */
export const REDIAL_CALM_MS = 60_000;

// PPP

/** Restart timer and counters of RFC 1661 4.6. */
export const PPP_RESTART_MS = 3_000;
/** The first interval between two Configure-Requests; each further one doubles up to the above. */
export const PPP_RESTART_INITIAL_MS = 500;
export const PPP_MAX_CONFIGURE = 10;
export const PPP_MAX_TERMINATE = 2;
export const PPP_MAX_FAILURE = 5;
/** Configure-Requests of a peer in one negotiation before the link is closed as looping. */
export const PPP_NEGOTIATION_MAX = 64;
/** Smallest and largest Information field we work with (RFC 1661 2, RFC 1191 floor for IPv4). */
export const MRU_MIN = 128;
export const MRU_DEFAULT = 1_500;
/** A peer without IPv4 begins with IPv6 by then, or its link has no use. */
export const PPP_NETWORK_WAIT_MS = 15_000;
/** Time to answer a CHAP Challenge or to send a PAP request, and how often it is repeated. */
export const AUTH_RETRY_MS = 3_000;
export const AUTH_RETRY_COUNT = 10;
/** AAA answers by then, or authentication has failed: longer than any peer keeps asking. */
export const AUTH_ANSWER_MS = 60_000;
/** Octets of a user name or password taken from a peer. */
export const AUTH_NAME_MAX = 253;
/** Octets of a message to a peer: a Msg-Length of PAP is one octet (RFC 1334 2.2.2). */
export const AUTH_MESSAGE_MAX = 255;
/** LCP Echo-Request interval, and how many may stay unanswered. */
export const ECHO_INTERVAL_MS = 20_000;
export const ECHO_FAILURES_MAX = 4;
/** PPP frames held for a session that overtook its ICCN. */
export const EARLY_FRAMES_MAX = 4;

// IPv6 inside

/** Unsolicited Router Advertisements: MaxRtrAdvInterval, MinRtrAdvInterval (RFC 4861 6.2.1). */
export const RA_INTERVAL_MAX_MS = 600_000;
export const RA_INTERVAL_MIN_MS = 200_000;
/** The first few come sooner (RFC 4861 10): MAX_INITIAL_RTR_ADVERTISEMENTS and their interval. */
export const RA_INITIAL_COUNT = 3;
export const RA_INITIAL_INTERVAL_MS = 16_000;
/** MIN_DELAY_BETWEEN_RAS: between two to all nodes (RFC 4861 10). */
export const RA_MULTICAST_GAP_MS = 3_000;
/**
 * Lifetimes of the advertised /64, as RFC 9096 has them: an advertisement renews them long
 * before they end, and hosts behind a router that has been given another /64 soon leave this one.
 */
export const PREFIX_VALID_S = 5_400;
export const PREFIX_PREFERRED_S = 2_700;
/** Answers to Neighbour Discovery and echo that a session gets at once, and one more each. */
export const ND_BURST = 20;
export const ND_REFILL_MS = 100;
/** Router Solicitations: the first interval, and that to which it doubles (RFC 7559 2). */
export const RS_INTERVAL_MS = 4_000;
export const RS_INTERVAL_MAX_MS = 3_600_000;
/** Prefixes of which a host makes addresses: one is usual, a local one beside it is not rare. */
export const HOST_PREFIXES_MAX = 4;
/** Name servers that a host takes from advertisements: as many as resolvers ask (RFC 8106 5.3.1). */
export const HOST_DNS_MAX = 3;

// Data plane

/**
 * A session record rests before it is reused: a worker may still stand on it, or have it on its wheel
 * for 128 ms. None is silent for so long and stays; and at 2,000 sessions a second 4,000 rest.
 */
export const RECORD_REST_MS = 2_000;
/** PPP frames that the control thread takes from the punt rings in one turn, of all workers. */
export const PUNTS_PER_TURN = 256;
/**
 * Datagrams that it takes from a socket in one turn. What is dropped at a glance takes a few
 * microseconds, and on a busy host there may be 50 turns a second: with fewer, a flood of such would
 * fill the socket though there is time for it.
 */
export const DATAGRAMS_PER_TURN = 4_096;
/** For how long, ms, it takes control messages in one turn: what waits behind waits no longer. */
export const CONTROL_TURN_MS = 20;
/** The same of SCCRQs. */
export const STARTS_TURN_MS = 10;
/** Control messages of all workers together, that were merged with data. */
export const HANDED_PER_TURN = 512;

// Codec

/** Packets and octets of a Batch: far more than a burst, and a mistaken size takes no memory. */
export const BATCH_PACKETS_MAX = 65_536;
export const BATCH_OCTETS_MAX = 67_108_864;

// Program

/** How long SIGTERM waits for the acknowledgement of CDN and StopCCN. */
export const SHUTDOWN_WAIT_MS = 2_000;
/** Signals this close together are one: terminal, npm and launcher each pass on the same Ctrl-C. */
export const SIGNAL_ECHO_MS = 500;
/** After an error of our own everything is taken down in order; not so much later, at any price. */
export const FAILURE_EXIT_MS = 2_500;
/** Growth of the heap, in octets, that is given back once it has kept its size for so long. */
export const HEAP_SLACK = 33_554_432;
export const HEAP_CALM_MS = 10_000;
/** Growth within that time that an idle process comes to as well. */
export const HEAP_NOISE = 4_194_304;
/**
 * How long a worker lets packets gather, when a turn finds from GATHER_FROM to GATHER_TO of them. Where
 * there are two or more, each gets a part of the packets and waits twice as long for as many.
 */
export const GATHER_US = { alone: 50, beside: 100 } as const;
export const GATHER_FROM = 4;
export const GATHER_TO = 48;
/** Octets of a packet on average; larger ones have been gathered by the kernel. */
export const GATHER_OCTETS = 2_048;
/** Large messages that a worker receives in one turn: what a second-level cache holds. */
export const RECEIVE_LARGE = 8;
/** Octets of super-packets that a worker reads in one turn, for the same reason. */
export const READ_OCTETS = 524_288;
/** Longest sleep of a worker while frames wait for their time: a bucket of its wheel. */
export const WHEEL_MS = 1;
/** The same while frames are held for their turn, which is for 50 ms at most. */
export const HELD_MS = 5;
/** How long a tunnel's path is taken to be too narrow for a message of many frames. */
export const SEGMENT_LIMIT_MS = 60_000;
/** Packets in a queue of a device: 40,000 a second for the 200 ms of a worker's restart. */
export const DEVICE_QUEUE_MAX = 8_192;
/** Longest poll of a worker: bounds how late a stop flag is seen. */
export const POLL_MS = 500;
/** The control thread takes a turn at least so often, to see whether the workers are alive. */
export const TURN_MS = 250;
/** Batches of what other threads hand over that a worker takes in one turn: four full rings. */
export const HANDED_RUNS_PER_TURN = 16;
/** How often the control thread looks which slots lose datagrams. */
export const LOSSES_CHECK_MS = 250;
/** After so long a loss counts half: where less is lost a new tunnel goes first. */
export const LOSSES_HALF_MS = 1_000;
/** Events, and time-outs, that the control thread works on in one go: some 20 ms. */
export const EVENTS_PER_FLUSH = 512;
/** Polls of the control thread that may fail one after the other, as signals make them. */
export const POLL_FAILURES_MAX = 100;
/** A worker leaves when the control thread's heartbeat is this old. */
export const HEARTBEAT_STALE_MS = 2_000;
/** A worker that is silent so long has failed: noticed within 2 s, as each turn looks. */
export const WORKER_STALE_MS = 1_500;
/** Worker threads that may be lost and replaced in that time: more are one fault, time and again. */
export const WORKER_LOSSES_MAX = 5;
export const WORKER_LOSSES_MS = 60_000;
/** How long workers may take to pause, to start or to leave; a start takes some 200 ms. */
export const WORKER_CHANGE_MS = 5_000;
/** How often the control thread looks at their state meanwhile. */
export const WORKER_STATE_MS = 1;
/** How often a service manager is told how much is up, when that has changed. */
export const SERVICE_STATUS_MS = 10_000;
/** Wait after a message to it that was not taken: its queue is full, or it is restarted. */
export const SERVICE_RETRY_MS = 100;
/** Connections to the control socket at once, and octets of one request. */
export const API_CONNECTIONS_MAX = 16;
export const API_REQUEST_MAX = 4_096;
/** How often `simplon show` and `why` ask a server that has no room, and the pause in between. */
export const API_TRIES_MAX = 11;
export const API_RETRY_MS = 100;
/** A control connection that neither asks nor reads for this long is closed. */
export const API_IDLE_MS = 10_000;
/** How long the end waits for masquerading to be taken away; nft needs some 20 ms. */
export const NAT_REMOVAL_MS = 2_000;
/** Octets of an answer of the keeper of addresses and routes that are read at once. */
export const HOST_REPLY_MAX = 4_096;
/** Packets that the host of `--tun none` answers in one turn of the control thread, a network. */
export const HOST_PACKETS_PER_TURN = 64;
/** How long a socket file that is found at the start has to show that a daemon is behind it. */
export const API_PROBE_MS = 500;
/** Rows of one answer message: packed in well under a millisecond of the control thread. */
export const API_CHUNK_ROWS = 256;
/** Octets of one answer message that `simplon show` takes. */
export const API_ANSWER_MAX = 4_194_304;
/** Rows of the busiest sessions in one answer: more than a terminal has lines. */
export const BUSIEST_MAX = 256;
/** What it is measured from is not replaced sooner: two who ask do not disturb each other. */
export const BUSIEST_SAMPLE_MS = 200;
/** Seconds between two pages of `simplon top`. */
export const TOP_INTERVAL = { min: 0.2, max: 60, usual: 1 } as const;
/** Totals that its sparkline shows. */
export const TOP_HISTORY = 40;
/** Path of a Unix socket: `sun_path` has 108 octets, the last is NUL (unix(7)). */
export const SOCKET_PATH_MAX = 107;
/** Path of the history file: PATH_MAX is 4096, with room for a suffix while it is rewritten. */
export const HISTORY_PATH_MAX = 4_000;
/** Octets of log lines that wait for a slow reader; further lines are dropped and counted. */
export const LOG_BUFFER_MAX = 1_048_576;
/** Wait before writing to a log pipe again that takes nothing at the moment. */
export const LOG_RETRY_MS = 50;
/** How long the end of the program waits for a slow reader of its log. */
export const LOG_FLUSH_MS = 500;
/** Levels and elements of one logged value; what lies deeper is named, not shown. */
export const LOG_DEPTH_MAX = 6;
export const LOG_ELEMENTS_MAX = 64;
/** Characters of one text in an entry of the history. */
export const HISTORY_TEXT_MAX = 128;
/** Addresses of one session in the history: one of each family, and some of renegotiations. */
export const HISTORY_ADDRESSES_MAX = 8;
/**
 * Entries of the history, 16,384 in all. Those of users who proved who they are, of peers that have
 * a tunnel, and of addresses that may be forged have shares of their own: whoever needs no password
 * to make entries cannot push out the history of those who have one.
 */
export const HISTORY_ENTRIES_MAX = { user: 12_288, visitor: 3_072, stranger: 1_024 } as const;
/** Octets of an entry on average: bounds each share; an entry usually has 300. */
export const HISTORY_ENTRY_OCTETS = 512;
/** Octets of the history file, after which it is written anew with what is kept, half at most. */
export const HISTORY_FILE_MAX = 16_777_216;
/** Repetitions within this time are one entry: same source, user and code. */
export const HISTORY_REPEAT_MS = 60_000;
/** New entries in that time; further ones are one entry a code, without a name or an address. */
export const HISTORY_NEW_MAX = { visitor: 512, stranger: 64 } as const;
/** Entries of this time are written together: what a crash loses at most. */
export const HISTORY_WRITE_MS = 100;
/** Counts of repetitions are written this often: the rest of what a crash loses. */
export const HISTORY_COUNT_MS = 5_000;
/** Octets that wait for a slow disk before the file is written anew from memory instead. */
export const HISTORY_PENDING_MAX = 1_048_576;
/** Entries that are written between two turns of other work. */
export const HISTORY_CHUNK = 256;
/** Wait after a write that failed before the next attempt. */
export const HISTORY_RETRY_MS = 60_000;
/** How long the end of the program waits for a slow disk. */
export const HISTORY_CLOSE_MS = 1_000;
/** Octets of what "simplon why" and "show history --user" are asked about. */
export const SUBJECT_MAX = 256;
/** Newest entries that "simplon why" counts: a month of a client that redials every 20 minutes. */
export const WHY_ENTRIES_MAX = 2_000;
/** Starts and ends of the LNS in which it looks for one without a goodbye: eight runs. */
export const WHY_RUNS_MAX = 16;
/** Failed tunnels that it groups where nothing is known of a user, how old, how many groups. */
export const WHY_FAILURES_MAX = 512;
export const WHY_FAILURES_MS = 3_600_000;
export const WHY_FAILURE_GROUPS_MAX = 5;
/** Kinds of endings that it tells; with more, the newest would scroll off a terminal. */
export const WHY_GROUPS_MAX = 6;
