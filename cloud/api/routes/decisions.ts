import * as v from "valibot";
import { covers, parseCidr } from "../../../agent/model/cidr.js";
import type { DecisionEntry } from "../../decide/decision-log.js";
import type { Caller } from "../../operators/caller.js";
import { absences, degrees, hostStates } from "../../receipts/host-outcome.js";
import { readRemote } from "../../telemetry/remote.js";
import { DECISIONS } from "../../query/lists/decisions.js";
import { decisionsAsked } from "../asked/decisions.js";
import { CloudFeed, Named, limitOf } from "../fields.js";
import { withHostname } from "../agent-names.js";
import type { OperatorApiPorts } from "../ports.js";
import { unknown } from "../problem.js";
import { PAGES, QueryOf } from "../query-field.js";
import { mayRead, mustBeReadable, nameSeen } from "../scope.js";
import {
  Cursor,
  Seconds,
  Time,
  Whole,
  cursorOf,
  pageOf,
} from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { pageShown, walk } from "../walk.js";
import { Detection } from "./detection.js";
import { UndoingTold, undoingsOf } from "./undoings.js";

/** What somebody decided. */
export const Decision = v.object({
  /** Its place in the log of decisions. */
  seq: Whole,
  decision: v.string(),
  decidedAt: Time,
  action: v.picklist(["ban", "lift", "import"]),
  feed: v.string(),
  /**
   * An operator's name, or "rule:" and a rule's; null: one of the vendor's
   * people, whom other orgs' people do not know by name.
   */
  by: v.nullable(v.string()),
  /** How many ranges, and the first few of them; none of an import. */
  ranges: Whole,
  targets: v.array(v.string()),
  reason: v.string(),
  observed: v.boolean(),
  /** When the last of it ends; null: a lift, or an import of before 0.6. */
  until: v.nullable(Seconds),
  /** Where its ops stand in the feed; null until they do. */
  epoch: v.nullable(v.string()),
  first: v.nullable(Whole),
  last: v.nullable(Whole),
  /** Sequence numbers of the telemetry that a rule decided on: the vendor's. */
  evidence: v.array(Whole),
  /** How sure the rule was, from 0 to 1; null: a person decided. */
  confidence: v.nullable(v.number()),
  /** Version of the rules; null: the built-in ones, or a person. */
  rules: v.nullable(Whole),
});

export const DecisionsPage = v.object({
  ...pageOf(Decision).entries,
  /** On all pages: with `q`, on the first page of what is short enough. */
  total: v.optional(Whole),
});

/** What became of a decision on a host. */
export const HostOutcome = v.object({
  agent: v.string(),
  hostname: v.string(),
  org: v.string(),
  connected: v.boolean(),
  /** When it was last heard; null: never, or it is here. */
  offlineSince: v.nullable(Time),
  state: v.picklist(hostStates),
  /** From the last byte to the kernel's read-back. */
  enforcedMs: v.nullable(v.number()),
  /** How many bans of it are held, by rule. */
  held: v.record(v.string(), Whole),
  /** A refusal's code and detail, why it was taken back, until when it is tried. */
  detail: v.string(),
  /** Null: nothing was said. */
  sure: v.nullable(v.picklist(degrees)),
  /** It was enrolled after the decision. */
  late: v.boolean(),
  /** When the cloud had its first receipt of it, or of what came later. */
  provedAt: v.nullable(Time),
  /** Why it has not answered, and since when; null: it has. */
  missing: v.nullable(v.picklist(absences)),
  missingSince: v.nullable(Time),
});

/** A decision, what a rule decided it on, and what became of it. */
export const DecisionAnswer = v.object({
  decision: Decision,
  detections: v.array(Detection),
  hosts: v.array(HostOutcome),
  /** The decision that it undoes. */
  undoes: v.nullable(v.string()),
  /** When it was undone itself, the oldest first. */
  undone: v.array(UndoingTold),
});

const DecisionsQuery = v.strictObject({
  limit: limitOf(1_000),
  by: v.optional(Named),
  feed: v.optional(CloudFeed),
  q: v.optional(QueryOf(DECISIONS)),
  cursor: v.optional(Cursor(Whole)),
});

/** Who decided what, and what became of it. */
export const decisionRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/decisions", operationId: "listDecisions" },
    ...{ tag: "Bans", summary: "Who decided what, when and why" },
    ...{ allows: "viewer", scope: "own" },
    query: DecisionsQuery,
    answers: { 200: { description: "Newest first", schema: DecisionsPage } },
    problems: [404],
    description: PAGES,
    handle: async ({ caller, query, context }) => {
      const { signal } = context.req.raw;
      return answer(200, await listed(caller, query, ports, signal));
    },
  }),
  route({
    ...{ method: "GET", path: "/decisions/{decision}", tag: "Bans" },
    operationId: "getDecision",
    summary: "A decision, its evidence, and what became of it on each host",
    ...{ allows: "viewer", scope: "own" },
    answers: {
      200: { description: "As far as hosts said", schema: DecisionAnswer },
    },
    handle: async ({ caller, params: { decision = "" }, context }) => {
      const entry = ownDecision(caller, decision, ports);
      const { signal } = context.req.raw;
      const hosts = await ports.coverageGate.run(caller, signal, async () =>
        ports.outcomes.of(
          entry,
          await ports.outcomes.round(caller.org, signal),
        ),
      );
      return answer(200, { ...explained(caller, entry, ports), hosts });
    },
  }),
];

async function listed(
  caller: Caller,
  { q, cursor: before, ...asked }: v.InferOutput<typeof DecisionsQuery>,
  ports: OperatorApiPorts,
  signal: AbortSignal,
) {
  const { limit, by, feed } = asked;
  if (feed !== undefined) mustBeReadable(caller, feed, ports);
  const { decisionLog, clock } = ports;
  if (q !== undefined) {
    const list = decisionsAsked(caller, { by, feed, query: q }, ports);
    const found = await walk(list, { clock, signal, from: before, limit });
    return pageShown(found, (each) => asSeen(each, caller));
  }
  const whose = { by, feed, org: caller.org ?? undefined };
  const found = decisionLog.decisions({ ...whose, limit, before });
  const last = found.length === limit ? found.at(-1) : undefined;
  return {
    items: found.map((each) => asSeen(each, caller)),
    next: last === undefined ? null : cursorOf(last.seq),
    total: decisionLog.count(whose),
  };
}

function explained(
  caller: Caller,
  decision: DecisionEntry,
  ports: OperatorApiPorts,
) {
  const id = decision.decision;
  const isOurs = caller.org === null;
  return {
    decision: asSeen(decision, caller),
    detections: isOurs ? detectionsOf(decision, ports) : [],
    undoes: ports.undoLog.undoneBy(id) ?? null,
    undone: undoingsOf(caller, decision, ports),
  };
}

/** @throws ApiProblem when there is none that the caller may see */
export function ownDecision(
  caller: Caller,
  id: string,
  { decisionLog }: Pick<OperatorApiPorts, "decisionLog">,
): DecisionEntry {
  const decision = decisionLog.decision(id);
  if (decision && mayRead(caller, decision.feed)) return decision;
  throw unknown("decision", id, `there is no decision ${id}`);
}

/** Of what a rule decided on: what was seen of the ranges themselves. */
function detectionsOf(
  { evidence, targets }: DecisionEntry,
  { telemetry, registry }: OperatorApiPorts,
) {
  const ranges = targets.map(parseCidr);
  return evidence
    .flatMap((seq) => telemetry.broughtBy(seq))
    .filter(({ source }) => {
      const remote = readRemote(source);
      return remote && ranges.some((range) => covers(range, remote));
    })
    .map((each) => withHostname(each, registry));
}

/** An org's people see no evidence, and of everybody's feeds no names. */
export const asSeen = (entry: DecisionEntry, caller: Caller) => ({
  ...{ ...entry, by: nameSeen(caller, entry) },
  evidence: caller.org === null ? entry.evidence : [],
});
