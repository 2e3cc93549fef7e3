import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import {
  Approval,
  type RaisedLimits,
  type Rollout,
} from "../../agent/protocol/documents.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import type { Draft } from "../roots/ceremony.js";

/** How the next approval of a feed is to differ from its newest. */
export interface ApprovalChanges {
  readonly feed: FeedName;
  readonly add: readonly Cidr[];
  readonly remove: readonly Cidr[];
  /** Milliseconds from now to the canaries, and from each ring to the next. */
  readonly waits: readonly [number, number, number, number];
  readonly goodForMs: number;
  /** In place of those of the newest; undefined leaves them as they are. */
  readonly limits: RaisedLimits | undefined;
}

/**
 * The approval that comes after this one, the whole of it; nobody has signed it
 * yet. What is added again starts over, ring by ring.
 * @throws Malformed when it would not do
 */
export function approvalAfter(
  before: Approval | undefined,
  changes: ApprovalChanges,
  now: number,
): Draft {
  const { feed, add, remove, goodForMs } = changes;
  const added = [...new Set(add.map(formatCidr))];
  const gone = new Set([...remove.map(formatCidr), ...added]);
  const kept = (before?.rollouts ?? [])
    .map(({ notBefore, ranges }) => ({
      notBefore,
      ranges: ranges.filter((range) => !gone.has(range)),
    }))
    .filter(({ ranges }) => ranges.length > 0);
  const notBefore = timesAfter(now, changes.waits);
  const fresh = added.length === 0 ? [] : [{ notBefore, ranges: added }];
  const limits = changes.limits ?? before?.limits;
  const document: Approval = {
    type: "approval",
    feed,
    version: (before?.version ?? 0) + 1,
    issuedAt: now,
    expiresAt: now + goodForMs,
    rollouts: merged([...kept, ...fresh], now),
    ...(limits !== undefined && { limits }),
  };
  const signed = JSON.stringify(document);
  parseJson(Approval, signed, "approval");
  return { signed, signatures: [] };
}

/** @throws Malformed */
export const approvalOf = ({ signed }: Pick<Draft, "signed">): Approval =>
  parseJson(Approval, signed, "approval");

function timesAfter(
  now: number,
  waits: ApprovalChanges["waits"],
): Rollout["notBefore"] {
  const canary = now + waits[0];
  const early = canary + waits[1];
  const broad = early + waits[2];
  return { canary, early, broad, all: broad + waits[3] };
}

/** Rollouts that have come to everybody need no times of their own any more. */
function merged(rollouts: readonly Rollout[], now: number): Rollout[] {
  const over = rollouts.filter(({ notBefore }) => notBefore.all <= now);
  const open = rollouts.filter(({ notBefore }) => notBefore.all > now);
  const ranges = over.flatMap((each) => each.ranges);
  const last = over.toSorted((a, b) => b.notBefore.all - a.notBefore.all)[0];
  return last === undefined ? open : [{ ...last, ranges }, ...open];
}
