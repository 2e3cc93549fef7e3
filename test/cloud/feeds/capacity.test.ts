import { describe, expect, it } from "@jest/globals";
import { NO_HASH } from "../../../agent/model/position.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Capacity, FeedFull } from "../../../cloud/feeds/capacity.js";

describe("a feed's capacity", () => {
  it("is what one snapshot holds", async () => {
    const { capacity, counted } = feedOf(2_500_000, 2_500_000);
    await expect(capacity.makeRoom("urgent", 2_500_000)).rejects.toThrow(
      new FeedFull("urgent", 2_500_000, 2_500_000),
    );
    await capacity.makeRoom("urgent", 1_500_000);
    expect(counted.times).toBe(1);
  });

  it("is counted only when the ops could have filled it", async () => {
    const { capacity, counted } = feedOf(limits.snapshotBans - 1, 10);
    await capacity.makeRoom("urgent", 1);
    expect(counted.times).toBe(0);
    for (let i = 0; i < 5; i++) await capacity.makeRoom("urgent", 2);
    expect(counted.times).toBe(1);
  });
});

function feedOf(offset: number, bans: number) {
  const counted = { times: 0 };
  const capacity = new Capacity({
    standing: () => ({ feed: "urgent", epoch: "e", offset, hash: NO_HASH }),
    counts: async () => {
      counted.times += 1;
      return Promise.resolve({ urgent: { bans } });
    },
  });
  return { capacity, counted };
}
