/** `simplon call`: the running LNS places an outgoing call. @module */
import { type CallRequest, isNumber } from "../daemon/api-messages.ts";
import { NETWORK_NAME_MAX, PEER_TEXT_MAX } from "../limits.ts";
import { placeCall } from "./ask.ts";
import { print } from "./print.ts";
import { findSocket } from "./settings.ts";
import { misuse, parseCommand } from "./usage.ts";

export async function call(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    peer: { type: "string" },
    "sub-address": { type: "string" },
    json: { type: "boolean" },
  });
  const request = readRequest(positionals, values.peer, values["sub-address"]);
  const placed = await placeCall(await findSocket(values.config), request);
  const { tunnelId, sessionId, peer } = placed;
  const line = `call up: session ${sessionId} in tunnel ${tunnelId} at ${peer}`;
  print(`${values.json === true ? JSON.stringify(placed) : line}\n`);
  return 0;
}

function readRequest(
  [number, ...more]: readonly string[],
  peer: string | undefined,
  subAddress: string | undefined,
): CallRequest {
  if (more.length > 0) throw misuse(`unexpected argument ${JSON.stringify(more[0])}`);
  const expected = `1 to ${PEER_TEXT_MAX} printable ASCII characters without spaces`;
  if (!isNumber(number)) {
    const got = number === undefined ? "nothing" : JSON.stringify(number);
    throw misuse(`call: expected a number of ${expected}, got ${got}`);
  }
  if (subAddress !== undefined && !isNumber(subAddress)) {
    throw misuse(
      `call: expected a --sub-address of ${expected}, got ${JSON.stringify(subAddress)}`,
    );
  }
  if (peer === undefined || peer.length > NETWORK_NAME_MAX) {
    throw misuse("call: expected --peer NAME, the name of a [[peer]]");
  }
  return { number, peer, ...(subAddress !== undefined && { subAddress }) };
}
