/**
 * What network devices tell of themselves: proc_pid_net(5), dev.
 *
 * @module
 */

/** Where a line has the packets that were to be sent and dropped, behind those received. */
const TX_DROPPED = 11;

/** Packets that the kernel had for these devices and dropped, as for a full queue; of `text`. */
export function droppedByDevices(text: string, names: readonly string[]): number {
  let dropped = 0;
  for (const line of text.split("\n")) {
    const colon = line.lastIndexOf(":");
    if (colon < 0 || !names.includes(line.slice(0, colon).trim())) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    dropped += Number(fields[TX_DROPPED] ?? 0);
  }
  return dropped;
}
