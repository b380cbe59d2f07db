/** What both builds must be, so that any number of instances can share one memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILDS, instantiate, wasmOf } from "../../reference/instance.ts";

const SECTION = { import: 2, memory: 5, global: 6, export: 7, start: 8, data: 11, dataCount: 12 };
const KIND = { memory: 2, global: 3 };

/** A reader of the binary format (WebAssembly 5): bytes, LEB128 numbers, names. */
class Reader {
  #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Error("the module ends too early");
    return byte;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.number()));
  }
}

function sections(wasm: Uint8Array): Map<number, Uint8Array> {
  const reader = new Reader(wasm, 8);
  const found = new Map<number, Uint8Array>();
  while (!reader.isAtEnd) {
    const id = reader.byte();
    found.set(id, reader.take(reader.number()));
  }
  return found;
}

interface Global {
  isMutable: boolean;
}

/** The globals that a module defines: value type, mutability, a constant expression. */
function globals(section: Uint8Array | undefined): Global[] {
  if (section === undefined) return [];
  const reader = new Reader(section);
  return Array.from({ length: reader.number() }, () => {
    reader.byte();
    const isMutable = reader.byte() === 1;
    // i32.const or i64.const, its number, end
    assert.ok([0x41, 0x42].includes(reader.byte()), "a global starts as a constant");
    reader.number();
    assert.equal(reader.byte(), 0x0b);
    return { isMutable };
  });
}

for (const build of BUILDS) {
  test(`${build}.wasm has no static data and no start function`, () => {
    const found = sections(wasmOf(build));
    assert.ok(found.has(SECTION.export), "the sections were read");
    for (const section of [SECTION.data, SECTION.dataCount, SECTION.start, SECTION.memory]) {
      assert.equal(found.has(section), false, `section ${section}`);
    }
  });

  test(`${build}.wasm imports a memory and nothing else`, () => {
    const module = new WebAssembly.Module(wasmOf(build));
    const imports = WebAssembly.Module.imports(module);
    assert.deepEqual(
      imports.map(({ module: from, name, kind }) => ({ from, name, kind })),
      [{ from: "env", name: "memory", kind: "memory" }],
    );
    const section = sections(wasmOf(build)).get(SECTION.import) ?? new Uint8Array(0);
    const reader = new Reader(section);
    assert.deepEqual([reader.number(), reader.name(), reader.name()], [1, "env", "memory"]);
    assert.equal(reader.byte(), KIND.memory);
    const isShared = (reader.byte() & 2) !== 0;
    assert.equal(isShared, build === "dataplane");
  });

  test(`${build}.wasm has no mutable global, and exports functions and its memory only`, () => {
    assert.deepEqual(
      globals(sections(wasmOf(build)).get(SECTION.global)).filter(({ isMutable }) => isMutable),
      [],
    );
    const kinds = WebAssembly.Module.exports(new WebAssembly.Module(wasmOf(build)));
    for (const { name, kind } of kinds) {
      assert.ok(kind === "function" || (kind === "memory" && name === "memory"), name);
    }
  });

  test(`${build}.wasm leaves its memory alone when it is instantiated`, () => {
    const { bytes } = instantiate(build);
    assert.equal(
      bytes.every((octet) => octet === 0),
      true,
    );
  });
}

test("both builds export the whole codec", () => {
  const [codec, dataplane] = BUILDS.map((build) => Object.keys(instantiate(build).exports));
  const functions = [
    "buildAvp",
    "buildAvps",
    "buildFrameHeader",
    "buildFrameHeaders",
    "buildHeader",
    "buildHeaders",
    "checkIpv4",
    "checkIpv6",
    "checksum",
    "parseFrame",
    "parseFrames",
    "parseHeader",
    "parseHeaders",
    "walkAvps",
  ];
  assert.deepEqual(codec?.filter((name) => name !== "memory").sort(), functions);
  for (const name of functions) assert.ok(dataplane?.includes(name), name);
});

test("the reader of this test sees mutable globals, data and start where there are some", () => {
  // (module (memory 1) (func) (start 0) (data (i32.const 0) "a")
  //   (global (mut i32) (i32.const 300)))
  const octets =
    "0061736d01000000010401600000030201000503010001" +
    "0607017f0141ac020b0801000a040102000b0b07010041000b0161";
  const wasm = Uint8Array.from(octets.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  assert.ok(WebAssembly.validate(wasm));
  const found = sections(wasm);
  for (const section of [SECTION.data, SECTION.start, SECTION.memory]) {
    assert.ok(found.has(section), `section ${section}`);
  }
  assert.deepEqual(globals(found.get(SECTION.global)), [{ isMutable: true }]);
});
