/**
 * The two runs of the program that make one daemon. The first opens what needs privileges, gives
 * them up and executes the program again; the second takes the descriptors over, looks at each of
 * its threads whether nothing is left, and serves. Why two: `../linux/capabilities.ts`.
 *
 * @module
 */
import { dirname } from "node:path";
import { SLOT_COUNT } from "../../assembly/layout.ts";
import type { Config } from "../config/config.ts";
import { dropCapabilities, inspectThreads } from "../linux/capabilities.ts";
import { descriptorToText, isOpen, setInherited, textToDescriptor } from "../linux/descriptor.ts";
import { EACCES, SystemError } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { execute } from "../linux/process.ts";
import { OFFLOADS } from "../offloads.ts";
import { closeDevices, type Devices, descriptors } from "./devices.ts";
import type { ServiceManager } from "./notify.ts";
import { StartError } from "./start-error.ts";

/** What the first run leaves to the second: all that it has read and opened. */
export interface Inheritance {
  readonly config: Config;
  readonly devices: Devices;
  readonly manager?: ServiceManager | undefined;
}

const STANDARD_STREAMS = [0, 1, 2];
const DESCRIPTOR_MIN = STANDARD_STREAMS.length;
const O_RDONLY_CLOEXEC = 0o2000000;
const O_PATH_CLOEXEC = 0o10000000 | 0o2000000;

/**
 * Executes the program again, without privileges. `command` answers its path and arguments, given
 * the number of the descriptor that `takeOver` reads; `files` are those that it has to read.
 *
 * @throws {StartError} when it cannot; then nothing is left open.
 */
export async function handOver(
  libc: Libc,
  inheritance: Inheritance,
  files: readonly string[],
  command: (descriptor: number) => readonly string[],
): Promise<never> {
  const { devices } = inheritance;
  let descriptor: number | undefined;
  try {
    descriptor = textToDescriptor(libc, JSON.stringify(inheritance));
    // Node marks its standard streams to close.
    const streams = STANDARD_STREAMS.filter((fd) => isOpen(libc, fd));
    const inherited = [...streams, descriptor, ...descriptors(devices)];
    for (const fd of inherited) setInherited(libc, fd, true);
    dropCapabilities(libc);
    for (const file of files) assertReadable(libc, file);
    return execute(libc, command(descriptor));
  } catch (error) {
    if (descriptor !== undefined) libc.close(descriptor); // passwords are in it
    await closeDevices(libc, devices);
    if (!(error instanceof SystemError)) throw error;
    throw new StartError(`privileges cannot be dropped (${error.message})`);
  }
}

/** What the first run has left behind `descriptor`; `undefined` if that is nothing of the kind. */
export function takeOver(libc: Libc, descriptor: number): Inheritance | undefined {
  const inheritance = readInheritance(libc, descriptor);
  if (inheritance === undefined) return undefined;
  const fds = descriptors(inheritance.devices);
  if (!fds.every((fd) => isDescriptor(fd) && isOpen(libc, fd))) return undefined;
  for (const fd of fds) setInherited(libc, fd, false);
  libc.close(descriptor);
  return inheritance;
}

/**
 * Looks whether the first run has dropped all.
 *
 * @throws {StartError} when a thread of this process may do what an ordinary one may not; then
 * nothing is left open.
 */
export async function assertUnprivileged(libc: Libc, devices: Devices): Promise<number> {
  const { threads, left } = inspectThreads(libc);
  if (left.length === 0) return threads;
  await closeDevices(libc, devices);
  const rest = left.join(", ");
  throw new StartError(`privileges were to be dropped, and some are left (${rest}); not serving`);
}

function readInheritance(libc: Libc, descriptor: number): Inheritance | undefined {
  if (!isDescriptor(descriptor)) return undefined;
  try {
    const { config, devices, manager } = JSON.parse(descriptorToText(libc, descriptor));
    const isWhole =
      devices.sockets.data.length === SLOT_COUNT &&
      devices.sockets.link.length === SLOT_COUNT &&
      devices.tuns.length === config.networks.length &&
      devices.tuns.every(Array.isArray) &&
      [0, devices.tuns.length].includes(devices.hosts.length) &&
      [0, devices.tuns.length].includes(devices.steering.maps.length) &&
      devices.offloads.length === OFFLOADS.length;
    if (!isWhole) return undefined;
    return manager === undefined ? { config, devices } : { config, devices, manager };
  } catch {
    return undefined; // not open, not to be read, or nothing that a first run has written
  }
}

function isDescriptor(fd: unknown): fd is number {
  return Number.isSafeInteger(fd) && (fd as number) >= DESCRIPTOR_MIN && (fd as number) < 2 ** 31;
}

/** Root without capabilities reads no file of another user that is closed to others. */
function assertReadable(libc: Libc, file: string): void {
  if (mayOpen(libc, file, O_RDONLY_CLOEXEC)) return;
  const closed = ancestors(file).find((path) => !mayOpen(libc, `${path}/.`, O_PATH_CLOEXEC));
  const advice = closed === undefined ? `chmod a+r ${file}` : `chmod a+x ${closed}`;
  throw new StartError(
    `privileges are dropped after the start, and then ${file} cannot be read; ` +
      `grant it with: ${advice}, or put simplon where all may read it`,
  );
}

/** False when permission is lacking; what else may be wrong is found by who uses the file. */
function mayOpen(libc: Libc, path: string, flags: number): boolean {
  const fd = libc.open(path, flags);
  if (fd < 0) return libc.errno() !== EACCES;
  libc.close(fd);
  return true;
}

/** Directories on the way to a file, from the top. */
function ancestors(file: string): string[] {
  const above = dirname(file);
  return above === file ? [] : [...ancestors(above), above];
}
