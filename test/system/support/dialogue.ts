/**
 * What no stock client says, said to the LNS at 10.9.0.2 by the user in the arguments, with what has
 * to come back. Run in the LAC's namespace; the exit code tells whether all of it came.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { checksum } from "../../../src/codec/index.ts";
import { buildOptions, buildPacket, type Option, parseOptions } from "../../../src/ppp/options.ts";
import { RawLac, u16 } from "./raw-lac.ts";

const LCP = 0xc021;
const CHAP = 0xc223;
const IPCP = 0x8021;
const IP = 0x0021;
const APPLETALK = 0x0029;
const [REQUEST, ACK, NAK, REJECT, TERMINATE] = [1, 2, 3, 4, 5];
const [TERMINATE_ACK, CODE_REJECT, PROTOCOL_REJECT, ECHO_REQUEST, ECHO_REPLY] = [6, 7, 8, 9, 10];
const DISCARD_REQUEST = 11;
const HEADER = 4;

const [user = "", password = ""] = process.argv.slice(2);
const lac = new RawLac();
const ourMagic: Option = { type: 5, data: Uint8Array.of(1, 2, 3, 4) };

const send = (protocol: number, code: number, identifier: number, data: Uint8Array) =>
  lac.sendPpp(protocol, buildPacket(code, identifier, data));

/** Identifier and data of the next packet with that code; and with that identifier, if given. */
async function receive(protocol: number, code: number, identifier?: number) {
  const what = `code ${code} of ${protocol.toString(16)}`;
  const frame = await lac.frame(what, ({ protocol: its, information }) => {
    const isWanted = identifier === undefined || information[1] === identifier;
    return its === protocol && information[0] === code && isWanted;
  });
  const { information } = frame;
  const length = ((information[2] ?? 0) << 8) | (information[3] ?? 0);
  return { identifier: information[1] ?? 0, data: information.slice(HEADER, length), frame };
}

/** What the LNS answers to our Configure-Request. */
async function configure(
  protocol: number,
  identifier: number,
  options: readonly Option[],
  answer: number,
) {
  send(protocol, REQUEST, identifier, buildOptions(options));
  return parseOptions((await receive(protocol, answer, identifier)).data) ?? [];
}

async function acknowledgeTheirs(protocol: number) {
  const { identifier, data } = await receive(protocol, REQUEST);
  send(protocol, ACK, identifier, data);
}

async function openLcp() {
  const callback: Option = { type: 13, data: Uint8Array.of(6) };
  const tiny: Option = { type: 1, data: u16(64) };
  const compressions: Option[] = [
    { type: 7, data: new Uint8Array() },
    { type: 8, data: new Uint8Array() },
  ];
  const rejected = await configure(LCP, 1, [ourMagic, callback, tiny], REJECT);
  assert.deepEqual(
    rejected.map(({ type }) => type),
    [callback.type],
  );
  const [better] = await configure(LCP, 2, [ourMagic, tiny], NAK);
  assert.equal(better?.type, tiny.type);
  assert.ok((((better?.data[0] ?? 0) << 8) | (better?.data[1] ?? 0)) >= 128);
  await configure(LCP, 3, [ourMagic, ...compressions], ACK);
  await acknowledgeTheirs(LCP);
}

/** Nothing of the network may be answered yet (RFC 1661 3.5); the link itself must be. */
async function beforeAuthentication() {
  send(IPCP, REQUEST, 40, new Uint8Array());
  lac.sendPpp(APPLETALK, Uint8Array.of(1, 2, 3));
  send(LCP, 77, 41, Uint8Array.of(9));
  const { data } = await receive(LCP, CODE_REJECT);
  assert.deepEqual([...data], [77, 41, 0, 5, 9]);
  send(LCP, DISCARD_REQUEST, 42, ourMagic.data);
  send(LCP, ECHO_REQUEST, 43, Uint8Array.of(...ourMagic.data, 5, 6, 7));
  const echo = await receive(LCP, ECHO_REPLY, 43);
  assert.deepEqual([...echo.data.subarray(4)], [5, 6, 7]);
  const early = lac.unread.filter(({ protocol }) => protocol === IPCP);
  assert.deepEqual(early, [], "IPCP was answered before authentication");
}

async function authenticate(challenge: { identifier: number; data: Uint8Array }) {
  const { identifier, data } = challenge;
  const value = data.subarray(1, 1 + (data[0] ?? 0));
  const hash = createHash("md5").update(Uint8Array.of(identifier)).update(password).update(value);
  const response = Uint8Array.of(16, ...hash.digest(), ...new TextEncoder().encode(user));
  send(CHAP, 2, identifier, response);
  await receive(CHAP, 3, identifier);
  return response;
}

async function openIpcp(): Promise<Uint8Array> {
  await acknowledgeTheirs(IPCP);
  const vanJacobson: Option = { type: 2, data: Uint8Array.of(0x00, 0x2d, 15, 1) };
  const none: Option = { type: 3, data: new Uint8Array(4) };
  const rejected = await configure(IPCP, 50, [vanJacobson, none], REJECT);
  assert.deepEqual(
    rejected.map(({ type }) => type),
    [vanJacobson.type],
  );
  const [assigned = none] = await configure(IPCP, 51, [none], NAK);
  await configure(IPCP, 52, [assigned], ACK);
  return assigned.data;
}

/** An ICMP echo to the gateway comes back behind a header as short as we allowed it to be. */
async function pingGateway(address: Uint8Array, gateway: readonly number[]) {
  const packet = new Uint8Array(20 + 8);
  packet.set([0x45, 0, 0, packet.length, 0, 1, 0, 0, 64, 1, 0, 0, ...address, ...gateway]);
  packet.set(u16(checksum(packet.subarray(0, 20))), 10);
  packet.set([8, 0, 0, 0, 0, 1, 0, 1], 20);
  packet.set(u16(checksum(packet.subarray(20))), 22);
  lac.sendPpp(IP, packet);
  const { octets, information } = await lac.frame("echo reply", ({ protocol }) => protocol === IP);
  assert.equal(information[20], 0);
  assert.equal(octets[0], IP, "Address, Control and half the Protocol are left out");
}

async function dialogue() {
  await lac.connect();
  await openLcp();
  const challenge = await receive(CHAP, 1);
  await beforeAuthentication();
  const response = await authenticate(challenge);
  const address = await openIpcp();
  // A Response that is repeated gets the same answer (RFC 1994 4.1).
  send(CHAP, 2, challenge.identifier, response);
  await receive(CHAP, 3, challenge.identifier);
  lac.sendPpp(APPLETALK, Uint8Array.of(1, 2, 3));
  const rejected = await receive(LCP, PROTOCOL_REJECT);
  assert.deepEqual([...rejected.data], [0, APPLETALK, 1, 2, 3]);
  await pingGateway(address, [10, 64, 0, 1]);
  send(LCP, TERMINATE, 60, new Uint8Array());
  await receive(LCP, TERMINATE_ACK, 60);
  await lac.message("CDN");
}

await dialogue();
lac.close();
