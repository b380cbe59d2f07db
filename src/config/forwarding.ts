/** Whether the host passes packets on from one device to another. @module */
const SWITCHES = { IPv4: "net.ipv4.ip_forward", IPv6: "net.ipv6.conf.all.forwarding" } as const;

export type ForwardedFamily = keyof typeof SWITCHES;

/** `undefined` when the host does not say. `read` answers the text of a file, or throws. */
export function forwards(
  family: ForwardedFamily,
  read: (path: string) => string,
): boolean | undefined {
  try {
    return read(`/proc/sys/${SWITCHES[family].replaceAll(".", "/")}`).trim() !== "0";
  } catch {
    return undefined;
  }
}

/** The name that sysctl(8) has for it. */
export function switchOf(family: ForwardedFamily): string {
  return SWITCHES[family];
}

/** What to do when the host does not: without it clients reach this host alone. */
export function adviceToForward(family: ForwardedFamily): string {
  return (
    `this host does not forward ${family}, so clients reach nothing behind it; ` +
    `turn it on with: sysctl -w ${SWITCHES[family]}=1`
  );
}
