/**
 * A fault behind two conditions of an octet each, which nobody would ship.
 *
 * @module
 */
export function parse(octets: Uint8Array): number {
  const [first = 0, second = 0, third = 0] = octets;
  let sum = third;
  if (first === 0xc8) {
    sum += 1;
    if (second === 0x5a) throw new Error("planted");
  }
  return sum;
}
