import type { DecisionEntry } from "../../decide/decision-log.js";
import { orgOf } from "../../feeds/audience.js";
import type { Caller } from "../../operators/caller.js";
import type { DECISIONS } from "../../query/lists/decisions.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import type { OperatorApiPorts } from "../ports.js";
import { onlyValue } from "../query-field.js";
import { nameSeen, sees } from "../scope.js";
import type { Walk } from "../walk.js";

type Fields = FieldsOf<typeof DECISIONS>;
type Ports = Pick<OperatorApiPorts, "decisionLog" | "undoLog" | "clock">;

/** Whose decisions, beside what a query says. */
export interface DecisionsAsked {
  readonly by: string | undefined;
  readonly feed: DecisionEntry["feed"] | undefined;
  readonly query: Query<Fields>;
}

/** Decisions that a query asks for, the newest first, as the caller sees them. */
export function decisionsAsked(
  caller: Caller,
  { by, feed, query }: DecisionsAsked,
  ports: Ports,
): Walk<DecisionEntry, number> {
  const { decisionLog, clock } = ports;
  const org = caller.org ?? undefined;
  const one = onlyValue(query, "id")?.toLowerCase();
  const inFeed = feed ?? onlyValue(query, "feed")?.toLowerCase();
  const whose = { by, feed: inFeed as DecisionEntry["feed"] | undefined, org };
  return {
    behind: (before, limit) => {
      if (one === undefined) {
        return decisionLog.decisions({ ...whose, limit, before });
      }
      const seq = decisionLog.decision(one)?.seq;
      if (seq === undefined || before !== undefined) return [];
      return decisionLog.decisions({ ...whose, limit: 1, before: seq + 1 });
    },
    placeOf: ({ seq }) => seq,
    isAskedFor: matcherOf(query, gettersFor(caller, ports), clock.now()),
  };
}

/** By the words that the caller sees: nothing else of a decision is found. */
const gettersFor = (
  caller: Caller,
  { undoLog }: Ports,
): Getters<DecisionEntry, Fields> => ({
  id: ({ decision }) => decision,
  action: ({ action }) => action,
  feed: ({ feed }) => feed,
  org: ({ feed }) => orgOf(feed),
  by: (entry) => nameSeen(caller, entry),
  rule: ({ by }) => (by.startsWith(RULE) ? by.slice(RULE.length) : null),
  range: ({ targets }) => targets,
  reason: ({ reason }) => reason,
  list: ({ decision, action, feed }) =>
    action === "import" && sees(caller, orgOf(feed) ?? "")
      ? undoLog.listOf(decision)
      : null,
  observed: ({ observed }) => observed,
  decided: ({ decidedAt }) => decidedAt,
  until: ({ until }) => until && until * 1_000,
  ranges: ({ ranges }) => ranges,
  confidence: ({ confidence }) => confidence,
  undone: ({ decision }) => undoLog.undoings(decision).length > 0,
});

const RULE = "rule:";
