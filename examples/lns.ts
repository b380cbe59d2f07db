/**
 * An LNS around a UDP socket: `Lns` speaks L2TP, a `Link` for each session speaks PPP. Who knows the
 * password gets an address; every IPv4 packet is sent back to where it came from.
 *
 *     node lns.ts [address] [port]
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import {
  type AuthReply,
  type AuthRequest,
  buildPpp,
  DisconnectCode,
  Link,
  Lns,
  parsePpp,
  StopCode,
} from "simplon";

const [address = "127.0.0.1", port = "1701"] = process.argv.slice(2);
const USER = { name: "demo", password: "demo" };
const IPV4 = 0x0021;

interface Session {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly link: Link;
}

const random = (length: number) => new Uint8Array(randomBytes(length));
const lns = new Lns({ hostName: "lns.example", secret: "tunnel secret", random });
const sessions = new Map<string, Session>();
const socket = createSocket("udp4");
let timer = setTimeout(turn, 0);
let lastHost = 1;

socket.on("message", (datagram, { address: peer, port: peerPort }) => {
  lns.handleInput({ datagram, path: { peer, peerPort, local: "" } }, performance.now());
  turn();
});
socket.bind(Number(port), address, () => console.log(`listening on ${address}:${port}`));

/** Passes on what the machines want known and sent, and sleeps until one of them is due. */
function turn(): void {
  const now = performance.now();
  lns.handleTimeout(now);
  for (const { link } of sessions.values()) link.handleTimeout(now);
  takeEvents(now);
  for (const session of sessions.values()) serve(session, now);
  takeEvents(now);
  for (let out = lns.pollTransmit(); out !== undefined; out = lns.pollTransmit()) {
    socket.send(out.datagram, out.path.peerPort, out.path.peer);
  }
  const links = [...sessions.values()].map(({ link }) => link.pollTimeout());
  const due = Math.min(lns.pollTimeout(), ...links);
  clearTimeout(timer);
  if (due !== Infinity) timer = setTimeout(turn, Math.max(0, due - performance.now()));
}

function takeEvents(now: number): void {
  for (let event = lns.pollEvent(); event !== undefined; event = lns.pollEvent()) {
    if (event.type === "frame") {
      const session = sessions.get(`${event.tunnelId} ${event.sessionId}`);
      if (session !== undefined) takeFrame(session, event.frame, now);
    } else if (event.type === "session-up") {
      const { tunnelId, sessionId } = event.session;
      const link = new Link({ mru: 1400, authMethods: ["chap"], hostName: "lns.example", random });
      sessions.set(`${tunnelId} ${sessionId}`, { tunnelId, sessionId, link });
      link.open(now);
    } else if (event.type === "session-down") {
      sessions.delete(`${event.session.tunnelId} ${event.session.sessionId}`);
      console.log("session down");
    } else if (event.type === "refused") {
      console.log(`${event.path.peer} refused: ${event.result.message}`);
    }
  }
}

/** What is not IPv4 is the link's: LCP, authentication, IPCP. */
function takeFrame({ tunnelId, sessionId, link }: Session, frame: Uint8Array, now: number): void {
  const parsed = parsePpp(frame);
  if (typeof parsed === "string" || parsed.protocol !== IPV4 || link.phase !== "network") {
    link.handleInput(frame, now);
    return;
  }
  const packet = parsed.information.slice();
  if (packet.length < 20) return;
  packet.set(parsed.information.subarray(16, 20), 12); // the checksum stays right
  packet.set(parsed.information.subarray(12, 16), 16);
  lns.sendFrame(tunnelId, sessionId, buildPpp(IPV4, packet));
}

function serve({ tunnelId, sessionId, link }: Session, now: number): void {
  for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
    if (event.type === "authenticate") link.authenticated(judge(event.request), now);
    else if (event.type === "network-up") console.log(`${USER.name} has ${event.address}`);
    else if (event.type === "down") {
      console.log(`link down: ${event.reason}`);
      const result = { code: DisconnectCode.Administrative };
      lns.closeSession(tunnelId, sessionId, result, now);
    }
  }
  for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
    lns.sendFrame(tunnelId, sessionId, frame);
  }
}

function judge(request: AuthRequest): AuthReply {
  const refusal = { ok: false, message: "Authentication failed" } as const;
  if (request.method !== "chap" || request.name !== USER.name) return refusal;
  const { identifier, challenge, response } = request;
  const hash = createHash("md5").update(Uint8Array.of(identifier)).update(USER.password);
  if (!hash.update(challenge).digest().equals(response)) return refusal;
  lastHost = (lastHost % 253) + 1;
  const profile = { gateway: "10.0.0.1", address: `10.0.0.${lastHost}`, dns: [], nbns: [] };
  return { ok: true, profile };
}

process.once("SIGTERM", () => {
  const now = performance.now();
  for (const { tunnelId } of lns.tunnels()) {
    lns.closeTunnel(tunnelId, { code: StopCode.ShuttingDown }, now);
  }
  turn();
  setTimeout(() => process.exit(), 200);
});
