/**
 * Round trips at a trickle: an ICMP Echo of a client to the host behind the LNS, and the next one
 * long after its answer. The kernel says when the answer arrived.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { ipv4 } from "../../src/net.ts";
import { kernelClock } from "./clock.ts";
import { Inbox } from "./inbox.ts";
import { sleep } from "./lines.ts";
import type { Session } from "./loads.ts";
import { dataMessage, echoRequest, isEchoReply } from "./packets.ts";
import { Ring } from "./ring.ts";

/** For an answer that does not come. */
const LOST_MS = 500;
/** Before the first that counts. */
const WARM = 20;

export interface PingSettings {
  /** That data comes to. */
  readonly fd: number;
  /** Socket address of the LNS. */
  readonly name: Uint8Array;
  readonly session: Session;
  readonly host: string;
  readonly rate: number;
  readonly seconds: number;
}

/** Round trips in microseconds; an echo without an answer is left out. */
export async function ping(libc: Libc, settings: PingSettings): Promise<number[]> {
  const { fd, name, session, host, rate, seconds } = settings;
  const clock = kernelClock(libc);
  const inbox = new Inbox(libc, fd);
  const times: number[] = [];
  const source = ipv4(session.address);
  for (let sequence = 0; sequence < WARM + rate * seconds; sequence++) {
    const packet = echoRequest({ source, destination: ipv4(host), sequence });
    const octets = dataMessage(session.tunnelId, session.sessionId, packet);
    const ring = new Ring(libc, [{ octets, name }]);
    const begin = clock();
    ring.send(fd);
    const time = answered(inbox, sequence);
    if (time !== undefined && sequence >= WARM) times.push((time - begin) >>> 0);
    await sleep(1_000 / rate);
  }
  return times;
}

function answered(inbox: Inbox, sequence: number): number | undefined {
  let found: number | undefined;
  const until = performance.now() + LOST_MS;
  while (found === undefined && performance.now() < until) {
    inbox.take((view, at, length, time) => {
      if (isEchoReply(view, at, length, sequence)) found = time;
    });
  }
  return found;
}
