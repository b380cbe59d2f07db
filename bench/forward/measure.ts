/**
 * One run: a load for some seconds, and what the program under test needed for what arrived.
 *
 * @module
 */
import { OFFLOADS } from "../../src/offloads.ts";
import { cpuSeconds } from "./figures.ts";
import type { Sunk } from "./lab.ts";
import type { Percentiles } from "./latencies.ts";
import { sleep } from "./lines.ts";
import { STAMP_AT } from "./packets.ts";
import type { Direction, Measured, Scenario, TcpScenario } from "./scenarios.ts";
import type { Load } from "./settings.ts";
import type { Subject } from "./subjects.ts";

const GIBI = 1_073_741_824;
/** Until flows are up to speed; for what has been compiled once that is all there is to wait for. */
const TCP_WARM_MS = 700;
const UDP_WARM_S = 0.3;
/** Until what is in queues has passed. */
const DRAIN_MS = 100;
/** In front of an inner packet in a data message of simplon: outer IP and UDP, L2TP, PPP. */
const OUTER = 28;
const DATA_HEADERS = 12;
/** Receivers listen a little longer than senders send. */
const LISTEN_MORE_S = 0.5;

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
  subject: Subject,
  scenario: string,
  load: Load,
  direction: Direction,
  seconds: number,
): Promise<Measured> {
  const { lab, program, client, host, addresses } = subject;
  const isUp = direction === "up";
  const send = (duration: number) => {
    const question = { do: "blast", load, seconds: duration };
    return isUp ? client.ask(question) : host.ask({ ...question, addresses });
  };
  if (!isUp) lab.sinkData(true);
  await send(UDP_WARM_S);
  await sleep(DRAIN_MS);
  const look = () => ({ cpu: cpuSeconds(program.pid), sunk: lab.sunk(isUp ? "host" : "client") });
  const before = look();
  await send(seconds);
  await sleep(DRAIN_MS);
  const after = look();
  if (!isUp) lab.sinkData(false);
  const sunk = {
    packets: after.sunk.packets - before.sunk.packets,
    octets: after.sunk.octets - before.sunk.octets,
  };
  const packets = packetsOf(subject, sunk, load.size, isUp);
  const cpu = after.cpu - before.cpu;
  return {
    ...{ subject: subject.name, scenario, direction },
    cost: (cpu * 1e9) / packets,
    rate: packets / seconds,
    busy: cpu / seconds,
  };
}

/** A super-packet counts as one: of it, and of a message of many frames, the payload tells. */
function packetsOf({ name }: Subject, { packets, octets }: Sunk, size: number, isUp: boolean) {
  if (name === "l2tpns") return packets; // it has no offloads, and headers of its own
  const headers = isUp ? STAMP_AT : OUTER;
  const each = isUp ? size - STAMP_AT : size + DATA_HEADERS;
  return (octets - packets * headers) / each;
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
  await sleep(TCP_WARM_MS);
  const before = await look();
  await sleep(seconds * 1000);
  const after = await look();
  await tcpClient.ask({ do: "stop" });
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

interface Sent {
  readonly sent: number;
}

/** How long packets are under way, and what part of them never arrives, at `rate` a second. */
export async function measureLatency(
  { client, host, addresses }: Subject,
  size: number,
  direction: Direction,
  seconds: number,
  rate: number,
): Promise<{ readonly times: Percentiles; readonly lost: number }> {
  const isUp = direction === "up";
  const question = { do: "pace", size, seconds, rate };
  const listen = { do: "listen", seconds: seconds + LISTEN_MORE_S };
  const heard = (isUp ? host : client).ask<Percentiles>(listen);
  const asked = isUp ? client.ask<Sent>(question) : host.ask<Sent>({ ...question, addresses });
  const { sent } = await asked;
  const times = await heard;
  return { times, lost: Math.max(0, 1 - times.received / sent) };
}
