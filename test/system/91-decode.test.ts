/** `simplon decode` beside tshark, on what the other files of this folder captured. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, it } from "node:test";
import { MessageType } from "../../src/codec/index.ts";
import { must } from "./support/child.ts";
import { writeConversation } from "./support/conversation.ts";
import { captureDirectory } from "./support/lab.ts";
import { root } from "./support/root.ts";
import { runtimeArgs } from "./support/runtime.ts";
import { fieldsOf } from "./support/tshark.ts";

/** pcapng this time, with an interface for each file; the name keeps it out of other merges. */
const merged = join(captureDirectory(), "decode.merged");

/** How often each message or frame was compared at least. */
const FLOORS: Readonly<Record<string, number>> = {
  SCCRQ: 20,
  SCCRP: 20,
  ICRQ: 15,
  ICRP: 15,
  ICCN: 15,
  ZLB: 30,
  CDN: 10,
  StopCCN: 10,
  "LCP Configure-Request": 30,
  "LCP Protocol-Reject": 5,
  "PAP Authenticate-Request": 5,
  "CHAP Response": 10,
  "IPCP Configure-Nak": 10,
  IPv4: 5_000,
  IPv6: 1_000,
};

interface Named {
  readonly name: string;
  readonly type?: number;
  readonly value: unknown;
}

interface Avp extends Named {
  readonly vendor: number;
  readonly mandatory: boolean;
  readonly hidden: boolean;
  readonly length: number;
}

interface Line {
  readonly packet: number;
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
  readonly header: Readonly<Record<string, number | boolean>>;
  readonly avps?: readonly Avp[];
  readonly ppp?: {
    readonly protocol: number;
    readonly name: string;
    readonly code?: number;
    readonly identifier?: number;
    readonly fields?: readonly Named[];
  };
}

const HEADER: Readonly<Record<string, string>> = {
  "l2tp.type": "T",
  "l2tp.length_bit": "L",
  "l2tp.seq_bit": "S",
  "l2tp.offset_bit": "O",
  "l2tp.priority": "P",
  "l2tp.version": "version",
  "l2tp.length": "length",
  "l2tp.tunnel": "tunnelId",
  "l2tp.session": "sessionId",
  "l2tp.Ns": "ns",
  "l2tp.Nr": "nr",
};

const AVPS: Readonly<Record<string, string>> = {
  "l2tp.avp.message_type": "Message Type",
  "l2tp.avp.firmware_revision": "Firmware Revision",
  "l2tp.avp.host_name": "Host Name",
  "l2tp.avp.vendor_name": "Vendor Name",
  "l2tp.avp.assigned_tunnel_id": "Assigned Tunnel ID",
  "l2tp.avp.receive_window_size": "Receive Window Size",
  "l2tp.avp.chap_challenge": "Challenge",
  "l2tp.avp.chap_challenge_response": "Challenge Response",
  "l2tp.avp.assigned_session_id": "Assigned Session ID",
  "l2tp.avp.call_serial_number": "Call Serial Number",
  "l2tp.avp.connect_speed": "Tx Connect Speed",
  "l2tp.avp.rx_connect_speed": "Rx Connect Speed",
  "l2tp.tie_breaker": "Tie Breaker",
  "l2tp.avp.minimum_bps": "Minimum BPS",
  "l2tp.avp.maximum_bps": "Maximum BPS",
  "l2tp.avp.called_number": "Called Number",
  "l2tp.avp.calling_number": "Calling Number",
  "l2tp.avp.sub_address": "Sub-Address",
  "l2tp.avp.physical_channel": "Physical Channel ID",
  "l2tp.avp.initial_received_lcp_confreq": "Initial Received LCP CONFREQ",
  "l2tp.avp.last_sent_lcp_confreq": "Last Sent LCP CONFREQ",
  "l2tp.avp.last_received_lcp_confreq": "Last Received LCP CONFREQ",
  "l2tp.avp.proxy_authen_type": "Proxy Authen Type",
  "l2tp.avp.proxy_authen_name": "Proxy Authen Name",
  "l2tp.avp.proxy_authen_challenge": "Proxy Authen Challenge",
  "l2tp.avp.proxy_authen_id": "Proxy Authen ID",
  "l2tp.avp.random_vector": "Random Vector",
};

const PPP_FIELDS: Readonly<Record<string, string>> = {
  "lcp.opt.mru": "Maximum-Receive-Unit",
  "lcp.opt.asyncmap": "Async-Control-Character-Map",
  "lcp.opt.magic_number": "Magic-Number",
  "ipcp.opt.ip_address": "IP-Address",
  "ipcp.opt.pri_dns_address": "Primary-DNS-Server-Address",
  "ipcp.opt.sec_dns_address": "Secondary-DNS-Server-Address",
  "pap.peer_id": "Peer-ID",
  "pap.message": "Message",
  "chap.value": "Value",
  "chap.name": "Name",
  "chap.message": "Message",
};

const OTHERS = [
  ...["frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ppp.protocol"],
  ...["l2tp.avp.mandatory", "l2tp.avp.hidden", "l2tp.avp.length", "l2tp.avp.vendor_id"],
  ...["l2tp.avp.type", "l2tp.result_code", "ppp.code", "pap.code", "chap.code"],
  ...["ppp.identifier", "pap.identifier", "chap.identifier"],
  ...["lcp.opt.type", "ipcp.opt.type", "ipv6cp.opt.type"],
];

before(async () => {
  const names = existsSync(captureDirectory()) ? readdirSync(captureDirectory()) : [];
  const files = names.filter((name) => name.endsWith(".pcap") && name !== "merged.pcap");
  assert.ok(files.length > 0, "no captures: the other system tests have to run first");
  const paths = files.map((name) => join(captureDirectory(), name));
  await must("mergecap", ["-F", "pcapng", "-w", merged, ...paths]);
});

it("what it reads of every message is what tshark reads", async () => {
  const counts = await compareAll(merged);
  for (const [name, floor] of Object.entries(FLOORS)) {
    const count = counts.get(name) ?? 0;
    assert.ok(count >= floor, `${count} ${name}, less than ${floor}`);
  }
});

it("so it is with every message and AVP that we send", async () => {
  const file = join(captureDirectory(), "decode.conversation");
  writeConversation(file);
  const counts = await compareAll(file);
  for (const name of Object.keys(MessageType)) assert.ok(counts.has(name), name);
});

/** Compares each message of a file; answers how many there were of each name. */
async function compareAll(file: string): Promise<ReadonlyMap<string, number>> {
  const [command = "", ...args] = runtimeArgs(join(root, "src", "cli", "main.ts"), "decode");
  const text = await must(command, [...args, "--json", file], { ms: 300_000 });
  const all = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
  // Of datagrams that an offload merged tshark reads the first.
  const lines = all.filter(({ packet }, index) => all[index - 1]?.packet !== packet);
  const fields = [...Object.keys({ ...HEADER, ...AVPS, ...PPP_FIELDS }), ...OTHERS];
  const frames = await fieldsOf(file, "l2tp", fields);
  assert.equal(lines.length, frames.size);
  const counts = new Map<string, number>();
  for (const line of lines) {
    const theirs = frames.get(line.packet);
    assert.ok(theirs !== undefined, `packet ${line.packet} is no L2TP to tshark`);
    compare(line, theirs);
    counts.set(line.name, (counts.get(line.name) ?? 0) + 1);
  }
  return counts;
}

function compare(line: Line, theirs: ReadonlyMap<string, readonly string[]>): void {
  const { header, avps = [], ppp, name } = line;
  const same = (field: string, ours: readonly unknown[], isBegin = false) => {
    const all = (theirs.get(field) ?? []).map(normal);
    const expected = isBegin ? all.slice(0, ours.length) : all;
    const message = `packet ${line.packet}, ${name}, ${field}`;
    assert.deepEqual(
      ours.map((value) => normal(String(value))),
      expected,
      message,
    );
  };
  same("frame.time_epoch", [line.time]);
  const isIpv6 = line.source.startsWith("[");
  for (const [field, end] of [
    ["src", line.source],
    ["dst", line.destination],
  ] as const) {
    const address = end.replace(/:\d+$/, "").replaceAll(/[[\]]/g, "");
    same(isIpv6 ? `ipv6.${field}` : `ip.${field}`, [address], true);
  }
  for (const [field, key] of Object.entries(HEADER)) {
    const value = header[key];
    same(field, value === undefined ? [] : [Number(value)]);
  }
  same(
    "l2tp.avp.mandatory",
    avps.map(({ mandatory }) => Number(mandatory)),
  );
  same(
    "l2tp.avp.hidden",
    avps.map(({ hidden }) => Number(hidden)),
  );
  // Of a hidden one tshark prints no more.
  const shown = avps.filter(({ hidden }) => !hidden);
  same(
    "l2tp.avp.vendor_id",
    shown.map(({ vendor }) => vendor),
  );
  same(
    "l2tp.avp.type",
    shown.map(({ type }) => type),
  );
  same(
    "l2tp.avp.length",
    avps.map(({ length }) => length),
  );
  for (const [field, key] of Object.entries(AVPS)) {
    same(
      field,
      shown.filter((avp) => avp.name === key).map(({ value }) => value),
    );
  }
  same("l2tp.result_code", avps.filter((avp) => avp.name === "Result Code").map(codeOf));
  if (ppp !== undefined) comparePpp(name, ppp, same);
}

function codeOf({ value }: Named): number {
  return (value as { code: number }).code;
}

function comparePpp(
  name: string,
  ppp: NonNullable<Line["ppp"]>,
  same: (field: string, ours: readonly unknown[], isBegin?: boolean) => void,
): void {
  const { protocol, code, identifier, fields = [] } = ppp;
  // What was rejected is dissected as well.
  const isNested = name.endsWith("-Reject");
  same("ppp.protocol", [protocol], isNested);
  if (code === undefined) return;
  const prefix = ppp.name === "PAP" || ppp.name === "CHAP" ? ppp.name.toLowerCase() : "ppp";
  same(`${prefix}.code`, [code], isNested);
  same(`${prefix}.identifier`, [identifier], isNested);
  if (isNested) return;
  for (const protocolName of ["lcp", "ipcp", "ipv6cp"]) {
    const isIts = ppp.name.toLowerCase() === protocolName;
    const types = fields.flatMap(({ type }) => (isIts && type !== undefined ? [type] : []));
    same(`${protocolName}.opt.type`, types);
  }
  for (const [field, key] of Object.entries(PPP_FIELDS)) {
    const [owner = ""] = field.split(".");
    const isOption = field.includes(".opt.");
    const found = fields.filter(
      (each) =>
        ppp.name.toLowerCase() === owner &&
        each.name === key &&
        isOption === (each.type !== undefined) &&
        each.value !== "",
    );
    // The parts of a response of MS-CHAPv2 are named here.
    if (field === "chap.value" && found.length === 0) continue;
    same(
      field,
      found.map(({ value }) => value),
    );
  }
}

/** tshark prints numbers in hexadecimal or decimal, and octets with or without colons. */
function normal(value: string): string {
  if (/^0x[0-9a-f]{1,8}$/.test(value)) return String(Number(value));
  if (/^0x[0-9a-f]{16}$/.test(value)) return value.slice(2);
  return /^(?:[0-9a-f]{2}:)+[0-9a-f]{2}$/.test(value) ? value.replaceAll(":", "") : value;
}
