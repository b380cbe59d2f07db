/** `npm run bench -- codec|forward [options]`: measures what the documents print. @module */

const [what, ...args] = process.argv.slice(2);
if (what === "codec") await (await import("./codec.ts")).codec(args);
else if (what === "forward") await (await import("./forward/main.ts")).forward(args);
else {
  console.error("usage: npm run bench -- codec|forward [--json]");
  process.exitCode = 2;
}
