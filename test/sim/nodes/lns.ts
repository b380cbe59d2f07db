/**
 * The LNS of a world: the program's own cores, wired as the daemon wires them, over the program's
 * own data plane. Only sockets, TUN device, clock and randomness are the world's.
 *
 * @module
 */
import type { Grant } from "../../../src/aaa/index.ts";
import { Subscribers } from "../../../src/daemon/subscribers.ts";
import { Endpoint, type EndpointEvent, type Path } from "../../../src/l2tp/index.ts";
import { createLog } from "../../../src/observe/log.ts";
import type { Plane } from "../../unit/dataplane/plane.ts";
import type { Plan } from "../plan.ts";
import { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { NETWORK, SimAaa } from "./aaa.ts";

export interface SimLnsOptions {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly plane: Plane;
  /** A datagram that leaves, for this port of the peer. */
  readonly transmit: (datagram: Uint8Array, port: number) => void;
  /** A packet that the LNS writes to its TUN device. */
  readonly toHost: (packet: Uint8Array) => void;
  readonly onEvent: (event: EndpointEvent) => void;
  readonly onGrant: (grant: Grant, out: ReadonlySet<Grant>) => void;
}

const MTU = 1_400;
const CONTROL = 0x80; // T, in the first octet of the header

export class SimLns {
  readonly aaa: SimAaa;
  readonly core: Endpoint;
  readonly subscribers: Subscribers;
  readonly #options: SimLnsOptions;
  /** Outside the progress of a turn an answer of AAA is the only thing that moves. */
  readonly #scheduler: Scheduler;

  constructor(options: SimLnsOptions) {
    const { plan, scheduler, plane, onGrant } = options;
    this.#options = options;
    this.#scheduler = scheduler;
    const random = new Random(plan.seed, "lns");
    const octets = (length: number) => random.octets(length);
    const aaaRandom = new Random(plan.seed, "aaa");
    this.aaa = new SimAaa({ scheduler, random: aaaRandom, delay: plan.aaaDelay, onGrant });
    this.core = new Endpoint({
      role: "lns",
      hostName: "simplon",
      secret: plan.secret,
      helloInterval: plan.hello,
      retransmitCap: 8_000,
      retransmitCount: 5,
      maxTunnels: 100,
      maxSessions: 200,
      followPort: true,
      lastHeard: (tunnelId) => this.subscribers.lastHeard(tunnelId),
      random: octets,
    });
    this.subscribers = new Subscribers({
      table: plane.table,
      injectOf: () => plane.inject,
      aaa: this.aaa,
      link: { mru: MTU, authMethods: plan.authMethods, hostName: "simplon", random: octets },
      networks: new Map([[NETWORK.name, { index: 0, mtu: MTU }]]),
      clock: () => scheduler.now,
      endpoint: this.core,
      closeSession: ({ tunnelId, sessionId }, result, now) =>
        this.core.closeSession(tunnelId, sessionId, result, now),
      onProgress: () => this.flush(),
      log: createLog({ level: "fatal", human: false, sink: { write: () => undefined } }),
    });
  }

  get timeout(): number {
    return Math.min(this.core.pollTimeout(), this.subscribers.pollTimeout());
  }

  /** A datagram for port 1701: control messages to the core, the others to the worker. */
  receive(datagram: Uint8Array, path: Path): void {
    const { plane, toHost, transmit } = this.#options;
    const { now } = this.#scheduler;
    if (((datagram[0] ?? 0) & CONTROL) !== 0) {
      this.core.handleInput({ datagram, path }, now);
    } else {
      const packets = plane.up([datagram], { address: path.peer, port: path.peerPort });
      for (const { packet } of packets) toHost(packet);
      for (const { datagram, name } of plane.echoes.splice(0)) transmit(datagram, portOf(name));
      for (let punted = plane.punt.take(); punted !== undefined; punted = plane.punt.take()) {
        this.subscribers.handleFrame(punted, now);
      }
    }
    this.flush();
  }

  /** A packet that the network behind sends to a client. */
  fromHost(packet: Uint8Array): void {
    const { plane, transmit } = this.#options;
    for (const { datagram, name } of plane.down([packet])) transmit(datagram, portOf(name));
  }

  handleTimeout(): void {
    const { now } = this.#scheduler;
    if (this.core.pollTimeout() <= now) this.core.handleTimeout(now);
    this.subscribers.handleTimeout(now);
    this.subscribers.resume();
    this.flush();
  }

  /** Passes on what the cores want known and sent. */
  flush(): void {
    const { plane, transmit, onEvent } = this.#options;
    const { core, subscribers } = this;
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      onEvent(event);
      subscribers.handleEvent(event, this.#scheduler.now);
    }
    for (let out = core.pollTransmit(); out !== undefined; out = core.pollTransmit()) {
      transmit(out.datagram, out.path.peerPort);
    }
    while (plane.inject.head !== plane.inject.tail) {
      for (const { datagram, name } of plane.sendInjected()) transmit(datagram, portOf(name));
    }
  }
}

/** sin_port, and sin6_port too. */
function portOf(name: Uint8Array): number {
  return ((name[2] ?? 0) << 8) | (name[3] ?? 0);
}
