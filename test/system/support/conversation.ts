/**
 * A conversation of two endpoints in which every message of RFC 2661 passes in both directions that it
 * has, with every AVP of RFC 2661 and 3145 that we send, in the clear and hidden (tshark 4.0 knows none of RFC
 * 3308 and 3437); as a capture that tshark can read. What no
 * LNS and no client of the other tests asks for is in it too: outgoing calls, WEN and SLI.
 */
import { writeFileSync } from "node:fs";
import { checksum } from "../../../src/codec/index.ts";
import { type Call, type Connected, Endpoint, type Role } from "../../../src/l2tp/index.ts";
import { ipv4 } from "../../../src/net.ts";
import { seededRandom } from "../../peer/control.ts";
import { utf8 } from "../../peer/lac.ts";

const PORT = 1701;
const HELLO_MS = 60_000;
const SECRET = "between us";
const LAC = "10.8.0.2";
const LNS = "10.8.0.1";
const CALL: Call = {
  calledNumber: "5551234",
  callingNumber: "+49305550199",
  subAddress: "7",
  bearerType: 1,
  framingType: 1,
  physicalChannelId: 42,
  minimumBps: 64_000,
  maximumBps: 100_000_000,
};
const CONNECTED: Connected = {
  txConnectSpeed: 100_000_000,
  rxConnectSpeed: 50_000_000,
  framingType: 1,
  sequencingRequired: true,
  privateGroupId: "office",
  proxyLcp: {
    initialReceived: Uint8Array.of(1, 4, 5, 0xdc, 5, 6, 1, 2, 3, 4),
    lastSent: Uint8Array.of(3, 5, 0xc2, 0x23, 5, 5, 6, 9, 8, 7, 6),
    lastReceived: Uint8Array.of(1, 4, 5, 0x78, 5, 6, 1, 2, 3, 4),
  },
  proxyAuthen: {
    type: 2,
    name: utf8("bob@upstream.test"),
    challenge: utf8("sixteen octets.."),
    id: 7,
    response: utf8("sixteen of these"),
  },
};
const ERRORS = { crc: 1, framing: 2, hardwareOverruns: 3, bufferOverruns: 4 };
const ADMINISTRATIVE = { code: 3, error: 0, message: "the end" };

/** Both ends of one network without loss and delay; what passes is written down. */
class Network {
  readonly packets: Uint8Array[] = [];
  now = 0;
  readonly #ends = new Map<string, Endpoint>();

  add(address: string, role: Role): Endpoint {
    const end = new Endpoint({
      role,
      hostName: `${role}.test`,
      secret: SECRET,
      helloInterval: HELLO_MS,
      retransmitCap: 8_000,
      retransmitCount: 5,
      maxTunnels: 10,
      maxSessions: 10,
      followPort: true,
      random: seededRandom(this.#ends.size + 1),
    });
    this.#ends.set(address, end);
    return end;
  }

  /** Lets time pass, and all that is due then. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.#deliver() || this.#wake(until));
    this.now = until;
  }

  #deliver(): boolean {
    let isMoving = false;
    for (const [local, end] of this.#ends) {
      for (let out = end.pollTransmit(); out !== undefined; out = end.pollTransmit()) {
        const { datagram, path } = out;
        isMoving = true;
        this.packets.push(udp(local, path.peer, datagram));
        const back = { peer: local, peerPort: PORT, local: path.peer };
        this.#ends.get(path.peer)?.handleInput({ datagram, path: back }, this.now);
      }
    }
    return isMoving;
  }

  #wake(until: number): boolean {
    const next = Math.min(...[...this.#ends.values()].map((end) => end.pollTimeout()));
    if (next > until) return false;
    this.now = Math.max(this.now, next);
    for (const end of this.#ends.values()) end.handleTimeout(this.now);
    return true;
  }
}

/** Writes the capture. */
export function writeConversation(file: string): void {
  const network = new Network();
  const lac = network.add(LAC, "lac");
  const lns = network.add(LNS, "lns");
  for (const hideAvps of [false, true]) {
    incoming(network, lac, lns, hideAvps);
    outgoing(network, lac, lns, hideAvps);
  }
  writeFileSync(file, capture(network.packets));
}

function incoming(network: Network, lac: Endpoint, lns: Endpoint, hideAvps: boolean): void {
  const path = { peer: LNS, peerPort: PORT, local: LAC };
  const tunnel = lac.connect({ path, role: "lac", hideAvps }, network.now) ?? 0;
  const call = lac.placeCall(tunnel, CALL, network.now, CONNECTED) ?? 0;
  const short = lac.placeCall(tunnel, {}, network.now, {}) ?? 0;
  network.pass(1_000);
  lac.reportErrors(tunnel, call, { ...ERRORS, timeouts: 5, alignment: 6 }, network.now);
  const theirs = sessionOf(lns, tunnel, call);
  const accm = { send: 0xffff_ffff, receive: 0x000a_0000 };
  lns.setAccm(theirs.tunnelId, theirs.sessionId, accm, network.now);
  network.pass(1_000);
  lac.closeSession(tunnel, call, ADMINISTRATIVE, network.now);
  const other = sessionOf(lns, tunnel, short);
  lns.closeSession(other.tunnelId, other.sessionId, { code: 3 }, network.now, {
    ppp: { code: 3, protocol: 0xc023, direction: 1, message: "wrong password" },
    q931: { cause: 16, message: 69, advisory: "cleared" },
  });
  network.pass(HELLO_MS + 1_000);
  lac.closeTunnel(tunnel, { code: 1 }, network.now);
  network.pass(1_000);
}

/** The LNS opens the tunnel and asks the LAC to call. */
function outgoing(network: Network, lac: Endpoint, lns: Endpoint, hideAvps: boolean): void {
  const path = { peer: LAC, peerPort: PORT, local: LNS };
  const tunnel = lns.connect({ path, role: "lns", hideAvps }, network.now) ?? 0;
  const call = lns.placeCall(tunnel, CALL, network.now) ?? 0;
  network.pass(1_000);
  const asked = sessionOf(lac, tunnel, call);
  lac.connectCall(asked.tunnelId, asked.sessionId, CONNECTED, network.now);
  network.pass(1_000);
  lns.closeTunnel(tunnel, { code: 2, error: 4, message: "no more" }, network.now);
  network.pass(1_000);
}

/** What the other end calls a session. */
function sessionOf(end: Endpoint, peerTunnelId: number, peerSessionId: number) {
  const found = [...end.sessions()].find(
    (session) => session.peerTunnelId === peerTunnelId && session.peerSessionId === peerSessionId,
  );
  if (found === undefined) throw new Error("the other end has no such session");
  return found;
}

/** An Ethernet frame with a UDP datagram, without a UDP checksum. */
function udp(source: string, destination: string, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + 20 + 8 + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  frame.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17], 14);
  view.setUint16(16, 28 + payload.length);
  view.setUint32(26, ipv4(source));
  view.setUint32(30, ipv4(destination));
  view.setUint16(24, checksum(frame.subarray(14, 34)));
  view.setUint16(34, PORT);
  view.setUint16(36, PORT);
  view.setUint16(38, 8 + payload.length);
  frame.set(payload, 42);
  return frame;
}

/** A pcap file with frames of Ethernet. */
function capture(frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4);
  header.set([2, 0, 4, 0], 4);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}
