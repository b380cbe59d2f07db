/**
 * A RADIUS server that accepts everybody: l2tpns asks one. It looks at nothing but the secret.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";

export const RADIUS_SECRET = "bench";
const PORT = 1812;
const ACCESS_ACCEPT = 2;
const HEADER = 20;

/** Runs until it is killed. */
export async function radius(): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (request, from) => {
    if (request.length >= HEADER) socket.send(accept(request), from.port, from.address);
  });
  socket.bind(PORT, "127.0.0.1", () => console.log("ready"));
  await new Promise(() => undefined);
}

/** RFC 2865 3: MD5 over code, identifier, length, the request's authenticator, and the secret. */
function accept(request: Uint8Array): Uint8Array {
  const reply = Uint8Array.from(request.subarray(0, HEADER));
  reply[0] = ACCESS_ACCEPT;
  new DataView(reply.buffer).setUint16(2, HEADER);
  reply.set(createHash("md5").update(reply).update(RADIUS_SECRET).digest(), 4);
  return reply;
}
