/**
 * One run: a load for some seconds, and what the program under test needed for what arrived.
 *
 * @module
 */
import { OFFLOADS } from "../../src/offloads.ts";
import { cpuSeconds } from "./figures.ts";
import type { Sunk } from "./lab.ts";
import { sleep } from "./lines.ts";
import type { Paced } from "./paced.ts";
import { STAMP_AT } from "./packets.ts";
import type { Program } from "./program.ts";
import type { Measured, Scenario, TcpScenario, UdpScenario } from "./scenarios.ts";
import type { Direction, Load } from "./settings.ts";
import type { Subject } from "./subjects.ts";

const GIBI = 1_073_741_824;
/** Until flows are up to speed, unless the measurement itself is shorter. */
const TCP_WARM_S = 0.7;
/** For what has been compiled once that is all there is to wait for. */
const UDP_WARM_S = 0.3;
/** Until what is in queues has passed. */
const DRAIN_MS = 50;
/** In front of an inner packet in a data message of simplon: outer IP and UDP, L2TP, PPP. */
const OUTER = 28;
const DATA_HEADERS = 12;

/** What a load of UDP needs. */
export interface Loaded extends Pick<Subject, "name" | "lab" | "program" | "host" | "addresses"> {
  readonly client: Pick<Program, "ask">;
}

export function measure(
  subject: Subject,
  scenario: Scenario,
  direction: Direction,
  seconds: number,
): Promise<Measured> {
  return scenario.kind === "tcp"
    ? measureTcp(subject, scenario, direction, seconds)
    : measureUdp(subject, scenario.name, scenario.load, direction, seconds);
}

export async function measureUdp(
  subject: Loaded,
  scenario: string,
  load: Load,
  direction: Direction,
  seconds: number,
): Promise<Measured> {
  const { lab, client, host, addresses } = subject;
  const isUp = direction === "up";
  const send = (duration: number) => {
    const question = { do: "blast", load, seconds: duration };
    return isUp ? client.ask(question) : host.ask({ ...question, addresses });
  };
  if (!isUp) lab.sinkData(true);
  const sink = isUp ? "host" : "client";
  const count = (sunk: Sunk) => packetsOf(subject, sunk, load.size, isUp);
  const costs = await costsOf(subject, send, sink, count, seconds);
  if (!isUp) lab.sinkData(false);
  return { ...{ subject: subject.name, scenario, direction }, ...costs };
}

/** The load of a switch goes on to the host, as data messages. */
export async function measureSwitch(
  subject: Pick<Loaded, "name" | "lab" | "program" | "client">,
  { name, load }: UdpScenario,
  seconds: number,
): Promise<Measured> {
  const send = (duration: number) => subject.client.ask({ do: "blast", load, seconds: duration });
  const count = (sunk: Sunk) => messagesOf(sunk, load.size);
  const costs = await costsOf(subject, send, "host", count, seconds);
  return { ...{ subject: subject.name, scenario: name, direction: "up" }, ...costs };
}

async function costsOf(
  { lab, program }: Pick<Loaded, "lab" | "program">,
  send: (seconds: number) => Promise<unknown>,
  sink: "host" | "client",
  count: (sunk: Sunk) => number,
  seconds: number,
): Promise<Pick<Measured, "cost" | "rate" | "busy">> {
  await send(Math.min(UDP_WARM_S, seconds));
  await sleep(DRAIN_MS);
  const look = () => ({ cpu: cpuSeconds(program.pid), sunk: lab.sunk(sink) });
  const before = look();
  await send(seconds);
  await sleep(DRAIN_MS);
  const after = look();
  const packets = count({
    packets: after.sunk.packets - before.sunk.packets,
    octets: after.sunk.octets - before.sunk.octets,
  });
  const cpu = after.cpu - before.cpu;
  return { cost: (cpu * 1e9) / packets, rate: packets / seconds, busy: cpu / seconds };
}

/**
 * A super-packet counts as one, and so does a message of many frames, but both have one header: the
 * payload tells how many packets there were.
 */
function packetsOf({ name }: Loaded, sunk: Sunk, size: number, isUp: boolean): number {
  const { packets, octets } = sunk;
  if (name === "l2tpns") return packets; // it has no offloads, and headers of its own
  if (!isUp) return messagesOf(sunk, size);
  return (octets - packets * STAMP_AT) / (size - STAMP_AT);
}

/** Data messages with packets of `size` octets. */
function messagesOf({ packets, octets }: Sunk, size: number): number {
  return (octets - packets * OUTER) / (size + DATA_HEADERS);
}

async function measureTcp(
  subject: Subject,
  { name, flows, isPlain }: TcpScenario,
  direction: Direction,
  seconds: number,
): Promise<Measured> {
  const { program, client, tcpClient, tcpHost } = subject;
  const isUp = direction === "up";
  await client.ask({ do: "lac", offloads: isPlain ? [] : OFFLOADS, isOnePerCall: isPlain });
  await tcpClient.ask({ do: "run", isUp, flows });
  const receiver = isUp ? tcpHost : tcpClient;
  const look = async () => {
    const { octets } = await receiver.ask<{ octets: number }>({ do: "count" });
    return { octets, cpu: cpuSeconds(program.pid), at: performance.now() };
  };
  await sleep(Math.min(TCP_WARM_S, seconds) * 1000);
  const before = await look();
  await sleep(seconds * 1000);
  const after = await look();
  for (const end of [tcpClient, tcpHost]) await end.ask({ do: "stop" });
  await sleep(DRAIN_MS);
  await client.ask({ do: "rest" });
  const octets = after.octets - before.octets;
  const cpu = after.cpu - before.cpu;
  const passed = (after.at - before.at) / 1000;
  return {
    ...{ subject: subject.name, scenario: name, direction },
    cost: cpu / (octets / GIBI),
    rate: (octets * 8) / passed / 1e9,
    busy: cpu / passed,
  };
}

/** How long packets are under way at `rate` a second. */
export function measureLatency(
  { client }: Subject,
  size: number,
  direction: Direction,
  seconds: number,
  rate: number,
): Promise<Paced> {
  return client.ask<Paced>({ do: "pace", direction, size, seconds, rate });
}
