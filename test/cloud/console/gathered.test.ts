import { expect, test } from "@jest/globals";
import { Gathered } from "../../../cloud/console/page/gathered.js";

test("what came is taken once, in its order", () => {
  const gathered = new Gathered<number>(3);
  expect(gathered.isEmpty).toBe(true);
  gathered.add([1]);
  gathered.add([2, 3]);
  expect(gathered.isEmpty).toBe(false);
  expect(gathered.take()).toEqual({ news: [1, 2, 3], isMissing: false });
  expect(gathered.take()).toEqual({ news: [], isMissing: false });
});

test("the newest are kept, and it is said once that others are missing", () => {
  const gathered = new Gathered<number>(3);
  gathered.add([1, 2, 3, 4, 5]);
  gathered.add([6]);
  expect(gathered.take()).toEqual({ news: [4, 5, 6], isMissing: true });
  gathered.add([7]);
  expect(gathered.take()).toEqual({ news: [7], isMissing: false });
});
