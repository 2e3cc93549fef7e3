import * as v from "valibot";
import type { DecisionEntry } from "../../decide/decision-log.js";
import type { UndoDone } from "../../decide/undo-orders.js";
import { undoEffects } from "../../journal/undo-events.js";
import type { Caller } from "../../operators/caller.js";
import { Reason } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { unknown } from "../problem.js";
import { mayOrder, nameSeen } from "../scope.js";
import { Seconds, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { ownDecision } from "./decisions.js";
import { placeOf, placed, statusOf } from "./orders.js";
import { Why, judged, orderedOrWaits, waitsAnswer } from "./two-persons.js";
import { UndoCounts, allCounts } from "./undoings.js";

export const UndoOrder = v.strictObject({
  reason: v.pipe(Reason, v.minLength(1, "is needed")),
  /** It should never have been made: whose word it was counts less from now on. */
  wrong: v.optional(v.boolean(), false),
  dryRun: v.optional(v.boolean(), false),
  /** Of an admin: it is carried out at once, and reviewed. */
  breakGlass: v.optional(Why),
});
export type UndoOrder = v.InferOutput<typeof UndoOrder>;

export const UndoAnswer = v.object({
  /** What was undone. */
  undoes: v.string(),
  ...placed,
  ...judged,
  wrong: v.boolean(),
  /**
   * `lifted`: nothing bans it in this feed any more. `restored`: what stood before
   * is in force again. `as-before`: the decision had changed nothing of it.
   * `changed`: somebody decided on it since, and that stays. `expired`: it had run
   * out, or what could come back has.
   */
  counts: UndoCounts,
  /** Decisions that changed its ranges since, the most ranges first: twenty. */
  changedBy: v.array(
    v.object({
      decision: v.string(),
      /** Null for whom one need not know. */
      by: v.nullable(v.string()),
      ranges: Whole,
    }),
  ),
  /** Its first hundred ranges, one by one. */
  first: v.array(
    v.object({
      range: v.string(),
      effect: v.picklist(undoEffects),
      /** Until when it is banned again; null: it is not. */
      until: v.nullable(Seconds),
      observed: v.boolean(),
      /** By which decision it was changed since. */
      since: v.nullable(v.string()),
    }),
  ),
});

/** What one decision did is taken back, everywhere. */
export const undoRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/decisions/{decision}/undo", tag: "Bans" },
    operationId: "undoDecision",
    summary: "Takes back what a decision did, on all hosts",
    description:
      "What it put into force and still stands by it goes back to what stood before: of a ban, an import, a lift, or of what undid one. What was decided on since stays, and is named. Within an hour of the decision to take something back is not dangerous; to ban again, or for longer, is what a ban would be.",
    ...{ allows: "analyst", scope: "own", changes: true },
    body: UndoOrder,
    answers: orderedOrWaits(UndoAnswer),
    problems: [409],
    handle: async ({ caller, params: { decision = "" }, body }) =>
      undo(caller, orderable(caller, decision, ports), body, ports),
  }),
];

/** @throws ApiProblem when there is none that the caller may change */
function orderable(
  caller: Caller,
  id: string,
  ports: OperatorApiPorts,
): DecisionEntry {
  const decision = ownDecision(caller, id, ports);
  if (mayOrder(caller, decision.feed)) return decision;
  throw unknown("decision", id, `there is no decision ${id}`);
}

async function undo(
  caller: Caller,
  decision: DecisionEntry,
  order: UndoOrder,
  ports: OperatorApiPorts,
) {
  const { reason, wrong, dryRun, breakGlass } = order;
  const asked = { decision, reason, wrong, dryRun, breakGlass };
  const came = await ports.undoing.undo(caller, asked);
  if (came.kind === "waits") return waitsAnswer(came);
  const { done, dangers, glass, flows } = came;
  const { feed } = decision;
  return answer(statusOf(done.decision), {
    ...{ undoes: decision.decision, wrong, dryRun },
    ...placeOf(done.decision, feed, ports),
    ...shown(caller, done),
    ...{ dangers, glass, flows },
  });
}

const shown = (
  caller: Caller,
  { feed, counts, first, changedBy }: UndoDone,
) => ({
  ...{ counts: allCounts(counts), first },
  changedBy: changedBy.map((each) => ({
    ...each,
    by: nameSeen(caller, { by: each.by, feed }),
  })),
});
