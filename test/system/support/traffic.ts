/** What a capture holds, read with simplon's own codec. */
import {
  AvpType,
  type ControlMessage,
  MessageType,
  parseControlMessage,
  parseHeader,
  parsePpp,
} from "../../../src/codec/index.ts";
import { LNS_ADDRESS } from "./lab.ts";
import { type Datagram, readDatagrams } from "./pcap.ts";

export type MessageName = keyof typeof MessageType | "ZLB";

export interface Message extends ControlMessage {
  readonly name: MessageName;
  readonly datagram: Datagram;
  readonly isOurs: boolean;
}

/** Control messages of a capture in order; a message that the codec refuses is an error. */
export function controlMessages(file: string): Message[] {
  const messages: Message[] = [];
  for (const datagram of readDatagrams(file)) {
    const header = parseHeader(datagram.payload);
    if (typeof header === "string") throw new Error(`frame ${datagram.frame}: ${header}`);
    if (!header.control) continue;
    const message = parseControlMessage(datagram.payload);
    if (typeof message === "string") throw new Error(`frame ${datagram.frame}: ${message}`);
    const isOurs = datagram.source === LNS_ADDRESS;
    messages.push({ ...message, name: messageName(message), datagram, isOurs });
  }
  return messages;
}

export function messageName(message: ControlMessage): MessageName {
  const [first] = message.avps;
  if (!first) return "ZLB";
  const type = uint16(first.value, 0);
  const entry = Object.entries(MessageType).find(([, value]) => value === type);
  if (!entry) throw new Error(`message type ${type}`);
  return entry[0] as MessageName;
}

/** Result Code of a StopCCN or CDN. */
export function resultCode(message: ControlMessage): number | undefined {
  const avp = message.avps.find(({ vendor, type }) => vendor === 0 && type === AvpType.ResultCode);
  return avp && uint16(avp.value, 0);
}

export function uint16(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(at);
}

/** PPP frames in the data messages of a capture, as [protocol, first octet of the information]. */
export function pppFrames(file: string, isOurs: boolean): [number, number][] {
  return readDatagrams(file).flatMap((datagram): [number, number][] => {
    const header = parseHeader(datagram.payload);
    if (typeof header === "string" || header.control) return [];
    if ((datagram.source === LNS_ADDRESS) !== isOurs) return [];
    const frame = parsePpp(header.payload);
    return typeof frame === "string" ? [] : [[frame.protocol, frame.information[0] ?? -1]];
  });
}

/**
 * Control messages that passed while `work` ran, without acknowledgements and retransmissions: those
 * depend on how busy the host is.
 */
export async function messagesOf(file: string, work: () => Promise<unknown>): Promise<Message[]> {
  const before = controlMessages(file).length;
  await work();
  const seen = new Set<string>();
  return controlMessages(file)
    .slice(before)
    .filter(({ name, isOurs, tunnelId, ns }) => {
      const key = `${isOurs} ${tunnelId} ${ns}`;
      if (name === "ZLB" || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
