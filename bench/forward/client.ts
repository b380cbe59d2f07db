/**
 * The client side of a measurement, a process of its own: one tunnel with many sessions, then what it
 * is told on standard input. It prints a line of JSON for each.
 *
 * @module
 */
import { openLibc } from "../../src/linux/ffi.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { sleepExactly } from "../../src/linux/process.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { Dialler } from "./dialler.ts";
import { Inbox } from "./inbox.ts";
import { CLIENT_ADDRESS, HOST_ADDRESS, L2TP_PORT, LNS_ADDRESS } from "./lab.ts";
import { TcpLac } from "./lac.ts";
import { Latencies } from "./latencies.ts";
import { answerLines, sleep } from "./lines.ts";
import { type Session, upward } from "./loads.ts";
import { downwardStamped, type Paced, pace, upwardStamped } from "./paced.ts";
import { STAMPED } from "./packets.ts";
import { openPair, type UdpPair } from "./pair.ts";
import { ping } from "./ping.ts";
import type { Ring } from "./ring.ts";
import type { ClientQuestion, ClientSettings, Load } from "./settings.ts";
import { inNamespace, openReceiver, openSender } from "./sockets.ts";

const OFFLOADS = ["udp-gro", "udp-gso"] as const;
const KEEP_ALIVE_MS = 200;
/** Until the kernel stamps packets: it is told to in the background. */
const STAMPS_MS = 50;
/** Id at this end of the session that has TCP. */
const TCP_SESSION = 1;

type Question<Kind extends ClientQuestion["do"]> = Extract<ClientQuestion, { do: Kind }>;

/** Runs until standard input ends. */
export async function client(settings: ClientSettings): Promise<void> {
  const libc = openLibc();
  sleepExactly(libc);
  const sockets = openPair(libc, CLIENT_ADDRESS, settings.port ?? L2TP_PORT, OFFLOADS);
  const name = encodeSockaddr(LNS_ADDRESS, L2TP_PORT);
  const dialler = new Dialler(libc, sockets, name, settings);
  const sessions = await dialler.dial();
  const addresses = sessions.map(({ address }) => address);
  console.log(JSON.stringify({ addresses, tunnelId: sessions[0]?.tunnelId }));
  const alive = setInterval(() => dialler.turn(performance.now()), KEEP_ALIVE_MS);
  const running = new Client(libc, { sockets, name, dialler, sessions, settings });
  await answerLines((question: ClientQuestion) => running.answer(question));
  clearInterval(alive);
  dialler.hangUp(performance.now());
}

interface Parts {
  readonly sockets: UdpPair;
  /** Socket address of the LNS. */
  readonly name: Uint8Array;
  readonly dialler: Dialler;
  readonly sessions: readonly Session[];
  readonly settings: ClientSettings;
}

class Client {
  readonly #libc: Libc;
  readonly #parts: Parts;
  readonly #rings = new Map<string, Ring>();
  readonly #inbox: Inbox;
  /** Sockets in the host's namespace, once they are needed: one client alone can have them. */
  #host: { readonly sender: number; readonly inbox: Inbox } | undefined;
  #lac: TcpLac | undefined;

  constructor(libc: Libc, parts: Parts) {
    this.#libc = libc;
    this.#parts = parts;
    this.#inbox = new Inbox(libc, parts.sockets.data);
  }

  async answer(question: ClientQuestion): Promise<unknown> {
    switch (question.do) {
      case "blast":
        return { sent: this.#ringOf(question.load).blast(this.#data, question.seconds) };
      case "pace":
        return this.#pace(question);
      case "ping":
        return this.#ping(question);
      case "lac":
        this.#lac = this.#startLac(question);
        return {};
      case "rest":
        await this.#lac?.end();
        this.#lac = undefined;
        return {};
    }
  }

  get #data(): number {
    return this.#parts.sockets.data;
  }

  #ringOf(load: Load): Ring {
    const key = JSON.stringify(load);
    const { sessions, name } = this.#parts;
    const ring = this.#rings.get(key) ?? upward(this.#libc, load, sessions, name, HOST_ADDRESS);
    this.#rings.set(key, ring);
    return ring;
  }

  async #pace(question: Question<"pace">): Promise<Paced> {
    const { direction, size } = question;
    const { sessions, name } = this.#parts;
    const isUp = direction === "up";
    const ring = isUp
      ? upwardStamped(this.#libc, size, sessions, name, HOST_ADDRESS)
      : downwardStamped(
          this.#libc,
          size,
          sessions.map(({ address }) => address),
        );
    this.#host ??= this.#openHost();
    const inbox = isUp ? this.#host.inbox : this.#inbox;
    inbox.stamp(true);
    await sleep(STAMPS_MS);
    const latencies = new Latencies(inbox, !isUp);
    const paced = pace(
      this.#libc,
      ring,
      isUp ? this.#data : this.#host.sender,
      latencies,
      question,
    );
    inbox.stamp(false);
    return paced;
  }

  async #ping({ seconds, rate }: Question<"ping">): Promise<number[]> {
    const { name, sessions } = this.#parts;
    const [session] = sessions;
    if (session === undefined) throw new Error("there is no session");
    this.#inbox.stamp(true);
    await sleep(STAMPS_MS);
    const settings = { fd: this.#data, name, session, host: HOST_ADDRESS, rate, seconds };
    const times = await ping(this.#libc, settings);
    this.#inbox.stamp(false);
    return times;
  }

  #openHost() {
    return inNamespace(this.#libc, this.#parts.settings.hostNamespace, () => ({
      sender: openSender(this.#libc),
      inbox: new Inbox(this.#libc, openReceiver(this.#libc, STAMPED)),
    }));
  }

  #startLac({ offloads, isOnePerCall }: Question<"lac">): TcpLac {
    const { sockets, name, dialler, sessions } = this.#parts;
    const [session] = sessions;
    if (session === undefined) throw new Error("there is no session");
    const settings = {
      ...{ offloads, isOnePerCall, name, session, dataSocket: sockets.data },
      ...{ tunnelId: dialler.tunnelId, sessionId: TCP_SESSION },
    };
    return new TcpLac(this.#libc, settings, (frame) => {
      dialler.handleFrame(TCP_SESSION, frame, performance.now());
    });
  }
}
