import type { Contest } from "../../contest/contests.js";
import type { CONTESTS } from "../../query/lists/contests.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import type { OperatorApiPorts } from "../ports.js";
import { asks } from "../query-field.js";
import type { Walk } from "../walk.js";

type Fields = FieldsOf<typeof CONTESTS>;

/** Contests that a query asks for, the newest first. */
export function contestsAsked(
  query: Query<Fields>,
  asked: { readonly all: boolean },
  { contests, clock }: Pick<OperatorApiPorts, "contests" | "clock">,
): Walk<Contest, number> {
  // Who asks what came of them does not mean those alone of which nothing came.
  const all = asked.all || asks(query, "state", "answered", "answeredby");
  return {
    behind: (before, limit) => contests.list({ all, limit, before }),
    placeOf: ({ seq }) => seq,
    isAskedFor: matcherOf(query, getters, clock.now()),
  };
}

const getters: Getters<Contest, Fields> = {
  id: ({ contest }) => contest,
  address: ({ address }) => address,
  state: ({ answered }) => answered?.verdict ?? "open",
  overdue: ({ isOverdue }) => isOverdue,
  proof: ({ proof }) => proof,
  by: ({ by }) => by,
  answeredby: ({ answered }) => answered?.by,
  decision: ({ answered, about }) => answered?.about ?? about,
  why: ({ why }) => why,
  contact: ({ contact }) => contact,
  opened: ({ openedAt }) => openedAt,
  due: ({ answerBy }) => answerBy,
  answered: ({ answeredAt }) => answeredAt,
};
