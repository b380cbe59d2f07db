/** Random octets, and datagrams made of others by changing, cutting and adding. @module */

export type Roll = () => number;

/** xorshift32: the same numbers for the same seed, each a 32-bit integer. */
export function random(seed: number): Roll {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const CHANGES_MAX = 4;
const LENGTH_MAX = 1_400;
const ADDED_MAX = 64;
/** One in so many is made of nothing but chance. */
const GENERATED = 8;

/** A changed copy of one of `seeds`, or octets of chance. */
export function mutate(seeds: readonly Uint8Array[], roll: Roll): Uint8Array {
  const seed = seeds[roll() % Math.max(1, seeds.length)];
  if (seed === undefined || roll() % GENERATED === 0) return octets(roll() % 200, roll);
  let datagram = Uint8Array.from(seed);
  for (let change = roll() % (CHANGES_MAX + 1); change > 0; change--) {
    datagram = changed(datagram, roll);
  }
  return datagram.subarray(0, LENGTH_MAX);
}

function changed(datagram: Uint8Array<ArrayBuffer>, roll: Roll): Uint8Array<ArrayBuffer> {
  const at = roll() % (datagram.length + 1);
  switch (roll() % 6) {
    case 0:
      if (at < datagram.length) datagram[at] = roll() & 0xff;
      return datagram;
    case 1:
      if (at < datagram.length) datagram[at] = (datagram[at] ?? 0) ^ (1 << (roll() % 8));
      return datagram;
    case 2:
      return datagram.slice(0, at);
    case 3:
      return Uint8Array.from([...datagram, ...octets(roll() % ADDED_MAX, roll)]);
    case 4:
      return Uint8Array.from([
        ...datagram.subarray(0, at),
        ...octets(roll() % 8, roll),
        ...datagram.subarray(at),
      ]);
    default:
      // The Length field follows what was cut or added, so that more than the header is reached.
      if (datagram.length >= 4) {
        datagram[2] = datagram.length >> 8;
        datagram[3] = datagram.length & 0xff;
      }
      return datagram;
  }
}

function octets(length: number, roll: Roll): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => roll() & 0xff);
}
