/**
 * A RADIUS server for one user by PAP and CHAP, which is how l2tpns asks:
 *
 *   radius.ts SECRET USER PASSWORD
 *
 * It prints "ready", and a line for each answer. A line of standard input has the user hung up on: a
 * Disconnect-Request (RFC 5176), which is answered by the line "disconnected".
 */
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";

const PORT = 1812;
const DYNAMIC_AUTHORIZATION_PORT = 3799;
const [ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT] = [1, 2, 3];
const [DISCONNECT_REQUEST, DISCONNECT_ACK] = [40, 41];
const [USER_NAME, USER_PASSWORD, CHAP_PASSWORD, CHAP_CHALLENGE] = [1, 2, 3, 60];
const HEADER = 20;
const BLOCK = 16;

const [secret = "", user = "", password = ""] = process.argv.slice(2);
const socket = createSocket("udp4");
socket.on("message", (request, from) => {
  if (request[0] === DISCONNECT_ACK) console.log("disconnected");
  if (request[0] !== ACCESS_REQUEST) return;
  const code = isRight(request) ? ACCESS_ACCEPT : ACCESS_REJECT;
  console.log(code === ACCESS_ACCEPT ? "accept" : "reject");
  socket.send(reply(request, code), from.port, from.address);
});
createInterface({ input: process.stdin }).on("line", () => {
  socket.send(disconnect(), DYNAMIC_AUTHORIZATION_PORT, "127.0.0.1");
});
socket.bind(PORT, "127.0.0.1", () => console.log("ready"));

function isRight(request: Buffer): boolean {
  if (attribute(request, USER_NAME)?.toString() !== user) return false;
  const authenticator = request.subarray(4, HEADER);
  const hidden = attribute(request, USER_PASSWORD);
  if (hidden !== undefined) return clear(hidden, authenticator) === password;
  // RFC 2865 5.3: the CHAP identifier, then the response; without CHAP-Challenge the authenticator.
  const response = attribute(request, CHAP_PASSWORD) ?? Buffer.alloc(1);
  const challenge = attribute(request, CHAP_CHALLENGE) ?? authenticator;
  const right = md5(response.subarray(0, 1), password, challenge);
  return right.equals(response.subarray(1));
}

/** RFC 2865 5.2. */
function clear(hidden: Buffer, authenticator: Buffer): string {
  const octets: number[] = [];
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const pad = md5(secret, at === 0 ? authenticator : hidden.subarray(at - BLOCK, at));
    for (const [index, octet] of pad.entries()) octets.push(octet ^ (hidden[at + index] ?? 0));
  }
  return Buffer.from(octets).toString().replace(/\0+$/, "");
}

/** RFC 2865 3: MD5 over code, identifier, length, the request's authenticator, and the secret. */
function reply(request: Buffer, code: number): Buffer {
  const answer = Buffer.from(request.subarray(0, HEADER));
  answer.writeUInt8(code);
  answer.writeUInt16BE(HEADER, 2);
  md5(answer, secret).copy(answer, 4);
  return answer;
}

/** RFC 5176 2.3: as above, over 16 zeros in place of an authenticator. */
function disconnect(): Buffer {
  const name = Buffer.from(user);
  const header = Buffer.alloc(HEADER);
  const octets = Buffer.concat([header, Buffer.of(USER_NAME, 2 + name.length), name]);
  octets.set([DISCONNECT_REQUEST, 1, 0, octets.length]);
  md5(octets, secret).copy(octets, 4);
  return octets;
}

function attribute(request: Buffer, wanted: number): Buffer | undefined {
  const end = Math.min(request.length, request.readUInt16BE(2));
  for (let at = HEADER; at + 2 <= end; at += Math.max(2, request[at + 1] ?? 0)) {
    if (request[at] === wanted) return request.subarray(at + 2, at + (request[at + 1] ?? 0));
  }
  return undefined;
}

function md5(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
