/**
 * Entry of the processes of a measurement: `role.ts client|host|tcp|radius|generator|lns|switch [settings]`.
 *
 * @module
 */
import type { LnsSettings } from "../setup/lns.ts";
import type { ClientSettings, SwitchSettings } from "./settings.ts";

const [role, text = "{}"] = process.argv.slice(2);
const settings: unknown = JSON.parse(text);
if (role === "client") {
  await (await import("./client.ts")).client(settings as ClientSettings);
} else if (role === "host") await (await import("./host.ts")).host();
else if (role === "tcp") await (await import("./tcp.ts")).tcp();
else if (role === "radius") await (await import("./radius.ts")).radius();
else if (role === "generator") await (await import("../setup/generator.ts")).generator();
else if (role === "switch")
  (await import("./switch.ts")).switchSessions(settings as SwitchSettings);
else if (role === "lns") await (await import("../setup/lns.ts")).lns(settings as LnsSettings);
process.exit();
