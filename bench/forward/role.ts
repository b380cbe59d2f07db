/** Entry of the processes of a measurement: `role.ts client|host|tcp|radius [settings]`. @module */
import type { ClientSettings } from "./settings.ts";

const [role, settings = "{}"] = process.argv.slice(2);
if (role === "client") {
  await (await import("./client.ts")).client(JSON.parse(settings) as ClientSettings);
} else if (role === "host") await (await import("./host.ts")).host();
else if (role === "tcp") await (await import("./tcp.ts")).tcp();
else if (role === "radius") await (await import("./radius.ts")).radius();
process.exit();
