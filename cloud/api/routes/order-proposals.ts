import * as v from "valibot";
import { NotOpen } from "../../decide/settling.js";
import type { ProposedOrder } from "../../journal/two-person-events.js";
import type { Caller } from "../../operators/caller.js";
import type { WaitingOrder } from "../../two-persons/proposed-orders.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { Time, Whole } from "../table/answer.js";
import { stepUpNeeded } from "../table/mount.js";
import { mustReadRings } from "./bans.js";
import { Danger } from "./two-persons.js";

/** An order that one gave and somebody else decides on. */
export const OrderProposal = v.object({
  kind: v.literal("order"),
  id: v.string(),
  action: v.picklist(["ban", "lift", "import", "undo", "change"]),
  /** Of a change: of what, and what it comes to; null: it bans or lifts. */
  change: v.nullable(v.object({ of: v.string(), says: v.string() })),
  feeds: v.array(v.string()),
  /** How many, and the first few of them; none of an import's. */
  ranges: Whole,
  targets: v.array(v.string()),
  /** Seconds from the release on; null: without an end, or a lift. */
  lasts: v.nullable(Whole),
  reason: v.string(),
  /** Hosts only count and report. */
  observed: v.boolean(),
  /** Less than what stands, or a list's earlier ranges, gives way to it. */
  replace: v.boolean(),
  /** Of a lift: bans that lie in the ranges, too. */
  within: v.boolean(),
  /** However large: no ring of hosts waits for another by itself. */
  atOnce: v.boolean(),
  /** Of an import: the list's name. */
  list: v.nullable(v.string()),
  /** Of an undo: the decision, and whether it is to be known as wrong. */
  undoes: v.nullable(v.string()),
  wrong: v.boolean(),
  dangers: v.array(Danger),
  /** Who gave it, and whose operator that is; null: the vendor's. */
  by: v.string(),
  org: v.nullable(v.string()),
  proposedAt: Time,
  expiresAt: Time,
  verdict: v.nullable(v.picklist(["released", "refused"])),
  settledAt: v.nullable(Time),
  settledBy: v.nullable(v.string()),
  settledWhy: v.nullable(v.string()),
  decision: v.nullable(v.string()),
});

/** Terms of any order, as the log has them. */
type Terms = Partial<{
  readonly feed: string;
  readonly feeds: string[];
  readonly lasts: number | null;
  readonly reason: string;
  readonly observed: boolean;
  readonly replace: boolean;
  readonly within: boolean;
  readonly atOnce: boolean;
  readonly list: string;
  readonly undoes: string;
  readonly wrong: boolean;
  readonly of: string;
  readonly says: string;
}>;

export function shownOrder(waiting: WaitingOrder) {
  const { terms, count, few, ...rest } = waiting;
  const said = terms as Terms;
  return {
    ...rest,
    ...({ kind: "order", ranges: count, targets: few } as const),
    change: changeOf(said),
    feeds: said.feeds ?? [said.feed ?? []].flat(),
    lasts: said.lasts ?? null,
    reason: said.reason ?? "",
    observed: said.observed ?? false,
    replace: said.replace ?? false,
    within: said.within ?? false,
    atOnce: said.atOnce ?? false,
    list: said.list ?? null,
    undoes: said.undoes ?? null,
    wrong: said.wrong ?? false,
  };
}

const changeOf = ({ of, says = "" }: Terms) =>
  of === undefined ? null : { of, says };

/**
 * Has the very order carried out, by who gave it.
 * @throws ApiProblem, SamePerson
 */
export async function releaseOrder(
  caller: Caller,
  { id }: WaitingOrder,
  reason: string,
  ports: OperatorApiPorts,
) {
  if ((caller.steppedUpUntil ?? 0) <= ports.clock.now()) {
    throw stepUpNeeded();
  }
  const mustStand = (order: ProposedOrder) => {
    const inRings = order.action === "ban" && order.waits !== undefined;
    if (inRings) mustReadRings(order.feed, ports);
  };
  const release = { caller, id, reason, mustStand };
  return whileOpen(id, () => ports.proposing.release(release));
}

/** @throws ApiProblem when it is not open any more */
export const refuseOrder = (
  caller: Caller,
  { id }: WaitingOrder,
  reason: string,
  { proposing }: OperatorApiPorts,
): Promise<void> => whileOpen(id, () => proposing.refuse(caller, id, reason));

/** All that an order is of, as far as that is kept: the first ten thousand. */
export async function rangesOfOrder(
  waiting: WaitingOrder,
  ports: OperatorApiPorts,
): Promise<readonly string[]> {
  return ports.proposing.rangesOf(waiting, MOST_SHOWN);
}

/** Of a change that waits: all that it takes. */
export function textOfOrder(
  order: WaitingOrder,
  { waiting }: Pick<OperatorApiPorts, "waiting">,
): string | null {
  const asked = waiting.orderOf(order);
  return asked.action === "change" ? asked.text : null;
}

const MOST_SHOWN = 10_000;

/** @throws ApiProblem when it is not open, or not any more */
export async function whileOpen<T>(
  id: string,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof NotOpen)) throw error;
    const { message } = error;
    throw problem(409, "not-open", { field: "proposal", value: id, message });
  }
}
