import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { walk, type Walk } from "../../../cloud/api/walk.js";
import { turnsDuring } from "../../support/time/turns.js";

const clock = { monotonic: () => performance.now() };

/** Numbers from 1 on, of which some are asked for. */
const numbers = (
  count: number,
  isAskedFor: (row: number) => boolean,
): Walk<number, number> => ({
  behind: (place = 0, most) =>
    Array.from(
      { length: Math.min(most, count - place) },
      (_, at) => place + at + 1,
    ),
  placeOf: (row) => row,
  isAskedFor,
});

async function pagesOf(list: Walk<number, number>, limit: number) {
  const { signal } = new AbortController();
  const pages = [];
  for (let from: number | undefined; ;) {
    const page = await walk(list, { clock, signal, from, limit });
    pages.push(page);
    if (page.next === null) return pages;
    from = page.next;
  }
}

describe("a list that is asked row by row", () => {
  it("gives all that is asked for on its pages, in order, none twice", async () => {
    const shape = fc.record({
      count: fc.integer({ min: 0, max: 2_000 }),
      every: fc.integer({ min: 1, max: 900 }),
      limit: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, every, limit }) => {
        const list = numbers(count, (row) => row % every === 0);
        const pages = await pagesOf(list, limit);
        const found = pages.flatMap(({ items }) => items);
        expect(found).toEqual(list.behind(0, count).filter(list.isAskedFor));
        const [first, ...others] = pages.map(({ total }) => total);
        expect(first).toBe(found.length);
        expect(others.every((total) => total === undefined)).toBe(true);
        // Where one request sees it all, no page but the only one is empty.
        const short = pages
          .slice(0, -1)
          .filter(({ items: { length } }) => length < limit);
        expect(short).toEqual([]);
      }),
    );
  });

  it("ends before it looked at too many rows, and goes on from there", async () => {
    const pages = await pagesOf(
      numbers(50_000, (row) => row === 49_999),
      10,
    );
    expect(pages.map(({ items }) => items)).toEqual([[], [], [49_999]]);
    expect(pages.map(({ total }) => total)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("lets others have their turn between rows that take long", async () => {
    let ms = 0;
    const slow = { monotonic: () => ms };
    const list = numbers(100, () => {
      ms += 10;
      return true;
    });
    const { signal } = new AbortController();
    const stretch = { clock: slow, signal, from: undefined, limit: 1_000 };
    const turns = await turnsDuring(async () => {
      const { items } = await walk(list, stretch);
      expect(items).toHaveLength(100);
    });
    expect(turns).toBeGreaterThan(50);
  });

  it("does not look on for nobody", async () => {
    let looked = 0;
    const list = numbers(20_000, () => {
      looked += 1;
      // As slow as a turn lasts, so that others come in between.
      const until = performance.now() + 0.1;
      while (performance.now() < until);
      return false;
    });
    const gone = new AbortController();
    gone.abort();
    const { signal } = gone;
    const stretch = { clock, signal, from: undefined, limit: 10 };
    const page = await walk(list, stretch);
    expect(page.items).toEqual([]);
    expect(looked).toBeLessThan(20_000);
  });
});
