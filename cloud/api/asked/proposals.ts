import type { Proposal } from "../../decide/proposals.js";
import type { Caller } from "../../operators/caller.js";
import type { PROPOSALS } from "../../query/lists/proposals.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import type { OperatorApiPorts } from "../ports.js";
import { asks } from "../query-field.js";
import { shownOrder } from "../routes/order-proposals.js";
import type { Walk } from "../walk.js";

type Fields = FieldsOf<typeof PROPOSALS>;
type Ports = Pick<OperatorApiPorts, "proposals" | "waiting" | "clock">;

/** What waits for somebody: a rule's ban, or somebody's dangerous order. */
export type ProposalShown =
  ReturnType<typeof shownRule> | ReturnType<typeof shownOrder>;

/** Behind which of either kind the next ones are; null: from the newest on. */
export interface ProposalPlace {
  readonly rule: string | null;
  readonly order: number | null;
}

export const shownRule = (proposal: Proposal) =>
  ({ kind: "rule", ...proposal }) as const;

/** Of both kinds, the newest first: those that are open, or all. */
export const proposalsOf = (
  { org }: Pick<Caller, "org">,
  { all }: { readonly all: boolean },
  { proposals, waiting }: Ports,
): Pick<Walk<ProposalShown, ProposalPlace>, "behind" | "placeOf"> => ({
  behind: (place, limit) => {
    const { rule, order } = place ?? NEWEST;
    const before = { limit, all, before: rule ?? undefined };
    const rules = org === null ? proposals.list(before) : [];
    const asked = { limit, all, org, before: order ?? undefined };
    return [...rules.map(shownRule), ...waiting.list(asked).map(shownOrder)]
      .sort((a, b) => b.proposedAt - a.proposedAt)
      .slice(0, limit);
  },
  placeOf: (row, before = NEWEST) =>
    row.kind === "rule"
      ? { ...before, rule: row.id }
      : { ...before, order: row.seq },
});

const NEWEST: ProposalPlace = { rule: null, order: null };

/** Proposals that a query asks for. */
export function proposalsAsked(
  caller: Pick<Caller, "org">,
  query: Query<Fields>,
  asked: { readonly all: boolean },
  ports: Ports,
): Walk<ProposalShown, ProposalPlace> {
  // Who asks what came of them does not mean those alone of which nothing came.
  const all = asked.all || asks(query, "state", "settled", "settledby");
  const now = ports.clock.now();
  return {
    ...proposalsOf(caller, { all }, ports),
    isAskedFor: matcherOf(query, gettersAt(now), now),
  };
}

const gettersAt = (now: number): Getters<ProposalShown, Fields> => ({
  id: ({ id }) => id,
  kind: ({ kind }) => kind,
  state: ({ verdict, expiresAt }) =>
    verdict ?? (expiresAt > now ? "open" : "expired"),
  action: (row) => (row.kind === "rule" ? "ban" : row.action),
  range: (row) => (row.kind === "rule" ? row.attacker : row.targets),
  feed: (row) => (row.kind === "rule" ? "urgent" : row.feeds),
  org: (row) => (row.kind === "rule" ? row.orgs : row.org),
  by: (row) => (row.kind === "rule" ? null : row.by),
  rule: (row) => (row.kind === "rule" ? row.rule.replace(/^rule:/, "") : null),
  veto: (row) => (row.kind === "rule" ? row.veto.why : null),
  danger: (row) =>
    row.kind === "rule" ? null : row.dangers.map(({ why }) => why),
  reason: ({ reason }) => reason,
  proposed: ({ proposedAt }) => proposedAt,
  expires: ({ expiresAt }) => expiresAt,
  settled: ({ settledAt }) => settledAt,
  settledby: ({ settledBy }) => settledBy,
  ranges: (row) => (row.kind === "rule" ? 1 : row.ranges),
});
