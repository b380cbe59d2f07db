// The one file that loads from and stores to memory.
//
// Packet bytes are in network order (big-endian): `getU16`, `putU16`, ... Records, rings, counters
// and kernel structures are in the host's order (little-endian, as in WebAssembly): `read32`,
// `write64`, ... None of these functions checks a bound: a caller validates the whole packet
// first, then reads. The compiler inlines them.

export function getU8(at: usize): u32 {
  return load<u8>(at);
}

export function getU16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

export function getU32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

export function getU64(at: usize): u64 {
  return bswap<u64>(load<u64>(at));
}

export function putU8(at: usize, value: u32): void {
  store<u8>(at, <u8>value);
}

export function putU16(at: usize, value: u32): void {
  store<u16>(at, bswap<u16>(<u16>value));
}

export function putU32(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

export function read8(at: usize): u32 {
  return load<u8>(at);
}

export function read16(at: usize): u32 {
  return load<u16>(at);
}

export function read32(at: usize): u32 {
  return load<u32>(at);
}

export function read64(at: usize): u64 {
  return load<u64>(at);
}

export function readFloat64(at: usize): f64 {
  return load<f64>(at);
}

export function write8(at: usize, value: u32): void {
  store<u8>(at, <u8>value);
}

export function write16(at: usize, value: u32): void {
  store<u16>(at, <u16>value);
}

export function write32(at: usize, value: u32): void {
  store<u32>(at, value);
}

export function write64(at: usize, value: u64): void {
  store<u64>(at, value);
}

export function readVector(at: usize): v128 {
  return v128.load(at);
}

export function writeVector(at: usize, value: v128): void {
  v128.store(at, value);
}

/** Copies 16 octets. */
export function copyVector(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
}

/** Load and store that order all others around them: for words that threads signal with. */
export function readShared32(at: usize): u32 {
  return atomic.load<u32>(at);
}

/** Read as a whole: never half of one value and half of another. */
export function readShared64(at: usize): u64 {
  return atomic.load<u64>(at);
}

export function writeShared32(at: usize, value: u32): void {
  atomic.store<u32>(at, value);
}
