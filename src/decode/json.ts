/**
 * Messages for a program: an object each.
 *
 * @module
 */
import { formatEndpoint } from "../net.ts";
import { hex } from "./octets.ts";
import { elapsed } from "./text.ts";
import type { AvpFields, Endpoint, Field, Ids, Json, Message, Ppp } from "./types.ts";

type Fields = { [key: string]: Json };

/** One line. */
export function formatJson(message: Message): string {
  return `${JSON.stringify(objectOf(message))}\n`;
}

function objectOf(message: Message): Fields {
  const { datagram, kind, name, summary, header, isRepeated, user } = message;
  const { bits, ...numbers } = header;
  const flags = Object.fromEntries([..."TLSOP"].map((name) => [name, bits.includes(name)]));
  const object: Fields = { packet: datagram.frame, ...timeOf(message) };
  if (datagram.source !== undefined) object.source = endpoint(datagram.source);
  if (datagram.destination !== undefined) object.destination = endpoint(datagram.destination);
  Object.assign(object, { kind, name, summary, header: { ...flags, ...numbers } });
  if (message.tunnel !== undefined) object.tunnel = idsOf(message, message.tunnel);
  if (message.session !== undefined) object.session = idsOf(message, message.session);
  if (user !== undefined) object.user = user;
  if (isRepeated) object.repeated = true;
  if (message.isRefused) object.refused = true;
  if (message.avps.length > 0) object.avps = message.avps.map(avpOf);
  if (message.ppp !== undefined) object.ppp = pppOf(message.ppp);
  if (message.fault !== undefined) object.fault = { ...message.fault };
  if (message.notes.length > 0) object.notes = message.notes;
  return object;
}
/** Since 1970 as a text, since a number would lose digits; since the first message as a number. */
function timeOf({ datagram: { time }, begin }: Message): Fields {
  if (time === undefined) return {};
  const fraction = String(time.nanoseconds).padStart(9, "0");
  return {
    time: `${time.seconds}.${fraction}`,
    seconds: Number(elapsed(begin ?? time, time)),
  };
}

function endpoint({ address, port }: Endpoint): string {
  return formatEndpoint(address, port);
}

/** The IDs that the sender and the receiver of this message chose. */
function idsOf({ isFromLeft }: Message, { left, right }: Ids): Json {
  const [source, destination] = isFromLeft ? [left, right] : [right, left];
  return { source: source ?? null, destination: destination ?? null };
}

function avpOf(field: AvpFields): Json {
  const { avp, isRevealed, value } = field;
  const { vendor, type, mandatory, recognised } = avp;
  const object: Fields = { vendor, type, name: field.name, length: field.length, mandatory };
  object.hidden = avp.hidden || isRevealed;
  if (isRevealed) object.revealed = true;
  if (!recognised) object.recognised = false;
  Object.assign(object, { value, text: field.text });
  // The octets of a password would tell it.
  if (value !== null) object.octets = hex(avp.value);
  if (field.fields !== undefined) object.options = field.fields.map(fieldOf);
  return object;
}

function pppOf({ protocol, name, code, fields, fault }: Ppp): Json {
  const object: Fields = { protocol, name };
  if (code !== undefined) {
    Object.assign(object, { code: code.number, codeName: code.name, identifier: code.identifier });
  }
  if (fields.length > 0) object.fields = fields.map(fieldOf);
  if (fault !== undefined) object.fault = fault;
  return object;
}

function fieldOf({ name, type, text, value }: Field): Json {
  return { name, ...(type === undefined ? {} : { type }), value, text };
}
