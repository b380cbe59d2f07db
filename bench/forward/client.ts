/**
 * The client side of a measurement, a process of its own: one tunnel with many sessions, then what it
 * is told on standard input. It prints a line of JSON for each.
 *
 * With TCP it is a whole access concentrator: the data plane of simplon in the mirror. Its session's
 * inner address is that of the host, so that what comes from the TUN device for the host goes into
 * the session, and what comes out of it is from the host.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { Loop, type PacketCalls } from "../../src/dataplane/loop.ts";
import { createMemory, instantiate, offloadBits, workerAt } from "../../src/dataplane/memory.ts";
import { InjectRing, PuntRing } from "../../src/dataplane/rings.ts";
import { SessionTable } from "../../src/dataplane/session-table.ts";
import { checked } from "../../src/linux/errno.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { sleepExactly } from "../../src/linux/process.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { openTun } from "../../src/linux/tun.ts";
import { openUdpPair } from "../../src/linux/udp.ts";
import { ipv4, ipv4Prefix } from "../../src/net.ts";
import { OFFLOADS, type Offload, offloadsWithout } from "../../src/offloads.ts";
import { Dialler } from "./dialler.ts";
import { CLIENT_ADDRESS, HOST_ADDRESS, LNS_ADDRESS } from "./lab.ts";
import { Latencies } from "./latencies.ts";
import { answerLines, pause } from "./lines.ts";
import { upward } from "./loads.ts";
import { pace, upwardStamped } from "./paced.ts";
import type { Ring } from "./ring.ts";
import type { ClientQuestion, ClientSettings, Load } from "./settings.ts";

const L2TP_PORT = 1701;
const MTU = 1_400;
const TURN_MS = 50;
/** Ids of sessions at this end begin with it. */
const FIRST_SESSION = 1;
const LAC_REGION = workerAt(0);
const WITHOUT = "turned off for the measurement";

/** Runs until standard input ends. */
export async function client(settings: ClientSettings): Promise<void> {
  const libc = openLibc();
  sleepExactly(libc);
  const { sockets } = openUdpPair(libc, CLIENT_ADDRESS, L2TP_PORT, ["udp-gro", "udp-gso"]);
  const name = encodeSockaddr(LNS_ADDRESS, L2TP_PORT);
  const dialler = new Dialler(libc, sockets, name, settings);
  const sessions = await dialler.dial();
  console.log(JSON.stringify({ addresses: sessions.map(({ address }) => address) }));
  const alive = setInterval(() => dialler.turn(performance.now()), 200);
  const rings = new Map<string, Ring>();
  let lac: ReturnType<typeof startLac> | undefined;

  const ringOf = (load: Load) => {
    const key = JSON.stringify(load);
    const ring = rings.get(key) ?? upward(libc, load, sessions, name, HOST_ADDRESS);
    rings.set(key, ring);
    return ring;
  };
  const startLac = (offloads: readonly Offload[], isOnePerCall: boolean) => {
    const [session] = sessions;
    if (session === undefined) throw new Error("there is no session");
    const options = {
      ...{ name: "lac0", gateway: ipv4(session.address), mtu: MTU },
      pool: [ipv4Prefix(`${HOST_ADDRESS}/32`)],
    };
    const { fd } = openTun(libc, options, offloads);
    const states = offloadsWithout(
      new Map(OFFLOADS.filter((each) => !offloads.includes(each)).map((each) => [each, WITHOUT])),
    );
    const memory = createMemory();
    const forwarding = instantiate(memory);
    const base = libc.address(new Uint8Array(memory.buffer));
    forwarding.layoutWorker(LAC_REGION, base, offloadBits(states));
    const inject = new InjectRing(memory, LAC_REGION + layout.WORKER_INJECT);
    const table = new SessionTable(memory, forwarding, inject);
    const handle = table.publish({
      tunnelId: dialler.tunnelId,
      sessionId: FIRST_SESSION,
      peerTunnelId: session.tunnelId,
      peerSessionId: session.sessionId,
      name,
      control: encodePktinfo(CLIENT_ADDRESS),
    });
    if (handle === undefined) throw new Error("the session table is full");
    const shared = { network: 0, mtu: MTU, acfc: false, pfc: false };
    table.forward(handle, { ...shared, address: ipv4(HOST_ADDRESS) });
    const wake = checked(libc, "eventfd", libc.eventfd());
    const calls: PacketCalls = isOnePerCall
      ? { ...libc, sendmmsg: (fd, messages, _, flags) => libc.sendmmsg(fd, messages, 1, flags) }
      : libc;
    const loop = new Loop(calls, forwarding, {
      ...{ memory, base, worker: LAC_REGION, dataSocket: sockets.data, tuns: [fd], wake },
      ...{ wakeControl: wake, clock: () => performance.now() },
    });
    const punt = new PuntRing(memory, LAC_REGION + layout.WORKER_PUNT);
    return { loop, punt, tun: fd, wake };
  };
  /** The loop and everything else of this process take turns. */
  const run = async (started: NonNullable<typeof lac>) => {
    while (lac === started) {
      const until = performance.now() + TURN_MS;
      while (performance.now() < until) started.loop.turn(TURN_MS);
      for (let taken = started.punt.take(); taken !== undefined; taken = started.punt.take()) {
        dialler.handleFrame(FIRST_SESSION, taken.frame, performance.now());
      }
      await pause();
    }
    libc.close(started.tun);
    libc.close(started.wake);
  };
  let running = Promise.resolve();

  await answerLines<ClientQuestion>(async (question) => {
    switch (question.do) {
      case "blast":
        return { sent: ringOf(question.load).blast(sockets.data, question.seconds) };
      case "pace": {
        const ring = upwardStamped(libc, question.size, sessions, name, HOST_ADDRESS);
        return { sent: await pace(ring, sockets.data, question.seconds, question.rate) };
      }
      case "listen":
        return new Latencies(libc, sockets.data, true).listen(question.seconds);
      case "lac":
        lac = startLac(question.offloads, question.isOnePerCall);
        running = run(lac);
        return {};
      case "rest":
        lac = undefined;
        await running;
        return {};
    }
  });
  clearInterval(alive);
  dialler.hangUp(performance.now());
}
