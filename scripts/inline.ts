// Tells the AssemblyScript compiler which functions to inline wherever they are called, as its
// decorator @inline would: a call costs as much as what these do, and a constant vector that a loop
// needs is made anew in each call. With the list here the sources stay plain TypeScript.
import { DecoratorFlags } from "assemblyscript";

const INLINED: readonly string[] = [
  "assembly/ip/checksum/sumVectors",
  "assembly/l2tp/header/buildRun",
  "assembly/l2tp/header/parseRun",
  "assembly/ppp/frame/buildRun",
  "assembly/ppp/frame/parseRun",
];

/** What is used of the compiler's Program. */
interface Program {
  readonly elementsByName: ReadonlyMap<string, { decoratorFlags: number }>;
}

export default class Inline {
  afterInitialize(program: Program): void {
    for (const name of INLINED) {
      const element = program.elementsByName.get(name);
      if (element === undefined) throw new Error(`no function ${name}`);
      element.decoratorFlags |= DecoratorFlags.Inline;
    }
  }
}
