import { SOCKET } from "../operators/caller.js";
import type { AUDIT } from "../query/lists/audit.js";
import { matcherOf, type Getters } from "../query/match.js";
import type { FieldsOf, Query } from "../query/query.js";
import type { CallHeard } from "./records.js";

type Fields = FieldsOf<typeof AUDIT>;

/** Whether a call is what a query asks for. */
export const callsAsked = (
  query: Query<Fields>,
  now: number,
): ((call: CallHeard) => boolean) => matcherOf(query, getters, now);

const getters: Getters<CallHeard, Fields> = {
  by: ({ name, operator }) => [name, operator],
  operation: ({ operation }) => operation,
  role: ({ role }) => role,
  org: ({ org }) => org,
  from: ({ from }) => (from === SOCKET ? null : from),
  why: ({ why }) => why,
  called: ({ at }) => at,
  call: ({ call }) => call,
  credential: ({ credential }) => credential,
};
