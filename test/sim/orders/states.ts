/**
 * Every state of a control connection and of a session (RFC 2661 7.2, 7.4, 7.5) in either role, with
 * the phases of a tunnel that is closed, and how a fresh endpoint is brought there.
 *
 * @module
 */
import type { Role } from "../../../src/l2tp/index.ts";
import type { Peer } from "./peer.ts";

export interface State {
  readonly role: Role;
  /** As it is printed, and as `--state` takes it after the role. */
  readonly name: string;
  /** Of the tunnel and its session, as the endpoint tells them. */
  readonly seen: string;
  readonly reach: (peer: Peer) => void;
}

const both = (name: string, seen: string, reach: (peer: Peer, role: Role) => void): State[] =>
  (["lac", "lns"] as const).map((role) => ({
    role,
    name,
    seen,
    reach: (peer: Peer) => reach(peer, role),
  }));

const one = (role: Role, name: string, seen: string, reach: (peer: Peer) => void): State => ({
  role,
  name,
  seen,
  reach,
});

/** In a tunnel that the peer has opened, and that the endpoint has. */
const asked = (peer: Peer) => peer.say("SCCRQ", "SCCCN", "ZLB");
const opened = (peer: Peer, role: Role) => {
  peer.connected(role);
  peer.say("SCCRP", "ZLB");
};
const placed = (peer: Peer, role: Role) => {
  opened(peer, role);
  peer.called();
};
const close = (peer: Peer) => {
  peer.endpoint.closeTunnel(peer.tunnelId, { code: 1 }, peer.now);
  peer.drain();
};
const ordered = (peer: Peer) => {
  asked(peer);
  peer.say("OCRQ", "ZLB");
};

const CONTROL = "control connection";
const UP = "established/established";

export const STATES: readonly State[] = [
  ...both(`${CONTROL} idle`, "", () => undefined),
  ...both(`${CONTROL} wait-ctl-reply`, "wait-ctl-reply", (peer, role) => peer.connected(role)),
  ...both(`${CONTROL} wait-ctl-conn`, "wait-ctl-conn", (peer) => peer.say("SCCRQ")),
  ...both(`${CONTROL} established`, "established", asked),
  ...both("tunnel stopping", "", (peer) => {
    asked(peer);
    close(peer);
  }),
  ...both("tunnel lingering", "", (peer) => {
    asked(peer);
    peer.say("StopCCN");
  }),
  one("lac", "incoming call wait-tunnel", "wait-ctl-reply/wait-tunnel", (peer) => {
    peer.connected("lac");
    peer.called();
  }),
  one("lac", "incoming call wait-reply", "established/wait-reply", (peer) => placed(peer, "lac")),
  one("lac", "incoming call established", UP, (peer) => {
    placed(peer, "lac");
    peer.say("ICRP", "ZLB");
  }),
  one("lac", "outgoing call wait-cs-answer", "established/wait-cs-answer", ordered),
  one("lac", "outgoing call established", UP, (peer) => {
    ordered(peer);
    peer.endpoint.connectCall(peer.tunnelId, peer.sessionId, { txConnectSpeed: 64_000 }, peer.now);
    peer.drain();
    peer.say("ZLB");
  }),
  one("lns", "incoming call wait-connect", "established/wait-connect", (peer) => {
    asked(peer);
    peer.say("ICRQ");
  }),
  one("lns", "incoming call established", UP, (peer) => {
    asked(peer);
    peer.say("ICRQ", "ICCN");
  }),
  one("lns", "outgoing call wait-tunnel", "wait-ctl-reply/wait-tunnel", (peer) => {
    peer.connected("lns");
    peer.called();
  }),
  one("lns", "outgoing call wait-reply", "established/wait-reply", (peer) => placed(peer, "lns")),
  one("lns", "outgoing call wait-connect", "established/wait-connect", (peer) => {
    placed(peer, "lns");
    peer.say("OCRP");
  }),
  one("lns", "outgoing call established", UP, (peer) => {
    placed(peer, "lns");
    peer.say("OCRP", "OCCN");
  }),
];

/** How the tunnel and its session stand, in the words of `seen`. */
export function seen({ endpoint }: Peer): string {
  const tunnels = [...endpoint.tunnels()].map(({ state }) => state);
  const sessions = [...endpoint.sessions()].map(({ state }) => state);
  return [...tunnels, ...sessions].join("/");
}
