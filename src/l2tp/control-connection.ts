/**
 * The control connection automaton of one tunnel (RFC 2661 7.2.1) with all that it decides by: who
 * the peer says it is, whether the secret is shared, and whether what it sends is in place. Reliable
 * delivery is below it (`Tunnel`), calls are above (`Calls`).
 *
 * @module
 */
import { type AvpInput, AvpType, type ControlMessage } from "../codec/index.ts";
import { RECEIVE_WINDOW, TIE_BREAKER_SIZE } from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import { Authentication } from "./authentication.ts";
import { Calls } from "./calls.ts";
import {
  type ControlConnectionEvent,
  type ControlConnectionState,
  controlConnection,
} from "./control-connection-automaton.ts";
import { fitting } from "./fit.ts";
import { hidden } from "./hide.ts";
import type { Lcce } from "./lcce.ts";
import { isOfType, type Message, readMessage } from "./messages.ts";
import { readResult } from "./result-code.ts";
import {
  causeOf,
  type Fault,
  LOST_TIE,
  NO_SECRET,
  NO_WINDOW,
  noTunnel,
  PEER_LOST,
  PROTOCOL_VERSION,
  SETUP_TIMEOUT,
  unforeseen,
  WRONG_VERSION,
} from "./results.ts";
import {
  NOT_STARTED,
  readHostName,
  readStart,
  type Start,
  startConnected,
  startReply,
  startRequest,
  stopNotification,
} from "./start-messages.ts";
import type { Cause, Path, Role, TunnelInfo } from "./types.ts";

/** For events that end nothing. */
const NO_CAUSE: Cause = { by: "local", result: { code: 0 } };

/** What a control connection needs of its tunnel. */
export interface Carrier {
  readonly tunnelId: number;
  readonly path: Path;
  /** `now` of its creation. */
  readonly since: number;
  send(sessionId: number, avps: readonly AvpInput[]): void;
  /** Sends the StopCCN, after which nothing else is sent. */
  stop(avps: readonly AvpInput[]): void;
  /** The peer has told its Receive Window Size. */
  openWindow(size: number): void;
  /** The control connection is cleaned up. */
  cleaned(now: number): void;
}

export interface Terms {
  /** What we are. */
  readonly role: Role;
  /** Empty for none. */
  readonly secret: Uint8Array;
  /** What may be hidden in call management is. */
  readonly hideAvps: boolean;
  /** That control messages ask to be sent with; of the one who opens the tunnel. */
  readonly dscp: number | undefined;
}

/** Why what SCCRQ or SCCRP say, without fault, is not acceptable. */
export function unacceptable(start: Start, secret: Uint8Array): Fault | undefined {
  if (start.version !== PROTOCOL_VERSION) return WRONG_VERSION;
  if (start.receiveWindow === 0) return NO_WINDOW;
  return start.challenge !== undefined && secret.length === 0 ? NO_SECRET : undefined;
}

export class ControlConnection {
  readonly role: Role;
  readonly secret: Uint8Array;
  wasEstablished = false;
  /** Of the tunnel that we open. */
  tieBreaker: Uint8Array | undefined;
  readonly #lcce: Lcce;
  readonly #carrier: Carrier;
  readonly #authentication: Authentication;
  readonly #terms: Terms;
  #state: ControlConnectionState = "idle";
  #peer: Start = NOT_STARTED;
  #calls: Calls | undefined;

  constructor(lcce: Lcce, carrier: Carrier, terms: Terms) {
    const { role, secret } = terms;
    this.#lcce = lcce;
    this.#carrier = carrier;
    this.role = role;
    this.secret = secret;
    this.#terms = terms;
    this.#authentication = new Authentication(secret);
  }

  /** That both sides have agreed to send control messages with (RFC 3308). */
  get dscp(): number | undefined {
    return this.#peer.dscp;
  }

  get state(): ControlConnectionState {
    return this.#state;
  }

  get tunnelId(): number {
    return this.#carrier.tunnelId;
  }

  get path(): Path {
    return this.#carrier.path;
  }

  /** 0 while the peer has not told it. */
  get peerTunnelId(): number {
    return this.#peer.tunnelId;
  }

  get peer(): Start {
    return this.#peer;
  }

  /** Made with the first call. */
  get calls(): Calls | undefined {
    return this.#calls;
  }

  callsOf(): Calls {
    this.#calls ??= new Calls(this.#lcce, this);
    return this.#calls;
  }

  /** Of a call. */
  send(sessionId: number, avps: readonly AvpInput[]): void {
    const isHidden = this.#terms.hideAvps && this.secret.length > 0;
    const { random, messageMax = Infinity } = this.#lcce.options;
    const shown = isHidden ? hidden(avps, this.secret, random) : avps;
    this.#carrier.send(sessionId, fitting(shown, messageMax));
  }

  /** A call wants the control connection; where there is none yet it waits. */
  requestOpen(now: number): void {
    if (this.#state === "established") this.#run("Local Open request", NO_CAUSE, now);
  }

  /** Sends an SCCRQ. */
  open(now: number): void {
    const { random } = this.#lcce.options;
    this.tieBreaker = random(TIE_BREAKER_SIZE);
    const request = startRequest(this.#introduction(), this.tieBreaker);
    this.#run("Local Open request", NO_CAUSE, now, request);
  }

  /** Takes the SCCRQ that made this tunnel. */
  start(request: Start, now: number): void {
    this.#peer = request;
    const ours = this.#introduction();
    const response = this.#authentication.answer("SCCRP", request.challenge);
    this.#run("Receive SCCRQ, acceptable", NO_CAUSE, now, startReply(ours, response));
  }

  handleMessage(message: Message, sessionId: number, now: number): void {
    if (message.fault !== undefined) this.#lcce.count(message.fault.counter);
    switch (message.name) {
      case "SCCRQ":
        this.#outOfPlace("SCCRQ", message, now);
        return;
      case "SCCRP":
        this.#replied(message, now);
        return;
      case "SCCCN":
        this.#connected(message, now);
        return;
      case "StopCCN":
        this.learn(message);
        this.#run("Receive StopCCN", { by: "peer", result: readResult(message) }, now);
        return;
      case "HELLO":
        this.#invalid(message, now);
        return;
      case "unknown":
        // RFC 2661 4.4.1: the M bit of Message Type says whether it may be ignored.
        if (message.mandatory) this.#invalid(message, now);
        return;
      default:
        this.#call(message, sessionId, now);
    }
  }

  /** Whether this is an SCCRP that opens the control connection, all of it right. */
  isReply(received: ControlMessage): boolean {
    if (this.#state !== "wait-ctl-reply" || !isOfType(received, "SCCRP")) return false;
    return this.#refusal(readMessage(received.avps, this.secret)) === undefined;
  }

  /** The peer's Tunnel ID goes into all that is sent from now on (RFC 2661 4.4.3). */
  learn(message: Message): void {
    if (this.#peer.tunnelId !== 0) return;
    const { assignedTunnelId: tunnelId } = message;
    this.#peer = { ...this.#peer, tunnelId, hostName: readHostName(message) };
  }

  close(cause: Cause, now: number): void {
    this.#run("Admin Tunnel Close", cause, now);
  }

  /** The peer's SCCRQ has won over ours. */
  loseTie(now: number): void {
    this.#lcce.count("tie-breaker-lost");
    this.#run("Receive SCCRQ, lose tie-breaker", causeOf(LOST_TIE), now);
  }

  peerLost(now: number): void {
    this.#lcce.count("no-peer-response");
    this.#run("No peer response", { ...causeOf(PEER_LOST), by: "timeout" }, now);
  }

  /** The set-up has had its time. */
  setupLate(now: number): void {
    this.#lcce.count("tunnel-setup-timeout");
    this.#run("Admin Tunnel Close", { ...causeOf(SETUP_TIMEOUT), by: "timeout" }, now);
  }

  info(state: ControlConnectionState = this.#state): TunnelInfo {
    const { tunnelId, path, since } = this.#carrier;
    return {
      tunnelId,
      peerTunnelId: this.#peer.tunnelId,
      role: this.role,
      path,
      hostName: this.#peer.hostName,
      vendorName: this.#peer.vendorName,
      state,
      sessions: this.#calls?.size ?? 0,
      ...(this.#peer.dscp === undefined ? {} : { dscp: this.#peer.dscp }),
      since,
    };
  }

  #introduction() {
    const { role, dscp } = this.#terms;
    const { hostName, options } = this.#lcce;
    const challenge = this.#authentication.ask(options.random);
    const { receiveWindow = RECEIVE_WINDOW } = options;
    const { tunnelId } = this.#carrier;
    return { role, hostName, tunnelId, challenge, receiveWindow, dscp };
  }

  #replied(message: Message, now: number): void {
    if (this.#state !== "wait-ctl-reply") {
      this.#outOfPlace("SCCRP", message, now);
      return;
    }
    this.learn(message);
    const fault = this.#refusal(message);
    if (fault !== undefined) {
      if (message.fault === undefined) this.#lcce.count(fault.counter);
      this.#run("Receive SCCRP, not acceptable", causeOf(fault), now);
      return;
    }
    this.#peer = readStart(message);
    this.#carrier.openWindow(this.#peer.receiveWindow);
    const response = this.#authentication.answer("SCCCN", this.#peer.challenge);
    this.#run("Receive SCCRP, acceptable", NO_CAUSE, now, startConnected(response));
  }

  #refusal(message: Message): Fault | undefined {
    if (message.fault !== undefined) return message.fault;
    const start = readStart(message);
    const fault = unacceptable(start, this.secret);
    return fault ?? this.#authentication.refusal("SCCRP", start.response) ?? this.#full();
  }

  #connected(message: Message, now: number): void {
    if (this.#state !== "wait-ctl-conn") {
      this.#outOfPlace("SCCCN", message, now);
      return;
    }
    const response = message.values.octets(AvpType.ChallengeResponse);
    const refusal = this.#authentication.refusal("SCCCN", response);
    const fault = message.fault ?? refusal ?? this.#full();
    if (fault !== undefined) {
      if (message.fault === undefined) this.#lcce.count(fault.counter);
      this.#run("Receive SCCCN, not acceptable", causeOf(fault), now);
      return;
    }
    this.#run("Receive SCCCN, acceptable", NO_CAUSE, now);
  }

  #full(): Fault | undefined {
    const { established, tunnelsMax } = this.#lcce;
    return established < tunnelsMax ? undefined : noTunnel(this.role);
  }

  #call(message: Message, sessionId: number, now: number): void {
    if (this.#state === "established") {
      this.callsOf().handleMessage(message, sessionId, now);
    } else if (message.name === "CDN" || message.name === "WEN" || message.name === "SLI") {
      this.#lcce.count("unknown-session");
    } else {
      // RFC 2661 7.1: a message in an improper sequence clears the control connection.
      this.#improper("Receive invalid message", message, now);
    }
  }

  #outOfPlace(name: "SCCRQ" | "SCCRP" | "SCCCN", message: Message, now: number): void {
    const grade = message.fault === undefined ? "acceptable" : "not acceptable";
    this.#improper(`Receive ${name}, ${grade}`, message, now);
  }

  #improper(event: ControlConnectionEvent, message: Message, now: number): void {
    this.#lcce.count("out-of-sequence");
    this.#run(event, causeOf(unforeseen(message.name, this.#state)), now);
  }

  #invalid({ fault }: Message, now: number): void {
    if (fault !== undefined) this.#run("Receive invalid message", causeOf(fault), now);
  }

  #run(
    event: ControlConnectionEvent,
    cause: Cause,
    now: number,
    message: readonly AvpInput[] = [],
  ): void {
    const before = this.#state;
    const cell = step(controlConnection, before, event);
    if (cell === undefined) return;
    this.#state = cell.next;
    if (cell.next === "established" && before !== "established") this.#established();
    for (const action of cell.actions) {
      switch (action) {
        case "Send SCCRQ":
        case "Send SCCRP":
        case "Send SCCCN":
          this.#carrier.send(0, message);
          break;
        case "Send StopCCN":
          this.#carrier.stop(stopNotification(this.#carrier.tunnelId, cause.result));
          break;
        case "Send tunnel-open event to waiting sessions":
          this.#calls?.tunnelOpen(now);
          break;
        case "Clean up":
          this.#cleanUp(before, cause, now);
          break;
      }
    }
  }

  #established(): void {
    this.wasEstablished = true;
    this.#lcce.established += 1;
    this.#lcce.emit({ type: "tunnel-up", tunnel: this.info() });
  }

  #cleanUp(before: ControlConnectionState, cause: Cause, now: number): void {
    const tunnel = this.info(before);
    this.#calls?.clear(cause, now);
    this.#lcce.emit({ type: "tunnel-down", tunnel, ...cause });
    this.#carrier.cleaned(now);
  }
}
