/** In a process that is started with this, "simplon" is what the sources are now. */
import { registerHooks } from "node:module";

const source = new URL("../../../src/index.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === "simplon" ? source : specifier, context),
});
