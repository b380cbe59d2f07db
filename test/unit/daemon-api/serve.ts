// A daemon that is only a control socket: `serve.ts SOCKET`. SIGTERM closes it in order.
import { serveApi } from "../../../src/daemon/api.ts";
import { BUSIEST, COUNTERS, ENTRIES, OFFLOADS, PLACED, session, TUNNEL, WORKER } from "./rows.ts";

const [, , path = ""] = process.argv;
const server = await serveApi(
  { path, key: "[lns] socket" },
  {
    tunnels: () => [TUNNEL],
    sessions: () => [session(1), session(2)],
    busiest: () => BUSIEST,
    call: async ({ peer }) =>
      peer === "office" ? { placed: PLACED } : { refusal: "no LAC takes the call" },
    workers: () => [WORKER],
    changeWorkers: () => Promise.resolve(),
    counters: () => COUNTERS,
    offloads: () => OFFLOADS,
    history: () => ENTRIES,
  },
);
process.on("SIGTERM", async () => {
  await server.close();
  process.exit(0);
});
process.stdout.write("listening\n");
