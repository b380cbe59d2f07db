/** What the checks look at: files, and what calls to the kernel have told. Reads only. @module */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, networkInterfaces, release } from "node:os";
import type { Probe } from "../../daemon/probe.ts";
import type { Offloads } from "../../offloads.ts";

export interface Host {
  /** The text of a file; `undefined` when it is not there or may not be read. */
  read(path: string): string | undefined;
  /** Names in a directory; none when it cannot be read. */
  list(path: string): readonly string[];
  /** The device that has an address. */
  deviceOf(address: string): string | undefined;
  /** Such as "6.12.3-generic". */
  readonly release: string;
  readonly processors: number;
  /** `undefined` where libc cannot be called, and why not. */
  readonly probe: Probe | undefined;
  readonly unprobed: string;
  /** What runs in the server of this configuration; `undefined` when none answers. */
  readonly running: Offloads | undefined;
}

export type Level = "ok" | "advice" | "problem" | "unseen";

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly text: string;
  /** The command or the setting that mends it. */
  readonly mend?: string;
}

export function ok(check: string, text: string): Finding {
  return { check, level: "ok", text };
}

export function advice(check: string, text: string, mend: string): Finding {
  return { check, level: "advice", text, mend };
}

export function problem(check: string, text: string, mend: string): Finding {
  return { check, level: "problem", text, mend };
}

export function unseen(check: string, text: string): Finding {
  return { check, level: "unseen", text };
}

/** A number in a file. */
export function readNumber(host: Pick<Host, "read">, path: string): number | undefined {
  const text = host.read(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

type Seen = Pick<Host, "probe" | "unprobed" | "running">;

export function openHost(seen: Seen): Host {
  return {
    ...seen,
    read(path) {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
    list(path) {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
    deviceOf(address) {
      const devices = Object.entries(networkInterfaces());
      return devices.find(([, addresses = []]) =>
        addresses.some((each) => each.address === address),
      )?.[0];
    },
    release: release(),
    processors: availableParallelism(),
  };
}
