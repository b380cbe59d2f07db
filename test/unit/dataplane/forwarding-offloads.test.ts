// What holds without offloads holds with all of them, too.
import { ALL_OFFLOADS, offloadByDefault } from "./plane.ts";

offloadByDefault(ALL_OFFLOADS);
await import("./forwarding.test.ts");
await import("./forwarding6.test.ts");
await import("./move.test.ts");
