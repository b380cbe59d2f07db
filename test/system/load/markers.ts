/**
 * Sends each marker back to where it comes from. What a marker says of its source has to be true:
 *
 *   markers.ts
 *
 * It prints {"sources":N,"wrong":N} whenever that changes.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { MARKER_PORT } from "./marker.ts";

const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
const sources = new Set<string>();
let wrong = 0;
let reported = "";

socket.on("message", (payload, from) => {
  const [, , address] = payload.toString().split(" ");
  if (address === from.address) sources.add(from.address);
  else wrong++;
  socket.send(`echo ${payload}`, from.port, from.address);
});
socket.bind(MARKER_PORT, () => console.log("ready"));
setInterval(() => {
  const line = JSON.stringify({ sources: sources.size, wrong });
  if (line !== reported) console.log(line);
  reported = line;
}, 20);
