/**
 * Ten million packets through a worker's real loop, against system calls that only copy and count;
 * prints as JSON what of the heap was used up meanwhile. Runs on either runtime. With `plant` one
 * BigInt is made for each packet that is written, to show that it would be seen.
 */
import * as layout from "../../assembly/layout.ts";
import type { PacketCalls } from "../../src/dataplane/calls.ts";
import { Loop } from "../../src/dataplane/loop.ts";
import { EAGAIN } from "../../src/linux/errno.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { Flow } from "../reference/hosts.ts";
import { buildVirtio, TYPE } from "../reference/offload.ts";
import { PacketRandom } from "../reference/packets.ts";
import { CLIENT, dataMessage, HOST, pppFrame } from "../unit/dataplane/frames.ts";
import { ALL_OFFLOADS, BASE, Plane } from "../unit/dataplane/plane.ts";

const PACKETS = 10_000_000;
const WARM_UP = 2_000_000;
const SAMPLES = 100;
const SEGMENTS = 40;
const SESSIONS = 10;
const [SOCKET, TUN] = [10, 11];
const NO_EVENT = new Uint8Array(0);

/** What one turn of the loop finds: messages of the socket, packets of the device. */
interface Turn {
  readonly datagrams: readonly Uint8Array[];
  readonly segments: readonly number[];
  readonly reads: readonly Uint8Array[];
  /** Buffers are full: nothing can be written or sent. */
  readonly isFull?: boolean;
}

/** Copies the same turns again and again; nothing in here makes an object. */
class Kernel implements PacketCalls {
  readonly plane: Plane;
  readonly turns: readonly Turn[];
  readonly name = encodeSockaddr("192.0.2.9", 1701);
  readonly plants: boolean;
  writes = 0;
  messages = 0;
  planted = 0n;
  readonly #events = new Map<number, Uint8Array>();
  #turn = 0;
  #read = 0;

  constructor(plane: Plane, turns: readonly Turn[], plants: boolean) {
    this.plane = plane;
    this.turns = turns;
    this.plants = plants;
  }

  errno() {
    return EAGAIN;
  }

  epollCreate() {
    return 14;
  }

  epollControl(_epoll: number, _operation: number, fd: number, event: Uint8Array) {
    this.#events.set(fd, event.slice());
    return 0;
  }

  /** The socket and the device are always ready. */
  epollWait() {
    this.#turn = (this.#turn + 1) % this.turns.length;
    this.#read = 0;
    const { octets, worker } = this.plane;
    const [socket = NO_EVENT, tun = NO_EVENT] = [this.#events.get(SOCKET), this.#events.get(TUN)];
    octets.set(socket, worker + layout.WORKER_EVENTS);
    octets.set(tun, worker + layout.WORKER_EVENTS + socket.length);
    return 2;
  }

  close() {
    return 0;
  }

  recvmmsg(_fd: number, _messages: bigint, count: number) {
    const { datagrams, segments } = this.turns[this.#turn] as Turn;
    const { octets, view, worker } = this.plane;
    const received = Math.min(count, datagrams.length);
    for (let index = 0; index < received; index++) {
      const datagram = datagrams[index] as Uint8Array;
      const receive = worker + layout.WORKER_RECEIVE;
      octets.set(datagram, receive + layout.RECEIVE_BUFFERS + index * layout.BUFFER_SIZE);
      octets.set(this.name, receive + layout.RECEIVE_NAMES + index * layout.SOCKADDR_MAX);
      const message = receive + index * layout.MMSGHDR_SIZE;
      view.setUint32(message + layout.MMSGHDR_LENGTH, datagram.length, true);
      view.setUint32(message + layout.MMSGHDR_CONTROL_LENGTH, 24, true);
      const control = receive + layout.RECEIVE_CONTROLS + index * layout.RECEIVE_CONTROL_SIZE;
      view.setInt32(control, 20, true);
      view.setInt32(control + 8, 17, true);
      view.setInt32(control + 12, 104, true);
      view.setInt32(control + 16, segments[index] ?? 0, true);
    }
    return received;
  }

  readv() {
    const { octets, worker } = this.plane;
    const packet = (this.turns[this.#turn] as Turn).reads[this.#read];
    if (packet === undefined) return -1;
    const buffer = worker + layout.WORKER_READ + this.#read * layout.BUFFER_SIZE;
    octets.set(packet, buffer + layout.BUFFER_HEADROOM - layout.VIRTIO_SIZE);
    this.#read++;
    return packet.length;
  }

  writev() {
    this.writes++;
    if (this.plants) this.planted = BASE + BigInt(this.writes);
    return (this.turns[this.#turn] as Turn).isFull === true ? -1 : 1;
  }

  sendmmsg(_fd: number, _messages: bigint, count: number) {
    this.messages += count;
    return (this.turns[this.#turn] as Turn).isFull === true ? -1 : count;
  }

  usleep() {
    return 0;
  }

  eventfdWrite() {
    return 0;
  }

  eventfdRead() {
    return 0;
  }
}

function octetsOf(address: string): number[] {
  return address.split(".").map(Number);
}

function clientOf(session: number): string {
  return CLIENT.replace(/\d+$/, String(2 + session));
}

function flow(session: number, isTcp: boolean, size: number, isUp: boolean): Flow {
  const [client, host] = [octetsOf(clientOf(session)), octetsOf(HOST)];
  const pair = isUp ? { source: client, destination: host } : { source: host, destination: client };
  return new Flow(new PacketRandom(1 + session), pair, 0, { isTcp, size, idStep: 1 });
}

function datagramOf(session: number, packet: Uint8Array): Uint8Array {
  return dataMessage(7, 8 + session, pppFrame(packet));
}

/** Bulk of a few flows in GRO buffers and super-packets. */
function bulk(isTcp: boolean): Turn {
  const datagrams = Array.from({ length: 16 }, (_, index) => {
    const stream = flow(index % SESSIONS, isTcp, 200, true);
    return Buffer.concat(
      Array.from({ length: SEGMENTS }, () => datagramOf(index % SESSIONS, stream.next())),
    );
  });
  const reads = Array.from({ length: 16 }, (_, index) => {
    const { packet, start } = flow(index % SESSIONS, isTcp, 200, false).whole(200 * SEGMENTS, 0);
    const virtio = buildVirtio({
      flags: 1,
      type: isTcp ? TYPE.tcp4 : TYPE.udp,
      size: 200,
      headerLength: packet.length - 200 * SEGMENTS,
      checksumStart: start,
      checksumOffset: isTcp ? 16 : 6,
    });
    return Buffer.concat([virtio, packet]);
  });
  const segments = datagrams.map((datagram) => datagram.length / SEGMENTS);
  return { datagrams, segments, reads };
}

/** Frames of sessions that are switched: buffers of one and of all, and one by one. */
function switched(): Turn {
  const frameOf = (session: number) => dataMessage(7, 108 + session, new Uint8Array(200));
  const buffer = (session: (index: number) => number) =>
    Buffer.concat(Array.from({ length: SEGMENTS }, (_, index) => frameOf(session(index))));
  const datagrams = Array.from({ length: 24 }, (_, index) => {
    if (index < 8) return buffer(() => index % SESSIONS);
    return index < 16 ? buffer((at) => at % SESSIONS) : frameOf(index % SESSIONS);
  });
  return { datagrams, segments: datagrams.map(() => 208), reads: [] };
}

/** Packets that come one by one, `count` of them both ways; nothing joins. */
function singles(count: number): Turn {
  const flows = Array.from({ length: count }, (_, index) => index % SESSIONS);
  const datagrams = flows.map((session, index) => {
    return datagramOf(session, flow(session, index % 2 === 0, 60 + index, true).next());
  });
  const reads = flows.map((session, index) =>
    Buffer.concat([buildVirtio(), flow(session, index % 2 === 0, 60 + index, false).next()]),
  );
  return { datagrams, segments: datagrams.map(() => 0), reads };
}

function packetsOf(plane: Plane): number {
  const counters = plane.counters();
  const { "up.packets": up = 0, "up.switched": onward = 0, "down.packets": down = 0 } = counters;
  return up + onward + down;
}

/** Bulk, full batches that pass or do not, and a trickle. */
function start(plants: boolean) {
  const plane = new Plane(0, ALL_OFFLOADS);
  for (let session = 0; session < SESSIONS; session++) {
    plane.session(7, 8 + session, clientOf(session));
    plane.table.switch(plane.session(7, 108 + session), plane.session(9, 108 + session));
  }
  const trickle = Array.from({ length: 20 }, () => singles(1));
  const full = singles(layout.BUFFER_COUNT);
  const bulks = [bulk(true), bulk(false), switched(), { ...switched(), isFull: true }];
  const turns = [...bulks, full, { ...full, isFull: true }, ...trickle];
  const kernel = new Kernel(plane, turns, plants);
  const loop = new Loop(kernel, plane.forwarding, {
    memory: plane.memory,
    base: BASE,
    worker: plane.worker,
    ...{ link: [], data: [SOCKET] },
    tuns: [[TUN]],
    wakes: [12],
    wakeControl: 13,
    clock: () => 0,
  });
  const round = () => {
    for (let turn = 0; turn < turns.length; turn++) loop.turn(0);
  };
  return { plane, kernel, round };
}

const { plane, kernel, round } = start(process.argv.includes("plant"));
while (packetsOf(plane) < WARM_UP) round();
const warm = packetsOf(plane);
round();
const perRound = packetsOf(plane) - warm;
const roundsPerSample = Math.ceil(PACKETS / perRound / SAMPLES);
const heap = new Float64Array(SAMPLES + 1);
const packetsBefore = packetsOf(plane);
const callsBefore = kernel.writes + kernel.messages;
for (let sample = 0; sample <= SAMPLES; sample++) {
  if (sample > 0) for (let n = 0; n < roundsPerSample; n++) round();
  heap[sample] = process.memoryUsage().heapUsed;
}
// A collection makes the heap smaller in between: only what was added counts, and is never undone.
let added = 0;
for (let sample = 1; sample <= SAMPLES; sample++) {
  added += Math.max(0, (heap[sample] ?? 0) - (heap[sample - 1] ?? 0));
}
const calls = kernel.writes + kernel.messages - callsBefore;
console.log(JSON.stringify({ packets: packetsOf(plane) - packetsBefore, calls, added }));
