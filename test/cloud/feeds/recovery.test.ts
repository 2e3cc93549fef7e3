import { describe, expect, it } from "@jest/globals";
import { Recovery, type Snapshots } from "../../../cloud/feeds/recovery.js";
import type { SnapshotEntry } from "../../../cloud/feeds/snapshots/snapshot-cache.js";
import { ManualClock } from "../../support/time/clock.js";

describe("the way past bans in rings", () => {
  it("goes by a snapshot without any, looked for once a minute", async () => {
    const { recovery, clock, made, snapshots } = stuckAt(9);
    await recovery.plan("urgent", undefined, withoutRings);
    expect([made.length, snapshots[0]?.version]).toEqual([1, 2]);
    const planned = recovery.plan("urgent", undefined, withoutRings);
    await clock.advance(59_000);
    expect(made).toHaveLength(1);
    await clock.advance(1_000);
    await planned;
    expect(made).toHaveLength(2);
    expect(recovery.plan("urgent", undefined, withoutRings)).toMatchObject({
      ...{ mode: "snapshot", sha256: "2" },
    });
  });

  it("is that of everybody for who reads rings", async () => {
    const { recovery } = stuckAt(9);
    await recovery.plan("urgent", undefined, withRings);
    expect(recovery.plan("urgent", undefined, withRings)).toMatchObject({
      ...{ mode: "snapshot", sha256: "1" },
    });
  });
});

const withRings = { isStuck: true, readsRings: true };
const withoutRings = { isStuck: true, readsRings: false };

/** A feed whose first snapshot has bans that wait for rings, and no other. */
function stuckAt(offset: number) {
  const clock = new ManualClock();
  const place = { feed: "urgent", epoch: "e", offset } as const;
  const made: SnapshotEntry[] = [];
  const snapshots: SnapshotEntry[] = [];
  const worker: Snapshots = {
    snapshots: () => snapshots,
    build: (_, issuedAt) => {
      const version = made.length === 0 ? 2 : 1;
      const sha256 = String(made.length + 1);
      const size = { bytes: 1, bans: 1 };
      const entry = { ...place, ...size, sha256, issuedAt, version } as const;
      made.push(entry);
      snapshots.unshift(entry);
      return Promise.resolve(entry);
    },
  };
  const tip = { ...place, hash: Buffer.alloc(32), logBytes: 1 };
  const index = {
    standing: () => tip,
    segmentAfter: () => undefined,
    segmentEndingAt: () => undefined,
  };
  const recovery = new Recovery(index, worker, clock);
  return { recovery, clock, made, snapshots };
}
