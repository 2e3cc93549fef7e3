import { describe, expect, it } from "@jest/globals";
import {
  MOST_AN_HOUR,
  NOTHING_TOLD,
  take,
} from "../../agent/health/happenings.js";

describe("single happenings", () => {
  it("are told one by one up to a number an hour, and counted beyond", () => {
    let told = NOTHING_TOLD;
    const outcomes = Array.from({ length: MOST_AN_HOUR + 5 }, (_, i) => {
      const outcome = take(told, i);
      told = outcome.told;
      return outcome.tell;
    });
    expect(outcomes.filter(Boolean)).toHaveLength(MOST_AN_HOUR);
    expect(outcomes.slice(-5)).toEqual(Array(5).fill(false));
    expect(take(told, 3_600_000)).toMatchObject({ tell: true, untold: 5 });
    expect(take(told, 3_599_999).tell).toBe(false);
  });

  it("forget what was untold once it was told", () => {
    let told = NOTHING_TOLD;
    for (let i = 0; i <= MOST_AN_HOUR; i++) told = take(told, i).told;
    const first = take(told, 4_000_000);
    expect(first.untold).toBe(1);
    expect(take(first.told, 4_000_001).untold).toBe(0);
  });
});
