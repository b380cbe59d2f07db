// The program from a checkout: "npm start" and "npm run simplon -- …".
import { launch } from "../src/cli/launch.ts";

await launch("./main.ts", process.argv.slice(2));
