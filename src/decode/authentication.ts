/**
 * PAP (RFC 1334 2), CHAP (RFC 1994 4; MS-CHAP: RFC 2433, RFC 2759), EAP (RFC 3748 4).
 *
 * @module
 */
import { password } from "./avps.ts";
import { hex, octetsText, quoted, shortHex, utf8 } from "./octets.ts";
import type { ControlPacket, Field, Said } from "./types.ts";

const PAP_REQUEST = 1;
const CHAP_RESPONSE = 2;
/** Octets of a response of MS-CHAP and of MS-CHAPv2. */
const MSCHAP_RESPONSE = 49;

/** RFC 2759 6: what E= of a Failure means. */
const MSCHAP_ERRORS: Readonly<Record<string, string>> = {
  646: "restricted logon hours",
  647: "account disabled",
  648: "password expired",
  649: "no dial-in permission",
  691: "authentication failure",
  709: "changing password failed",
};

const EAP_RESPONSE = 2;
/** One-Time Password, Generic Token Card: the response is what the user has typed. */
const EAP_PASSWORDS: readonly number[] = [5, 6];

/** RFC 3748 5, RFC 5216 and others of the registry. */
const EAP_TYPES: Readonly<Record<number, string>> = {
  1: "Identity",
  2: "Notification",
  3: "Nak",
  4: "MD5-Challenge",
  5: "One-Time Password",
  6: "Generic Token Card",
  13: "EAP-TLS",
  21: "EAP-TTLS",
  25: "PEAP",
  26: "MS-CHAPv2",
};

export function readPap({ code, data }: ControlPacket, isPasswordShown: boolean): Said {
  const size = data[0] ?? 0;
  const first = data.subarray(1, 1 + size);
  const fault = first.length < size ? "a length reaches past the end" : undefined;
  if (code !== PAP_REQUEST) {
    if (data.length === 0) return { fields: [], summary: "" };
    const message = textField("Message", first);
    return { fields: [message], summary: size === 0 ? "" : message.text, fault };
  }
  const at = 1 + size;
  const length = data[at] ?? 0;
  const second = data.subarray(at + 1, at + 1 + length);
  // What reaches past the end has the password in it.
  const id: Field =
    fault === undefined
      ? textField("Peer-ID", first)
      : { name: "Peer-ID", ...password(first, isPasswordShown) };
  const secret: Field = { name: "Password", ...password(second, isPasswordShown) };
  const isShort = at >= data.length || second.length < length;
  return {
    fields: [id, secret],
    summary: id.text,
    fault: fault ?? (isShort ? "the length of the password reaches past the end" : undefined),
  };
}

export function readChap({ code, data }: ControlPacket): Said {
  if (code > CHAP_RESPONSE || code === 0) return readChapResult(data);
  const size = data[0] ?? 0;
  const value = data.subarray(1, 1 + size);
  const name = textField("Name", data.subarray(1 + size));
  const isMschap = code === CHAP_RESPONSE && value.length === MSCHAP_RESPONSE;
  const fields = [...(isMschap ? mschapFields(value) : [octetsField("Value", value)]), name];
  const fault = value.length < size ? "Value-Size reaches past the end" : undefined;
  return { fields, summary: name.text, fault };
}

/** Of MS-CHAP, too, but that has no field that is always zero behind one that never is. */
function mschapFields(value: Uint8Array): Field[] {
  const isZero = (octets: Uint8Array) => octets.every((octet) => octet === 0);
  const peerChallenge = value.subarray(0, 16);
  if (isZero(peerChallenge) || !isZero(value.subarray(16, 24)))
    return [octetsField("Value", value)];
  return [
    octetsField("Peer-Challenge", peerChallenge),
    octetsField("NT-Response", value.subarray(24, 48)),
  ];
}

/** Success and Failure: MS-CHAP's have a code in the text. */
function readChapResult(data: Uint8Array): Said {
  if (data.length === 0) return { fields: [], summary: "" };
  const message = textField("Message", data);
  const error = /^E=(\d+)/.exec(utf8(data))?.[1] ?? "";
  const meaning = MSCHAP_ERRORS[error];
  if (meaning === undefined) return { fields: [message], summary: message.text };
  const field = { name: "Error", text: `${meaning} (${error})`, value: Number(error) };
  return { fields: [message, field], summary: `${message.text}, ${meaning}` };
}

export function readEap({ code, data }: ControlPacket, isPasswordShown: boolean): Said {
  const [type] = data;
  if (type === undefined) return { fields: [], summary: "" };
  const rest = data.subarray(1);
  const name = EAP_TYPES[type] ?? `type ${type}`;
  if (code === EAP_RESPONSE && EAP_PASSWORDS.includes(type)) {
    const secret = { name: "Type-Data", ...password(rest, isPasswordShown) };
    return { fields: [{ name: "Type", text: name, value: type }, secret], summary: name };
  }
  const isText = type === 1 || type === 2;
  const value = isText ? textField("Type-Data", rest) : octetsField("Type-Data", rest);
  return {
    fields: [{ name: "Type", text: name, value: type }, value],
    summary: isText ? `${name} ${value.text}` : `${name}, ${octetsText(rest.length)}`,
  };
}

function textField(name: string, octets: Uint8Array): Field {
  const value = utf8(octets);
  return { name, text: quoted(value), value };
}

function octetsField(name: string, octets: Uint8Array): Field {
  return { name, text: shortHex(octets), value: hex(octets) };
}
