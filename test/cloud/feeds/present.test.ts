import { describe, expect, it } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";

interface Ordered {
  readonly effects: readonly {
    readonly range: string;
    readonly effect?: string;
    readonly lifted?: Readonly<Record<string, number>>;
  }[];
}

describe("what a feed bans now, while its table is behind", () => {
  it("is what the latest order made of it, however many came since", async () => {
    await using cloud = await startTestCloud();
    const order = async (verb: "bans" | "lifts", ranges: readonly string[]) => {
      const path = `/api/v1/${verb}`;
      const { body } = await cloud.request<Ordered>("POST", path, {
        ...{ ranges, feed: "urgent", reason: "test" },
      });
      return body.effects.map(({ effect, lifted }) => effect ?? lifted);
    };
    const range = "198.51.100.7";
    // More than a tail keeps of what is in the table already, twice over.
    for (let batch = 0; batch < 5; batch++) {
      const others = Array.from({ length: 500 }, (_, i) =>
        [198, 18 + batch, i >> 8, i & 255].join("."),
      );
      expect(new Set(await order("bans", others))).toEqual(new Set(["new"]));
      expect(await order("bans", [range])).toEqual(["new"]);
      expect(await order("bans", [range])).toEqual(["unchanged"]);
      expect(await order("lifts", [range])).toEqual([{ urgent: 1 }]);
      expect(await order("lifts", [range])).toEqual([{}]);
      expect(await order("bans", others.slice(0, 2))).toEqual([
        "unchanged",
        "unchanged",
      ]);
    }
  });
});
