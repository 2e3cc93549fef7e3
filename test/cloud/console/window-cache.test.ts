import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import {
  PAGE_ROWS,
  WindowCache,
  type RowWindow,
} from "../../../cloud/console/page/parts/window-cache.js";

const MILLION = 1_000_000;

/** A list whose rows are their own numbers, and that is answered when told to. */
class Asked {
  readonly waiting: {
    readonly at: number;
    readonly cursor: string | undefined;
    readonly signal: AbortSignal;
    readonly answer: (window: RowWindow<number>) => void;
  }[] = [];
  readonly errors: Error[] = [];
  readonly cache = new WindowCache<number>({
    read: ({ at, cursor, signal }) =>
      new Promise((answer, reject) => {
        this.waiting.push({ at, cursor, signal, answer });
        signal.addEventListener("abort", () => reject(new Error("given up")));
      }),
    onChange: () => undefined,
    onError: (error) => this.errors.push(error),
  });

  /** Answers all that is asked, as a list of so many rows, till nothing is. */
  async settle(total = MILLION): Promise<void> {
    for (let round = 0; round < 40; round++) {
      for (const { at, answer } of this.waiting.splice(0)) {
        answer(windowOf(at, total));
      }
      await turn();
    }
  }
}

function windowOf(at: number, total: number): RowWindow<number> {
  const length = Math.max(0, Math.min(PAGE_ROWS, total - at));
  const rows = Array.from({ length }, (_, nth) => at + nth);
  return { rows, at, total, next: `behind ${at + length}` };
}

const calm = () => new Promise((resolve) => setTimeout(resolve, 80));

test("what is in sight is read, and what may come next; nothing else", async () => {
  const asked = new Asked();
  const { cache } = asked;
  cache.sight(0, 30);
  expect(asked.waiting.map(({ at }) => at)).toEqual([0]);
  expect(cache.rowAt(3)).toBeUndefined();
  await asked.settle();
  expect([cache.count, cache.isWhole, cache.held]).toEqual([
    MILLION,
    true,
    200,
  ]);
  expect([cache.rowAt(3), cache.rowAt(150)]).toEqual([3, 150]);
  expect(cache.rowAt(5_000)).toBeUndefined();
  cache.close();
});

test("pages that are scrolled past are given up, and those in sight read", async () => {
  const asked = new Asked();
  const { cache } = asked;
  cache.sight(0, 30);
  await asked.settle();
  cache.sight(500_000, 500_030);
  await calm();
  const begun = [...asked.waiting];
  expect(begun.map(({ at }) => at)).toContain(500_000);
  for (let at = 0; at < MILLION; at += 50_000) cache.sight(at, at + 30);
  expect(begun.every(({ signal }) => signal.aborted)).toBe(true);
  asked.waiting.length = 0;
  await calm();
  expect(asked.waiting.map(({ at }) => at)).toContain(950_000);
  await asked.settle();
  expect(cache.rowAt(950_004)).toBe(950_004);
  expect(asked.errors).toEqual([]);
  cache.close();
});

test("however much is scrolled through, few rows are held", async () => {
  const asked = new Asked();
  const { cache } = asked;
  for (let at = 0; at < 8_000; at += PAGE_ROWS) {
    cache.sight(at, at + 30);
    await calm();
    await asked.settle();
  }
  expect(cache.held).toBeLessThanOrEqual(6_000);
  expect(cache.rowAt(7_901)).toBe(7_901);
  expect(cache.rowAt(0)).toBeUndefined();
  cache.close();
});

test("a list that is still looked through grows until all of it was seen", async () => {
  const asked = new Asked();
  const { cache } = asked;
  cache.sight(0, 30);
  const [first] = asked.waiting.splice(0);
  first?.answer({ rows: [0, 1, 2], at: 0, total: undefined });
  await turn();
  await turn();
  expect([cache.count, cache.isWhole]).toEqual([3, false]);
  expect(asked.waiting.map(({ at }) => at)).toEqual([0]);
  await asked.settle(130);
  expect([cache.count, cache.isWhole]).toEqual([130, true]);
  expect(cache.rowAt(129)).toBe(129);
  cache.close();
});

test("what comes and goes meanwhile moves no row that was read", async () => {
  const asked = new Asked();
  const { cache } = asked;
  cache.sight(0, 30);
  await asked.settle(250);
  expect(cache.isGone(120)).toBe(false);
  cache.sight(130, 200);
  await calm();
  const [third] = asked.waiting.splice(0);
  expect([third?.at, third?.cursor]).toEqual([200, "behind 200"]);
  // Three came before it, and all but twenty behind it ended.
  third?.answer({ ...windowOf(200, 220), at: 203, total: 223 });
  await turn();
  await turn();
  expect(cache.count).toBe(250);
  expect([cache.rowAt(199), cache.rowAt(200)]).toEqual([199, 200]);
  expect([cache.rowAt(219), cache.isGone(219)]).toEqual([219, false]);
  expect([cache.rowAt(220), cache.isGone(220)]).toEqual([undefined, true]);
  cache.close();
});
