/** Which rows of the daemon or of a history file are wanted. @module */
import { type Facts, isAbout, isUser, parseSubject } from "../history/subject.ts";
import type { Filter, Row } from "./api-messages.ts";

/** The rows that are wanted, as many as are wanted. */
export function* select<R extends Row>(
  rows: Iterable<R>,
  { about, user, what, last = Infinity }: Filter,
): Generator<R> {
  const subject = about === undefined ? undefined : parseSubject(about);
  let taken = 0;
  for (const row of rows) {
    if (taken >= last) return;
    const facts = factsOf(row);
    if (user !== undefined && !isUser(facts.user, user)) continue;
    if (what !== undefined && (!("what" in row) || row.what !== what)) continue;
    if (subject !== undefined && !isAbout(subject, facts)) continue;
    taken += 1;
    yield row;
  }
}

function factsOf(row: Row): Facts {
  if ("addresses" in row) return row;
  const { peer, tunnelId } = row;
  if ("hostName" in row) return { peer, tunnelId, hostName: row.hostName, user: "", addresses: [] };
  const { user, address, prefix6 } = row;
  return { peer, tunnelId, hostName: "", user, addresses: [address, prefix6] };
}
