/** Runs commands of the project as somebody without privileges, whoever runs the tests. @module */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathOf } from "../cli/process.ts";

const NOBODY = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
const DROP = ["setpriv", ...NOBODY, "--inh-caps", "-all", "--bounding-set", "-all"];

export interface Stranger {
  /** A directory of its own. */
  readonly directory: string;
  /** The command that runs `argv`, paths of the checkout included, as this user. */
  command(argv: readonly string[]): readonly string[];
  remove(): void;
}

/** For root another user; anybody else has no privileges already. */
export function stranger(): Stranger {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  if (process.getuid?.() !== 0) return { directory, remove, command: (argv) => argv };
  chmodSync(directory, 0o777);
  const root = pathOf(".");
  const environment = ["env", `HOME=${directory}`];
  const as = [...environment, ...DROP];
  const [command = "", ...args] = [...as, "cat", join(root, "package.json")];
  if (spawnSync(command, args).status === 0) {
    return { directory, remove, command: (argv) => [...as, ...argv] };
  }
  // A checkout in a private directory: it is shown at a public place, in mounts of its own.
  const place = mkdtempSync(join(tmpdir(), "simplon-checkout-"));
  chmodSync(place, 0o755);
  const show = `mount --bind "$1" "$2" && shift 2 && exec "$@"`;
  return {
    directory,
    command: (argv) => [
      ...["unshare", "--mount", "sh", "-c", show, "sh", root, place, ...as],
      ...argv.map((argument) => argument.replaceAll(root, `${place}/`)),
    ],
    remove() {
      remove();
      rmSync(place, { recursive: true, force: true });
    },
  };
}
