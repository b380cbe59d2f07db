/**
 * The page: reads hex, shows tables. `#c802…` behind its address is decoded at once.
 *
 * @module
 */
import {
  AvpType,
  buildControlMessage,
  buildHeader,
  buildPpp,
  MessageType,
  makeAvp,
} from "simplon/codec";
import { explain, hex, parseHex, type Table } from "./explain.ts";

const LCP = 0xc021;

const octets = element("hex", HTMLTextAreaElement);
const verdict = element("verdict", HTMLElement);
const result = element("result", HTMLElement);

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

function show(): void {
  const datagram = parseHex(octets.value);
  const explanation =
    datagram === undefined
      ? { verdict: "This is not hex.", isFault: true, tables: [] }
      : explain(datagram);
  verdict.textContent = explanation.verdict;
  verdict.className = explanation.isFault ? "fault" : "";
  result.replaceChildren(...explanation.tables.flatMap(draw));
}

function draw({ title, head, rows }: Table): HTMLElement[] {
  const heading = document.createElement("h2");
  heading.textContent = title;
  const table = document.createElement("table");
  const titles = table.createTHead().insertRow();
  for (const text of head) {
    const cell = document.createElement("th");
    cell.textContent = text;
    titles.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  return [heading, table];
}

function take(datagram: Uint8Array): void {
  octets.value = hex(datagram);
  show();
}

/** The first message of a control connection (RFC 2661 6.1). */
function startRequest(hostName: string, tunnelId: number): Uint8Array {
  return buildControlMessage({
    tunnelId: 0,
    sessionId: 0,
    ns: 0,
    nr: 0,
    avps: [
      makeAvp(AvpType.MessageType, MessageType.SCCRQ),
      makeAvp(AvpType.ProtocolVersion, 0x0100),
      makeAvp(AvpType.FramingCapabilities, 3),
      makeAvp(AvpType.HostName, hostName),
      makeAvp(AvpType.AssignedTunnelId, tunnelId),
    ],
  });
}

/** A data message with an LCP Echo-Request. */
function echoRequest(tunnelId: number): Uint8Array {
  const frame = buildPpp(LCP, Uint8Array.of(9, 1, 0, 8, 0, 0, 0, 0));
  return buildHeader({ control: false, priority: false, length: 0, tunnelId, sessionId: 1 }, frame);
}

const host = element("host", HTMLInputElement);
const tunnel = element("tunnel", HTMLInputElement);

octets.addEventListener("input", show);
element("build", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  take(startRequest(host.value, tunnel.valueAsNumber));
});
element("data", HTMLButtonElement).addEventListener("click", () => {
  take(echoRequest(tunnel.valueAsNumber));
});

const pasted = location.hash.slice(1);
if (pasted === "") {
  take(startRequest(host.value, tunnel.valueAsNumber));
} else {
  octets.value = decodeURIComponent(pasted);
  show();
}
