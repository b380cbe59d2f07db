/**
 * Hidden AVPs: what was hidden is revealed, and whatever comes is revealed or stays hidden.
 *
 * @module
 */
import { md5 } from "@noble/hashes/legacy.js";
import { type Avp, AvpType, hideAvp, isNeverHidden, revealAvps } from "../../../src/codec/index.ts";
import { hidden } from "../../../src/l2tp/hide.ts";
import { AVP_VALUE_MAX } from "../../../src/limits.ts";
import { seededRandom } from "../../peer/control.ts";
import { must, Octets } from "../octets.ts";

const LENGTHS = [0, 1, 2, 13, 14, 15, 16, 30, 100, AVP_VALUE_MAX - 2, AVP_VALUE_MAX] as const;

export function hiddenAvps(input: Uint8Array): void {
  const choices = new Octets(input);
  const secret = choices.take(choices.below(20));
  while (choices.left > 0) {
    if (choices.seldom(2)) anything(choices, secret);
    else thereAndBack(choices, secret);
  }
}

/** AVPs of a peer, with Random Vectors and without. */
function anything(choices: Octets, secret: Uint8Array): void {
  const avps: Avp[] = [];
  for (let left = choices.below(6); left > 0; left--) {
    avps.push({
      vendor: choices.seldom(6) ? choices.next() : 0,
      type: choices.seldom(3) ? AvpType.RandomVector : choices.below(50),
      mandatory: true,
      hidden: !choices.seldom(3),
      recognised: true,
      value: choices.take(choices.below(40)),
    });
  }
  const revealed = revealAvps(avps, secret, md5);
  must(revealed.length === avps.length, "an AVP is lost");
  for (const [at, { type, value, hidden }] of revealed.entries()) {
    const before = avps[at];
    must(before?.type === type, "another AVP");
    const isCut = before.hidden && !hidden;
    must(value.length <= before.value.length - (isCut ? 2 : 0), "a value grows");
    must(before.hidden || before.value === value, "what was not hidden changes");
  }
}

function thereAndBack(choices: Octets, secret: Uint8Array): void {
  const length = choices.of(LENGTHS);
  const value = new Uint8Array(length).fill(choices.next());
  const type = choices.below(50);
  const avps = [
    { type: AvpType.MessageType, value: Uint8Array.of(0, 10) },
    { type, value },
  ];
  const sent = hidden(avps, secret, seededRandom(choices.next()));
  for (const { value } of sent) must(value.length <= AVP_VALUE_MAX, "a hidden value is too long");
  const received = sent.map(
    (avp): Avp => ({ vendor: 0, mandatory: true, recognised: true, hidden: false, ...avp }),
  );
  const revealed = revealAvps(received, secret, md5).at(-1);
  const isLeftOut = sent.length === (isNeverHidden(type) ? 1 : 2);
  must(
    isLeftOut || Buffer.compare(revealed?.value ?? new Uint8Array(0), value) === 0,
    "it is lost",
  );
  if (isNeverHidden(type))
    mustThrow(() => hideAvp({ type, value }, { secret, randomVector: value, md5 }));
}

function mustThrow(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    must(error instanceof RangeError, String(error));
    return;
  }
  throw new Error("no RangeError");
}
