/** Values as tshark prints them, by field, in the order in which they stand in the frame. */
export class Values {
  readonly #lists = new Map<string, string[]>();

  add(field: string, value: number | string): void {
    const list = this.#lists.get(field);
    if (list) list.push(String(value));
    else this.#lists.set(field, [String(value)]);
  }

  get map(): ReadonlyMap<string, readonly string[]> {
    return this.#lists;
  }
}

export function u16(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0);
}

export function u32(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

export function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
