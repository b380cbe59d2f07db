/**
 * The words that say why something ended: the stable vocabulary of history and log, each with what
 * happened and what to do about it. Words are never renamed; new ones may come.
 *
 * Slots: {user} {peer} {phase}, filled by `fill`.
 *
 * @module
 */

interface Explanation {
  /** "normal": nobody has to do anything. */
  readonly kind: "normal" | "fault";
  readonly what: string;
  readonly advice: string;
}

const EXPLANATIONS = {
  // Ends as they should be.
  "peer-hung-up": {
    kind: "normal",
    what: "The client ended the connection itself.",
    advice:
      "Nothing, if somebody hung up. If nobody did, the log of the client at that time says why.",
  },
  "peer-stopping": {
    kind: "normal",
    what: "{peer} said that it is being shut down.",
    advice: "Nothing here. It dials in again when it is back.",
  },
  stopping: {
    kind: "normal",
    what: "The program was being stopped, and said goodbye.",
    advice: "Start simplon again, and dial in again where the client does not do so by itself.",
  },
  "closed-here": {
    kind: "normal",
    what: "It was ended from this side.",
    advice: "Nothing. The client may dial in again.",
  },
  "idle-timeout": {
    kind: "normal",
    what: "Not one packet went either way for as long as its network lets a session be idle.",
    advice:
      "Nothing. The client may dial in again; if it should stay, raise idle of the [[network]], or " +
      "set it to 0.",
  },
  "lns-started": {
    kind: "normal",
    what: "The program was started.",
    advice: "Nothing.",
  },
  "lns-stopped": {
    kind: "normal",
    what: "The program was stopped in order.",
    advice: "Nothing, if somebody stopped it.",
  },
  "lns-killed": {
    kind: "fault",
    what:
      "The program ended without a goodbye: it was killed, it crashed, or the machine went down. " +
      "Sessions of that time have no entry of their own.",
    advice:
      "Look at what its log and the log of the system (journalctl, dmesg: out of memory) say of " +
      "that time. Clients dial in again when they notice, at the latest after their own timeouts.",
  },
  "lns-failed": {
    kind: "fault",
    what: "The program ended itself after an error of its own.",
    advice: "This is a bug: report it with the log line at level fatal.",
  },

  // Who the user is.
  "wrong-password": {
    kind: "fault",
    what: "{peer} gave the name {user} and a wrong password.",
    advice:
      "Type the password at the client anew, and compare it with that of the [[user]] in the " +
      "configuration: upper and lower case count, and so do spaces at its ends.",
  },
  "unknown-user": {
    kind: "fault",
    what: "{peer} wanted to be {user}, and no user of that name exists.",
    advice:
      "Correct the name at the client (upper and lower case count), or add a [[user]] of that " +
      "name to the configuration.",
  },
  "no-common-auth-method": {
    kind: "fault",
    what: "{peer} would not authenticate by any of the methods that are offered.",
    advice:
      "Allow one of the methods of [auth] methods at the client, or add there the one that the " +
      "client insists on. simplon knows mschapv2, chap and pap; it knows no EAP.",
  },
  "server-not-proved": {
    kind: "fault",
    what: "{peer} let {user} in without a proof that it has the password itself.",
    advice:
      "Somebody else may answer in place of the server: do not dial in again before you know who " +
      "it is. A server that was set up anew without MS-CHAPv2 done in full does the same.",
  },
  "no-credentials": {
    kind: "fault",
    what: "{peer} was asked who it is, and never told a name and a password.",
    advice:
      "Set name and password at the client. If they are set, its log tells why it did not answer; " +
      "some clients wait for a person to type.",
  },
  "aaa-no-answer": {
    kind: "fault",
    what: "Whether {user} may come in was not decided in time.",
    advice: "Look at whether the user database can be reached and how long it takes to answer.",
  },
  "pool-empty": {
    kind: "fault",
    what: "Name and password of {user} were right, but no address was free.",
    advice:
      'Make the pool of the [[network]] larger, or look in "simplon show sessions" for who holds ' +
      "its addresses.",
  },

  // PPP.
  "ppp-no-answer": {
    kind: "fault",
    what: "Tunnel and call were set up, but not one PPP frame came from {peer}.",
    advice:
      "Control messages pass and data messages do not: look for a firewall or NAT on the way that " +
      "treats them differently, and at the client for a PPP that did not start.",
  },
  "negotiation-failed": {
    kind: "fault",
    what: "{peer} and the LNS did not agree on the terms of PPP (in phase {phase}).",
    advice:
      "The log of the client tells which option it insists on. Usual ones: encryption (MPPE), " +
      "which simplon does not offer, and a fixed address that is not the user's.",
  },
  loop: {
    kind: "fault",
    what: "What the LNS sent to {peer} came back to it: the line is looped.",
    advice: "Look at the client and at the line behind it; a LAC may have joined two calls.",
  },
  "echo-timeout": {
    kind: "fault",
    what: "The client answered no LCP Echo-Request any more.",
    advice:
      "It went away without a word (switched off, asleep, another network), or its data messages " +
      "are lost on the way. It may dial in again at any time.",
  },

  // The other side has a reason of its own.
  "peer-gave-up": {
    kind: "fault",
    what: "{peer} ended it before it was up (in phase {phase}).",
    advice:
      "The log of the client says why. Usual reasons: in phase tunnel a tunnel secret that " +
      "differs, in phase lcp or authenticate a method of authentication that it does not allow, " +
      "in phase network encryption (MPPE) that it requires and simplon does not offer.",
  },
  "peer-lost-carrier": {
    kind: "fault",
    what: "{peer} lost the line to the client.",
    advice: "Look at the client and its line; the LNS and the tunnel are well.",
  },
  "peer-refused": {
    kind: "fault",
    what: "{peer} refused, and named the reason below.",
    advice: "Look at {peer}: its Result Code, Error Code and text say what it lacks.",
  },

  // Calls that go on to another LNS.
  "next-lns-hung-up": {
    kind: "normal",
    what: "The LNS that the call of {user} had gone on to ended it.",
    advice: "Nothing, if somebody hung up. If nobody did, the history or log of that LNS says why.",
  },
  "next-lns-failed": {
    kind: "fault",
    what: "The call of {user} was to go on to another LNS, and none took it.",
    advice:
      "Look in the log for which LNSs were tried: whether they run and can be reached, and whether " +
      "secret in [[peer]] is theirs.",
  },

  // Nobody there.
  "no-answer": {
    kind: "fault",
    what: "{peer} acknowledged nothing any more until all retransmissions were used up.",
    advice:
      "The peer is gone, or a firewall or NAT on the way has forgotten the connection: then a " +
      "shorter [lns] hello keeps it open.",
  },
  "half-open": {
    kind: "fault",
    what: "{peer} asked for a tunnel and never acknowledged the answer.",
    advice:
      "The answer does not reach it: look for a firewall that lets UDP port 1701 in but not out, " +
      "and for the route back. Many of these from many addresses are a scan or an attack; they " +
      "are bounded and take nothing from users.",
  },
  "half-open-dropped": {
    kind: "fault",
    what: "{peer} asked for a tunnel, did not go on, and made room for newer requests.",
    advice:
      "Too many unfinished tunnels at a time are an attack; established ones are not touched. " +
      "A client that is real tries again by itself.",
  },
  "setup-timeout": {
    kind: "fault",
    what: "{peer} began (phase {phase}) and did not finish in time.",
    advice: "The log of the client says what it waited for. Look for lost packets on the way.",
  },

  // The tunnel secret.
  "tunnel-secret-wrong": {
    kind: "fault",
    what: "The tunnel secret of {peer} is not that of the LNS.",
    advice:
      "Compare [lns] secret with the secret at the client or LAC; it is not the user's password, " +
      "and not the pre-shared key of IPsec.",
  },
  "tunnel-secret-missing-there": {
    kind: "fault",
    what: "The LNS has a tunnel secret and {peer} did not show that it has one.",
    advice:
      "Enter [lns] secret at the client or LAC. A client that has no field for it (Windows, " +
      'Android, iOS) needs an LNS with secret = "".',
  },
  "tunnel-secret-missing-here": {
    kind: "fault",
    what: "{peer} wants to see a tunnel secret, and the LNS has none.",
    advice: "Set [lns] secret to that of the client or LAC, or take the secret out there.",
  },

  // Something is used up.
  "tunnels-exhausted": {
    kind: "fault",
    what: "{peer} asked for a tunnel, and there were as many as there may be.",
    advice: 'Raise [lns] max-tunnels, or look in "simplon show tunnels" for who holds them.',
  },
  "sessions-exhausted": {
    kind: "fault",
    what: "{peer} asked for a session, and there were as many as there may be.",
    advice: 'Raise [lns] max-sessions, or look in "simplon show sessions" for who holds them.',
  },
  "table-full": {
    kind: "fault",
    what: "The tables of the data plane had no place for one more session.",
    advice: 'Spread users over more LNSes; "simplon show counters" shows what is used up.',
  },

  // What the peer says is not what RFC 2661 says.
  version: {
    kind: "fault",
    what: "{peer} asked for a version of L2TP that simplon does not speak.",
    advice: "Choose L2TPv2 (RFC 2661) at the peer, not L2TPv3.",
  },
  "unknown-mandatory-avp": {
    kind: "fault",
    what: "{peer} sent an AVP that it calls mandatory and that is not known or not readable here.",
    advice:
      "The words name the AVP. Turn off at the peer what it belongs to; a hidden AVP can be read " +
      "only with the same tunnel secret on both sides.",
  },
  malformed: {
    kind: "fault",
    what: "{peer} sent a control message that breaks RFC 2661.",
    advice: "The words name the fault. Update the peer, or report the case with a capture of it.",
  },
  "out-of-sequence": {
    kind: "fault",
    what: "{peer} sent a control message out of its turn.",
    advice: "Usually the peer was restarted; it begins anew by itself. Else as for malformed.",
  },
  "incoming-call": {
    kind: "fault",
    what: "{peer} offered a call, as if we were its LNS.",
    advice: "Look at which of both is meant to be the LAC; the other end of it takes the calls.",
  },
  tie: {
    kind: "normal",
    what: "Both ends opened a tunnel at once, and one of the two was enough.",
    advice: "Nothing: the other tunnel is in use.",
  },
  "outgoing-call": {
    kind: "fault",
    what: "{peer} asked the LNS to dial out.",
    advice: "The LNS takes calls and makes none: turn outgoing calls off at the peer.",
  },

  // Calls of our own: {peer} is the LNS, {user} the client.
  "lns-silent": {
    kind: "fault",
    what: "{peer} did not answer when {user} dialled it.",
    advice:
      "Is the LNS up, and is address of the [[peer]] right? Look for a firewall on the way that " +
      "drops UDP port 1701: tcpdump -ni any udp port 1701 shows whether anything comes back.",
  },
  "lns-refused": {
    kind: "fault",
    what: "{peer} refused {user} (in phase {phase}).",
    advice:
      "What it said is below; its own log says more. In phase tunnel or call it lacks something " +
      "or does not know this host, later on it does not like the user or the terms.",
  },
  "lns-other-secret": {
    kind: "fault",
    what: "The tunnel secret of {peer} is not that of this host.",
    advice:
      "Compare secret of the [[peer]] with the one at the LNS; it is not the password of the " +
      "client, and not the pre-shared key of IPsec.",
  },
  "lns-refused-password": {
    kind: "fault",
    what: "{peer} did not take the name and the password of {user}.",
    advice:
      "Compare user and password of the [[client]] with those at the LNS: upper and lower case " +
      "count. It is tried again once a minute at most, so that no account is locked.",
  },
  "lns-unproven": {
    kind: "fault",
    what: "{peer} took the password of {user} and could not prove that it knows it.",
    advice:
      "Either the password at the LNS differs, or somebody else answers in its place. Nothing was " +
      "sent through the connection; the password itself was not shown.",
  },
  "lns-wants-other-method": {
    kind: "fault",
    what: "{peer} would have {user} authenticate in a way that is not allowed here.",
    advice:
      "Allow it in methods of the [[client]], or turn another one on at the LNS. pap shows the " +
      "password to whoever answers; simplon knows no EAP.",
  },
  "lns-other-terms": {
    kind: "fault",
    what: "{peer} and {user} did not agree on the terms of PPP (in phase {phase}).",
    advice:
      "The log of the LNS tells which option it insists on. A usual one is encryption (MPPE), " +
      "which simplon does not offer.",
  },
  "lns-hung-up": {
    kind: "normal",
    what: "{peer} ended the connection.",
    advice: "Nothing here: {user} dials again by itself. The log of the LNS says why it ended.",
  },
  "lns-gone": {
    kind: "fault",
    what: "{peer} did not answer any more.",
    advice:
      "The LNS went away without a goodbye, or the way to it is broken; {user} dials again by " +
      "itself. A firewall or NAT that forgets the connection wants a shorter [lac] hello.",
  },
} as const satisfies Readonly<Record<string, Explanation>>;

export type Code = keyof typeof EXPLANATIONS;

export const CODES: Readonly<Record<Code, Explanation>> = EXPLANATIONS;

interface Slots {
  readonly user: string;
  readonly peer: string;
  readonly phase: string;
}

/** `template` with its slots filled. */
export function fill(template: string, slots: Slots): string {
  const { user, peer, phase } = slots;
  const values: Readonly<Record<string, string>> = {
    user: user === "" ? "a user without a name" : JSON.stringify(user),
    peer: peer === "" ? "some peer" : peer,
    phase,
  };
  const filled = template.replaceAll(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);
  return filled.charAt(0).toUpperCase() + filled.slice(1);
}
