/**
 * Which messages are wanted: terms that all have to hold, of which each may name alternatives.
 *
 * @module
 */
import { formatEndpoint } from "../net.ts";
import type { Endpoint, Ids, Message } from "./types.ts";

export type Filter = (message: Message) => boolean;

export const TERMS = "tunnel=ID session=ID type=NAME peer=ADDRESS[:PORT] control data malformed";

/** The filter, or the term that is none. */
export function parseFilter(text: string): Filter | { readonly wrong: string } {
  const terms: Filter[] = [];
  for (const term of text.split(/\s+/).filter((each) => each !== "")) {
    const isNegated = term.startsWith("!");
    const test = parseTerm(isNegated ? term.slice(1) : term);
    if (test === undefined) return { wrong: term };
    terms.push(isNegated ? (message) => !test(message) : test);
  }
  return (message) => terms.every((test) => test(message));
}

function parseTerm(term: string): Filter | undefined {
  if (term === "control") return ({ header }) => header.bits.startsWith("T");
  if (term === "data") return ({ header }) => !header.bits.startsWith("T");
  if (term === "malformed") return isMalformed;
  const equals = term.indexOf("=");
  const values = term.slice(equals + 1).split(",");
  if (equals < 0 || values.includes("")) return undefined;
  switch (term.slice(0, equals)) {
    case "tunnel":
      return idFilter(values, ({ header, tunnel }) => [header.tunnelId, ...both(tunnel)]);
    case "session":
      return idFilter(values, ({ header, session }) => [header.sessionId, ...both(session)]);
    case "type":
      return typeFilter(values);
    case "peer":
      return ({ datagram: { source, destination } }) =>
        [source, destination].some((end) => end !== undefined && isOneOf(end, values));
    default:
      return undefined;
  }
}

function isMalformed({ kind, isRefused, ppp }: Message): boolean {
  return kind === "malformed" || isRefused || ppp?.fault !== undefined;
}

function both(ids: Ids | undefined): (number | undefined)[] {
  return [ids?.left, ids?.right];
}

function idFilter(
  values: readonly string[],
  idsOf: (message: Message) => readonly (number | undefined)[],
): Filter | undefined {
  if (!values.every((value) => /^\d{1,5}$/.test(value))) return undefined;
  const wanted = values.map(Number);
  return (message) => idsOf(message).some((id) => id !== undefined && wanted.includes(id));
}

/** "ICRQ", "LCP" and "Configure-Request" alike: any word of the name. */
function typeFilter(values: readonly string[]): Filter {
  const wanted = values.map((value) => value.toLowerCase());
  return ({ name }) => {
    const lower = name.toLowerCase();
    return wanted.includes(lower) || lower.split(" ").some((word) => wanted.includes(word));
  };
}

function isOneOf({ address, port }: Endpoint, values: readonly string[]): boolean {
  return values.includes(address) || values.includes(formatEndpoint(address, port));
}
