import type { FeedName } from "../../../agent/model/position.js";
import { isFor } from "../../../cloud/feeds/audience.js";
import { describe, expect, it } from "@jest/globals";
import { Coverage } from "../../../cloud/coverage/coverage.js";
import type { DecisionEntry } from "../../../cloud/decide/decision-log.js";
import { Rounds } from "../../../cloud/receipts/rounds.js";
import type { Agent } from "../../../cloud/registry/registry.js";

const DECIDED = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const decision = {
  ...{ decision: "dec-1", feed: "org/a", epoch: "one", decidedAt: DECIDED },
  until: (DECIDED + HOUR_MS) / 1_000,
} as unknown as DecisionEntry;

const agent = (org: string, enrolledAt: number, revokedAt: number | null) =>
  ({ id: `${org} ${enrolledAt}`, org, enrolledAt, revokedAt }) as Agent;

/** What is told of a decision that nobody has to hold. */
const follows = ({ org }: Agent, feed: FeedName) => isFor(org, feed);

async function told(
  entry: DecisionEntry,
  more: {
    readonly epoch?: string;
    readonly now?: number;
    readonly stands?: boolean;
    readonly agents?: readonly Agent[];
  } = {},
) {
  const { epoch = "one", now = DECIDED, stands, agents = [] } = more;
  const rounds = new Rounds({
    ...{ clock: { monotonic: () => 0 }, level: () => 0, follows },
    heardUpTo: () => 0,
    agentsAfter: (after) => agents.filter(({ id }) => id > after),
    notEnforcing: () => new Map(),
    heldByPolicy: () => ({ of: () => ({}) }),
  });
  const coverage = new Coverage({
    outcomes: {
      of: () => Promise.resolve([]),
      round: (...asked) => rounds.of(...asked),
    },
    epochOf: () => epoch,
    stands: () => Promise.resolve(stands),
    clock: { now: () => now },
  });
  const { covered } = await coverage.of(entry, await coverage.round(null));
  return covered;
}

describe("why nobody holds a decision any more", () => {
  it("is that it expired, was taken back, or is of a history that is over", async () => {
    const overOf = async (...asked: Parameters<typeof told>) =>
      (await told(...asked)).over;
    expect(await overOf(decision)).toBeNull();
    expect(await overOf(decision, { stands: true })).toBeNull();
    expect(await overOf(decision, { stands: false })).toBe("gone");
    const late = { now: DECIDED + HOUR_MS, stands: false };
    expect(await overOf(decision, late)).toBe("expired");
    expect(await overOf({ ...decision, until: null }, late)).toBe("gone");
    const anew = { ...late, epoch: "two" };
    expect(await overOf(decision, anew)).toBe("new-epoch");
  });
});

describe("hosts that were sent away since", () => {
  it("are those that were there, and followed the feed", async () => {
    const agents = [
      agent("a", DECIDED - 9, DECIDED + 1),
      agent("a", DECIDED - 8, DECIDED - 1),
      agent("a", DECIDED + 1, DECIDED + 2),
      agent("a", DECIDED - 7, null),
      agent("b", DECIDED - 9, DECIDED + 1),
    ];
    expect(await told(decision, { agents })).toMatchObject({ revoked: 1 });
  });
});
