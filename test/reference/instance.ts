/**
 * The two builds of the codec, each over a memory that a test can look at and set traps in.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { CodecExports } from "../../src/codec/load.ts";

export type Build = "codec" | "dataplane";
export const BUILDS: readonly Build[] = ["codec", "dataplane"];

export interface TestInstance {
  readonly exports: CodecExports;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The first address that is not there: reading at it traps. */
  readonly end: number;
}

const PAGES = 16;
/** The maximum that dataplane.wasm is compiled with, from asconfig.json. */
const SHARED_PAGES_MAX = 2048;

export function wasmOf(build: Build): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

export function instantiate(build: Build): TestInstance {
  const memory =
    build === "codec"
      ? new WebAssembly.Memory({ initial: PAGES })
      : new WebAssembly.Memory({ initial: PAGES, maximum: SHARED_PAGES_MAX, shared: true });
  const module = new WebAssembly.Module(wasmOf(build));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return {
    exports: instance.exports as unknown as CodecExports,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    end: memory.buffer.byteLength,
  };
}

/** Puts octets at the very end of the memory, where no parser can read past them; their address. */
export function putAtEnd(instance: TestInstance, octets: Uint8Array): number {
  const at = instance.end - octets.length;
  instance.bytes.set(octets, at);
  return at;
}
