/** Questions on standard input and their answers on standard output, a line of JSON each. @module */
import { createInterface } from "node:readline";

/** Until standard input ends. */
export async function answerLines<Question>(
  answer: (question: Question) => Promise<unknown>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as Question)));
  }
}

/** Lets whatever else this process has to do have a turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
