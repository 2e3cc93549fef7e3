import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { Most } from "../../agent/telemetry/most.js";

it("keeps the heaviest of whatever is shown, and counts what it passes over", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(12), (weights, limit) => {
      const most = new Most<number>(limit, (weight) => weight);
      for (const each of weights) most.show(each);
      const heaviestFirst = [...weights].sort((a, b) => b - a);
      expect(most.kept()).toEqual(heaviestFirst.slice(0, limit));
      expect(most.passedOver).toBe(Math.max(0, weights.length - limit));
    }),
  );
});
