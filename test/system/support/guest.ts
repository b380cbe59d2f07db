/** A guest of the lab: a kernel of its own with xl2tpd and pppd, that takes commands. */
import assert from "node:assert/strict";
import type { Child } from "./child.ts";
import type { Lab } from "./lab.ts";

export type Answer = {
  /** The guest did what the command says. */
  readonly ok: boolean;
  readonly text: string;
  /** RESULT lines by name. */
  readonly values: Readonly<Record<string, string>>;
};

/** Of a guest's wire, seen from all namespaces of the lab. */
export function guestAddress(id: number): string {
  return `10.9.${100 + id}.2`;
}

export class Guest {
  readonly #lab: Lab;
  readonly #id: number;
  readonly #console: Child;

  constructor(lab: Lab, id: number, keys: Readonly<Record<string, string | number>> = {}) {
    this.#lab = lab;
    this.#id = id;
    const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
    this.#console = lab.start("guest.sh", ["boot", `id=${id}`, ...words]);
  }

  async ready(): Promise<void> {
    await this.#console.line(/^RESULT guest=ready$/, 60_000);
  }

  async run(
    command: string,
    keys: Readonly<Record<string, string | number>> = {},
  ): Promise<Answer> {
    const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
    const args = ["run", String(this.#id), command, ...words];
    const { code, text } = await this.#lab.runScript("guest.sh", args);
    const results = [...text.matchAll(/^RESULT ([^=]+)=(.*)$/gm)];
    const values = Object.fromEntries(results.map(([, name = "", value = ""]) => [name, value]));
    return { ok: code === 0, text, values };
  }

  /** A command that has to succeed. */
  async must(command: string, keys: Readonly<Record<string, string | number>> = {}) {
    const answer = await this.run(command, keys);
    if (!answer.ok) {
      const log = command === "dial" ? (await this.run("log")).text : "";
      assert.fail(`${command} ${JSON.stringify(keys)} failed:\n${answer.text}\n${log}`);
    }
    return answer.values;
  }

  /** A dial that has to be refused; answers what the client saw. */
  async refused(keys: Readonly<Record<string, string | number>>) {
    const answer = await this.run("dial", keys);
    assert.ok(!answer.ok, `the client was let in:\n${answer.text}`);
    return answer.values;
  }

  async off(): Promise<void> {
    if (this.#console.exit === undefined) await this.run("off");
    await this.#console.ended(10_000).catch(() => this.#console.end());
  }
}
