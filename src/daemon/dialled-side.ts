/** How a dialler and the clients of what it dials work together: that part of a LAC's side. @module */
import type { Dialler } from "../dial/index.ts";
import type { Call, Connected } from "../l2tp/index.ts";
import type { Clients } from "./clients.ts";
import type { Side } from "./side.ts";

type Dialled = Pick<
  Side,
  "handleEvent" | "handleFrame" | "handleTimeout" | "resume" | "pollTimeout" | "lastHeard" | "stop"
>;

export function dialledSide(dialler: Dialler<Call, Connected>, clients: Clients): Dialled {
  const listen = (now: number) => {
    for (let event = dialler.pollEvent(); event !== undefined; event = dialler.pollEvent()) {
      clients.handleDial(event, now);
    }
  };
  return {
    handleEvent(event, now) {
      clients.handleEvent(event, dialler.handleEvent(event, now), now);
      listen(now);
    },
    handleFrame: (punted, now) => clients.handleFrame(punted, now),
    handleTimeout(now) {
      clients.handleTimeout(now);
      dialler.handleTimeout(now);
      listen(now);
    },
    resume: () => clients.resume(),
    pollTimeout: () => Math.min(clients.pollTimeout(), dialler.pollTimeout()),
    lastHeard: (tunnelId) => clients.lastHeard(tunnelId),
    stop: () => clients.stop(),
  };
}
