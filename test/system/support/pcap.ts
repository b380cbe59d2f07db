/** Reads what tcpdump wrote: classic pcap, Ethernet, UDP in IPv4, not fragmented. */
import { readFileSync } from "node:fs";

export interface Datagram {
  /** Number of the frame in its file, from 1, as tshark counts. */
  readonly frame: number;
  readonly source: string;
  readonly destination: string;
  readonly payload: Uint8Array;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const ETHERTYPE = 12;
const ETHERTYPE_IPV4 = 0x0800;
const UDP_HEADER = 8;

export function readDatagrams(file: string): Datagram[] {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error(`${file} is no pcap file`);
  const datagrams: Datagram[] = [];
  let at = FILE_HEADER;
  for (let frame = 1; at + RECORD_HEADER <= bytes.length; frame++) {
    const length = bytes.readUInt32LE(at + 8);
    const ip = bytes.subarray(at + RECORD_HEADER + ETHERNET_HEADER, at + RECORD_HEADER + length);
    const type = bytes.readUInt16BE(at + RECORD_HEADER + ETHERTYPE);
    at += RECORD_HEADER + length;
    if (type !== ETHERTYPE_IPV4) continue;
    const ipHeader = (ip.readUInt8(0) & 0xf) * 4;
    const udp = ip.subarray(ipHeader, ip.readUInt16BE(2));
    datagrams.push({
      frame,
      source: ip.subarray(12, 16).join("."),
      destination: ip.subarray(16, 20).join("."),
      payload: new Uint8Array(udp.subarray(UDP_HEADER)),
    });
  }
  return datagrams;
}
