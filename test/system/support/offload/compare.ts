/** Compares what two runs have given: each flow's packets in their order, all of them, no more. */
import { belongs } from "../../../reference/hosts.ts";
import { flowOf } from "./packets.ts";

const SHOWN = 96;
const DIFFERENCES_SHOWN = 3;

export interface Difference {
  readonly flow: string;
  readonly at: number;
  readonly text: string;
}

export type Flows = ReadonlyMap<string, readonly Uint8Array[]>;

/**
 * What has to stay in order among itself, by a name. What is not plainly of a flow keeps its place
 * among all between its two hosts: it parts what is before it from what is behind it. `packetOf`
 * finds the IP packet in what was captured.
 */
export function byFlow(
  captured: readonly Uint8Array[],
  packetOf: (octets: Uint8Array) => Uint8Array,
): Flows {
  const flows = new Map<string, Uint8Array[]>();
  const apart = new Map<string, number>();
  for (const octets of captured) {
    const packet = packetOf(octets);
    const { pair, flow: own } = belongs(packet);
    const before = apart.get(pair) ?? 0;
    if (own === undefined) apart.set(pair, before + 1);
    const name = own === undefined ? `${pair} apart` : `${flowOf(packet)}, part ${before}`;
    const flow = flows.get(name);
    if (flow === undefined) flows.set(name, [octets]);
    else flow.push(octets);
  }
  return flows;
}

/** One for each flow that differs, with the first place where it does. */
export function differences(expected: Flows, actual: Flows): Difference[] {
  const names = new Set([...expected.keys(), ...actual.keys()]);
  return [...names].flatMap((flow): Difference[] => {
    const wanted = expected.get(flow) ?? [];
    const found = actual.get(flow) ?? [];
    const most = Math.max(wanted.length, found.length);
    for (let at = 0; at < most; at++) {
      const [want, have] = [wanted[at], found[at]];
      if (want !== undefined && have !== undefined && Buffer.compare(want, have) === 0) continue;
      return [{ flow, at, text: describe(flow, at, wanted, found) }];
    }
    return [];
  });
}

/** Fails with the first few differences, and with how to see them again. */
export function assertSame(
  expected: Readonly<Record<"up" | "down", Flows>>,
  actual: Readonly<Record<"up" | "down", Flows>>,
  seed: number,
): void {
  for (const way of ["up", "down"] as const) {
    const all = differences(expected[way], actual[way]);
    if (all.length === 0) continue;
    const shown = all.slice(0, DIFFERENCES_SHOWN).map(({ text }) => text);
    const flows = `${all.length} of ${expected[way].size} flows`;
    throw new Error(`${way}: ${flows} differ (seed ${seed})\n${shown.join("\n")}`);
  }
}

function describe(
  flow: string,
  at: number,
  wanted: readonly Uint8Array[],
  found: readonly Uint8Array[],
): string {
  const [want, have] = [wanted[at], found[at]];
  const lines = [
    `flow ${flow}: packet ${at} of ${wanted.length} expected and ${found.length} found`,
    `  before    ${hex(wanted[at - 1])}`,
    `  expected  ${hex(want)}`,
    `  found     ${hex(have)}`,
  ];
  if (want !== undefined && have !== undefined) {
    const octet = want.findIndex((value, index) => value !== have[index]);
    lines.push(`  lengths ${want.length} and ${have.length}, first octet that differs: ${octet}`);
    const later = found.findIndex((other) => Buffer.compare(want, other) === 0);
    if (later >= 0) lines.push(`  the expected one is there as number ${later}`);
  }
  return lines.join("\n");
}

function hex(octets: Uint8Array | undefined): string {
  if (octets === undefined) return "nothing";
  const more = octets.length > SHOWN ? `… (${octets.length})` : "";
  return Buffer.from(octets.subarray(0, SHOWN)).toString("hex") + more;
}
