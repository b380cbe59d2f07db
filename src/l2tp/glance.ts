/**
 * What the first octets of a control message tell, before all of it is checked: enough to drop what
 * has no place for next to nothing.
 *
 * @module
 */

/** T, L, S, O, P and Ver as every control message has them (RFC 2661 3.1). */
const CONTROL_MASK = 0xcb0f;
const CONTROL_FRONT = 0xc802;
const TUNNEL_ID = 4;
/** The Message Type AVP comes first (RFC 2661 4.4.1): flags and Length, Vendor ID, Attribute Type. */
const FIRST_AVP = 12;
const TYPE_LENGTH_MASK = 0x43ff; // neither hidden nor of another length
const TYPE_LENGTH = 8;
const TYPE_VALUE = FIRST_AVP + 6;

/** `undefined` when it does not begin as a control message does. */
export function glanceTunnelId(datagram: Uint8Array): number | undefined {
  if (datagram.length < FIRST_AVP) return undefined;
  const isControl = (u16(datagram, 0) & CONTROL_MASK) === CONTROL_FRONT;
  return isControl ? u16(datagram, TUNNEL_ID) : undefined;
}

/** Whether it says in plain words that it is a message of that type. */
export function isGlance(datagram: Uint8Array, type: number): boolean {
  return (
    datagram.length >= TYPE_VALUE + 2 &&
    (u16(datagram, FIRST_AVP) & TYPE_LENGTH_MASK) === TYPE_LENGTH &&
    u16(datagram, FIRST_AVP + 2) === 0 &&
    u16(datagram, FIRST_AVP + 4) === 0 &&
    u16(datagram, TYPE_VALUE) === type
  );
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}
