import { expect, test } from "@jest/globals";
import { Gathered } from "../../../cloud/console/page/gathered.js";

type Items = Parameters<Gathered["add"]>[0];

const told = (...positions: readonly number[]): Items =>
  positions.map((position) => ({ position }) as unknown as Items[number]);

test("what came is taken once, in its order", () => {
  const gathered = new Gathered(3);
  expect(gathered.isEmpty).toBe(true);
  gathered.add(told(1));
  gathered.add(told(2, 3));
  expect(gathered.isEmpty).toBe(false);
  expect(gathered.take()).toEqual({ news: told(1, 2, 3), isMissing: false });
  expect(gathered.take()).toEqual({ news: [], isMissing: false });
});

test("the newest are kept, and it is said once that others are missing", () => {
  const gathered = new Gathered(3);
  gathered.add(told(1, 2, 3, 4, 5));
  gathered.add(told(6));
  expect(gathered.take()).toEqual({ news: told(4, 5, 6), isMissing: true });
  gathered.add(told(7));
  expect(gathered.take()).toEqual({ news: told(7), isMissing: false });
});
