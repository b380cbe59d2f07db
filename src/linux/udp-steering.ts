/**
 * Which of the sockets of an LNS gets a datagram: a program that the kernel runs over its header.
 *
 * @module
 */
import { filter, type Instruction } from "./filter.ts";

/** Bits of the first two octets that a control message has to have so: T, L, S, O, P, Ver. */
const CONTROL_MASK = 0xcb0f;
/** T, L and S are set, O and P are not, version 2 (RFC 2661 3.1). */
const CONTROL_FRONT = 0xc802;
/** Octets of its header. */
const CONTROL_LENGTH = 12;
/** Where a control message has its Tunnel ID. */
const CONTROL_TUNNEL_ID = 4;
/** T and version of a data message. */
const DATA_MASK = 0x800f;
const DATA_FRONT = 0x0002;
/** Bits of the first octet, and octets that each adds to the header. */
const LENGTH_BIT = 0x40;
const LENGTH_SIZE = 2;
const SEQUENCE_BIT = 0x08;
const SEQUENCE_SIZE = 4;
const OFFSET_BIT = 0x02;
const OFFSET_SIZE = 2;
/** Octets of the header of a data message with none of them. */
const DATA_LENGTH = 6;
/** Where a header without Length has the last octets of Tunnel ID and Session ID. */
const LAST_OCTETS = { tunnel: 3, session: 5 } as const;
/** Address and Control of a PPP frame. */
const PPP_FRONT = 0xff03;
const PPP_FRONT_SIZE = 2;
/**
 * A Protocol of two octets is even in the first and odd in the last; from 8000 on it configures a
 * network protocol or the link (RFC 1661 2).
 */
const LINK_MASK = 0x8101;
const LINK_PROTOCOL = 0x8001;

/** Sockets of data, as many as there are slots, then as many of what configures links; then: */
const AFTER_SLOTS = { sccrq: 0, control: 1 } as const;

export interface Steering {
  /** What a slot is made from: the lowest bits of the Tunnel ID or of the Session ID. */
  readonly by: keyof typeof LAST_OCTETS;
  /** How many there are, a power of two of at most 64. */
  readonly slots: number;
}

/** What leads to "control" when a datagram has all of a control message's header, else to "data". */
export const TELL_CONTROL: readonly Instruction[] = [
  filter.loadLength(),
  filter.ifAtLeast(CONTROL_LENGTH, { no: "data" }),
  filter.loadHalf(0),
  filter.and(CONTROL_MASK),
  filter.ifEqual(CONTROL_FRONT, { yes: "control", no: "data" }),
];

/**
 * What has the T bit and yet no header of a control message goes to a data socket: a worker drops
 * and counts it for a fraction of what it costs the control thread. Random octets would fill the
 * control socket otherwise, and one lost message costs a peer a second and more.
 *
 * What is too short to tell goes to the first data socket: its index is 0, which is the answer where
 * a load would be behind the end. Its worker finds the right one, or drops it.
 */
export function steerBy({ by, slots }: Steering): Instruction[] {
  const last = LAST_OCTETS[by];
  return [
    ...TELL_CONTROL,
    filter.loadHalf(CONTROL_TUNNEL_ID, "control"),
    filter.ifEqual(0, { yes: "sccrq", no: "other" }),

    filter.loadHalf(0, "data"),
    filter.and(DATA_MASK),
    filter.ifEqual(DATA_FRONT, { no: "packet" }),
    // X: where the PPP frame begins.
    filter.setX(DATA_LENGTH),
    filter.loadOctet(0),
    filter.ifAny(LENGTH_BIT, { no: "sequence" }),
    filter.setX(DATA_LENGTH + LENGTH_SIZE),
    filter.ifAny(SEQUENCE_BIT, { at: "sequence", no: "offset" }),
    filter.fromX(),
    filter.add(SEQUENCE_SIZE),
    filter.toX(),
    filter.loadOctet(0),
    filter.ifAny(OFFSET_BIT, { at: "offset", no: "frame" }),
    filter.loadHalfAtX(0),
    filter.add(OFFSET_SIZE),
    filter.addX(),
    filter.toX(),
    filter.loadHalfAtX(0, "frame"),
    filter.ifEqual(PPP_FRONT, { no: "protocol" }),
    filter.loadHalfAtX(PPP_FRONT_SIZE),
    filter.and(LINK_MASK, "protocol"),
    filter.ifEqual(LINK_PROTOCOL, { no: "packet" }),

    // X: the first socket of the kind.
    filter.setX(slots),
    filter.jump("slot"),
    filter.setX(0, "packet"),
    filter.loadOctet(0, "slot"),
    filter.ifAny(LENGTH_BIT, { no: "short header" }),
    filter.loadOctet(last + LENGTH_SIZE),
    filter.jump("last octet"),
    filter.loadOctet(last, "short header"),
    filter.and(slots - 1, "last octet"),
    filter.addX(),
    filter.answerLoaded(),

    filter.answer(2 * slots + AFTER_SLOTS.sccrq, "sccrq"),
    filter.answer(2 * slots + AFTER_SLOTS.control, "other"),
  ];
}
