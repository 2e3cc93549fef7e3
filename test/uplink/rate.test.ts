import { expect, it } from "@jest/globals";
import { Rate } from "../../agent/uplink/rate.js";

it("lets so many through in any minute, and no more", () => {
  const rate = new Rate(3, 60_000);
  const taken = (...at: readonly number[]) => at.map((now) => rate.take(now));
  expect(taken(0, 1, 2, 3)).toEqual([true, true, true, false]);
  expect(taken(59_999, 60_000, 60_000)).toEqual([false, true, false]);
  expect(taken(60_001, 60_002, 60_003)).toEqual([true, true, false]);
});
