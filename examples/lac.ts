/**
 * A LAC that dials in itself: `Lac` speaks L2TP, a `PeerLink` is the PPP end behind it. It gets an
 * address, sends one IPv4 packet, waits for what comes back, and hangs up.
 *
 *     node lac.ts [address] [port] [user] [password]
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import {
  buildPpp,
  type Credentials,
  checksum,
  DisconnectCode,
  Lac,
  PeerLink,
  parsePpp,
} from "simplon";

const [address = "127.0.0.1", port = "1701", user = "demo", password = "demo"] =
  process.argv.slice(2);
const IPV4 = 0x0021;

const credentials: Credentials = {
  name: user,
  pap: () => new TextEncoder().encode(password),
  chap: (identifier, challenge) =>
    createHash("md5").update(Uint8Array.of(identifier)).update(password).update(challenge).digest(),
  mschapv2: () => {
    throw new Error("not among the methods that are taken");
  },
};

const random = (length: number) => new Uint8Array(randomBytes(length));
const lac = new Lac({ hostName: "lac.example", secret: "tunnel secret", random });
const link = new PeerLink({
  mru: 1400,
  credentials,
  methods: ["chap"],
  ipv4: true,
  ipv6: false,
  dns: false,
  random,
});
const socket = createSocket("udp4");
let timer = setTimeout(turn, 0);
let session: { tunnelId: number; sessionId: number } | undefined;

socket.on("message", (datagram, { address: peer, port: peerPort }) => {
  lac.handleInput({ datagram, path: { peer, peerPort, local: "" } }, performance.now());
  turn();
});
socket.bind(0, () => {
  const now = performance.now();
  const path = { peer: address, peerPort: Number(port), local: "" };
  const tunnelId = lac.connect({ path }, now);
  if (tunnelId !== undefined) lac.placeCall(tunnelId, { calledNumber: "internet" }, now);
  turn();
});

/** Passes on what the machines want known and sent, and sleeps until one of them is due. */
function turn(): void {
  const now = performance.now();
  lac.handleTimeout(now);
  link.handleTimeout(now);
  takeEvents(now);
  serve(now);
  takeEvents(now);
  for (let out = lac.pollTransmit(); out !== undefined; out = lac.pollTransmit()) {
    socket.send(out.datagram, out.path.peerPort, out.path.peer);
  }
  clearTimeout(timer);
  if (lac.isDrained()) {
    socket.close();
    return;
  }
  const due = Math.min(lac.pollTimeout(), link.pollTimeout());
  if (due !== Infinity) timer = setTimeout(turn, Math.max(0, due - performance.now()));
}

function takeEvents(now: number): void {
  for (let event = lac.pollEvent(); event !== undefined; event = lac.pollEvent()) {
    if (event.type === "frame") {
      takeFrame(event.frame, now);
    } else if (event.type === "session-up") {
      session = event.session;
      link.open(now);
    } else if (event.type === "tunnel-down") {
      console.log(`tunnel down: ${event.result.message ?? event.result.code}`);
      lac.shutdown(now);
    }
  }
}

function takeFrame(frame: Uint8Array, now: number): void {
  const parsed = parsePpp(frame);
  if (typeof parsed === "string" || parsed.protocol !== IPV4) {
    link.handleInput(frame, now);
    return;
  }
  console.log(`back: ${new TextDecoder().decode(parsed.information.subarray(20))}`);
  link.close(now);
}

function serve(now: number): void {
  for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
    if (event.type === "network-up") {
      console.log(`we have ${event.address}`);
      send(buildPpp(IPV4, packetOf(event.address, event.gateway, "hello")));
    } else if (event.type === "down") {
      console.log(`link down: ${event.reason} ${event.message}`.trim());
      const result = { code: DisconnectCode.LostCarrier };
      if (session !== undefined) lac.closeSession(session.tunnelId, session.sessionId, result, now);
      lac.shutdown(now);
    }
  }
  for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
    send(frame);
  }
}

function send(frame: Uint8Array): void {
  if (session !== undefined) lac.sendFrame(session.tunnelId, session.sessionId, frame);
}

/** An IPv4 packet of a protocol for experiments (RFC 3692). */
function packetOf(from: string, to: string, text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const packet = new Uint8Array(20 + payload.length);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, 0, packet.length, 0, 0, 0, 0, 64, 253]);
  packet.set(from.split(".").map(Number), 12);
  packet.set(to.split(".").map(Number), 16);
  view.setUint16(10, checksum(packet.subarray(0, 20)));
  packet.set(payload, 20);
  return packet;
}
