/**
 * The protocols of a PPP link, each at both ends: from where it begins, in the phase that it has.
 *
 * @module
 */
import { credentials } from "../../../src/aaa/credentials.ts";
import {
  type AuthMethod,
  Link,
  type LinkOptions,
  PeerLink,
  type PeerLinkSettings,
} from "../../../src/ppp/index.ts";
import { CHAP, IPCP, IPV6CP, LCP, PAP, text } from "../../peer/ppp.ts";
import { papRequest, peerSettings } from "../../peer/ppp-bench.ts";
import { linkOptions, seededRandom } from "../../peer/ppp-conversation.ts";
import { Octets } from "../octets.ts";
import { End, type Menu } from "./ppp-end.ts";

const MAGIC = [5, 6, 0xaa, 0xbb, 0xcc, 0xdd];
const OWN_MAGIC = [0xaa, 0xbb, 0xcc, 0xdd];

const LCP_MENU: Menu = {
  protocol: LCP,
  types: [1, 2, 3, 4, 5, 7, 8, 13, 17],
  values: [
    [],
    [0xc0, 0x23],
    [0xc2, 0x23, 5],
    [0xc2, 0x23, 0x81],
    [0xc2, 0x27],
    [5, 0xdc],
    [0, 100],
    [0xff, 0xff],
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    OWN_MAGIC,
  ],
  bodies: [OWN_MAGIC, [0, 0, 0, 0], [0x80, 0x21, 1, 1, 0, 4], [9, 1, 0, 8, 0, 0, 0, 0], [5], [1]],
};
const IPCP_MENU: Menu = {
  protocol: IPCP,
  types: [3, 129, 131, 130, 132, 1, 2],
  values: [
    [10, 64, 0, 7],
    [10, 64, 0, 1],
    [0, 0, 0, 0],
    [192, 0, 2, 53],
    [192, 0, 2, 54],
    [192, 0, 2, 137],
    [127, 0, 0, 1],
    [255, 255, 255, 255],
    [0, 0x2d, 15, 1],
  ],
  bodies: [[1, 2, 3], [], [5, 1, 0, 4], [2]],
};
const IPV6CP_MENU: Menu = {
  protocol: IPV6CP,
  types: [1, 2],
  values: [
    [1, 2, 3, 4, 5, 6, 7, 8],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [2, 2, 3, 4, 5, 6, 7, 9],
    [0, 1],
  ],
  bodies: [[1, 2, 3], [], [5, 1, 0, 4], [2]],
};
const PAP_MENU: Menu = {
  protocol: PAP,
  types: [3],
  values: [[]],
  bodies: [
    papRequest("demo", "demo"),
    papRequest("", ""),
    papRequest("d".repeat(20), "p".repeat(9)),
    [2, 0x6f, 0x6b],
    [0],
    [],
  ],
};
const CHALLENGE = Array.from({ length: 16 }, (_, at) => at);
const CHAP_MENU: Menu = {
  protocol: CHAP,
  types: [3],
  values: [[]],
  bodies: [
    [16, ...CHALLENGE, ...text("demo")],
    [49, ...CHALLENGE, ...new Uint8Array(8), ...CHALLENGE, ...new Uint8Array(9), ...text("demo")],
    text(`S=${"0".repeat(40)} M=ok`),
    text("E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no"),
    text("E=648 R=1 V=3"),
    [0],
    [],
  ],
};

function linkOf(options: Partial<LinkOptions>): Link {
  return new Link(linkOptions({ random: seededRandom(1), ...options }));
}

function peerLinkOf(settings: Partial<PeerLinkSettings>): PeerLink {
  return new PeerLink(peerSettings({ random: seededRandom(2), ipv6: true, ...settings }));
}

/** LCP is opened; the peer of a `PeerLink` asks for what `asks` says. */
function established(end: End, asks: readonly number[] = []): End {
  return end
    .open()
    .ack(LCP)
    .say(LCP, 1, 1, [...asks, ...MAGIC]);
}

/** The first octet says at which end, and how it is set up. */
type Place = (setup: number, choices: Octets) => End;

function run(place: Place, menu: Menu): (input: Uint8Array) => void {
  return (input) => {
    const choices = new Octets(input);
    place(choices.next(), choices).follow(choices, menu).finish();
  };
}

const METHODS: readonly (readonly [AuthMethod, ...AuthMethod[]])[] = [
  ["mschapv2", "chap", "pap"],
  ["pap"],
  ["chap", "pap"],
  ["mschapv2"],
];

/** From a lower layer that is up, or from what a LAC has negotiated. */
const lcpPlace: Place = (setup, choices) => {
  const methods = METHODS[(setup >> 2) % METHODS.length] ?? ["pap"];
  const mru = (setup & 0x20) === 0 ? 1_500 : 1_400;
  if ((setup & 1) === 1) return new End(peerLinkOf({ methods, mru })).open();
  const end = new End(linkOf({ authMethods: methods, mru }));
  return (setup & 2) === 0 ? end.open() : end.open(proxy(choices));
};

function proxy(choices: Octets) {
  const auth = choices.of([[3, 4, 0xc0, 0x23], [3, 5, 0xc2, 0x23, 5], []]);
  const some = () => choices.take(choices.below(12));
  const list = (usual: readonly number[]) =>
    choices.seldom(3) ? some() : Uint8Array.from([...usual, ...(choices.seldom(3) ? some() : [])]);
  return {
    lcp: { initialReceived: some(), lastSent: list(auth), lastReceived: list(MAGIC) },
    authen: {
      type: choices.below(6),
      id: choices.next(),
      name: some(),
      challenge: choices.take(choices.below(20)),
      response: choices.take(choices.of([16, 49, 4])),
    },
    ...(choices.seldom(2) ? { want: some(), allow: some() } : {}),
  };
}

const networkPlace: Place = (setup) => {
  if ((setup & 1) === 1) {
    const [ipv4, ipv6, dns] = [2, 4, 8].map((bit) => (setup & bit) === 0);
    return established(
      new End(peerLinkOf({ ipv4: ipv4 || !ipv6, ipv6: ipv6 === true, dns: dns === true })),
    );
  }
  const end = established(new End(linkOf({ authMethods: ["pap"] })));
  return end.say(PAP, 1, 1, papRequest("demo", "demo")).answer();
};

/** At the end that asks who the other is, or at the one that says it. */
function authPlace(method: AuthMethod, option: readonly number[]): Place {
  return (setup) => {
    const password = (setup & 2) === 0 ? "demo" : "other";
    const settings = { credentials: credentials("demo", password), methods: [method] };
    return (setup & 1) === 1
      ? established(new End(peerLinkOf(settings)), option)
      : established(new End(linkOf({ authMethods: [method] })));
  };
}

export const lcp = run(lcpPlace, LCP_MENU);
export const ipcp = run(networkPlace, IPCP_MENU);
export const ipv6cp = run(networkPlace, IPV6CP_MENU);
export const pap = run(authPlace("pap", [3, 4, 0xc0, 0x23]), PAP_MENU);
export const chap = run(authPlace("chap", [3, 5, 0xc2, 0x23, 5]), CHAP_MENU);
export const mschapv2 = run(authPlace("mschapv2", [3, 5, 0xc2, 0x23, 0x81]), CHAP_MENU);
