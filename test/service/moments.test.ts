import { describe, expect, it } from "@jest/globals";
import type { BanView } from "../../service/control/list-views.js";
import { sortedBans, sortFields } from "../../service/cli/sorted-bans.js";
import { momentText, shortMoment } from "../../service/terminal/when.js";

const NOW = new Date(2026, 10, 29, 18, 0, 0).getTime();
const HOUR_MS = 3_600_000;
const TERMINAL = { isTTY: true };

describe("a moment", () => {
  it.each([
    [3 * HOUR_MS, "21:00:00 (in 3 h)", "21:00 (in 3 h)"],
    [-90_000, "17:58:30 (2 min ago)", "17:58 (2 min ago)"],
    [53 * HOUR_MS, "2026-12-01 23:00:00 (in 2 d 5 h)", "1 Dec 23:00 (in 2 d)"],
    [
      400 * 24 * HOUR_MS,
      "2028-01-03 18:00:00 (in 400 d)",
      "2028-01-03 (in 400 d)",
    ],
  ])("is told at a terminal by the local clock: %d ms", (ms, long, short) => {
    expect(momentText(NOW + ms, TERMINAL, NOW)).toBe(long);
    expect(shortMoment(NOW + ms, TERMINAL, NOW)).toBe(short);
  });

  it("is ISO 8601 in UTC where a program may read it", () => {
    const moment = "2026-11-29T18:22:41.123Z";
    expect(momentText(moment, {}, NOW)).toBe("2026-11-29T18:22:41Z");
    expect(shortMoment(moment, { isTTY: false }, NOW)).toBe(
      "2026-11-29T18:22:41Z",
    );
  });
});

describe("bans in order", () => {
  const view = (range: string, rest: Partial<BanView> = {}): BanView => ({
    ...{ range, feed: "urgent", reason: "", expires: null },
    ...{ mode: "enforce", held: null, begins: null, ...rest },
  });
  const all = [
    view("2001:db8::/32", { reason: "b", expires: "2026-12-01T00:00:00.000Z" }),
    view("9.0.0.1", { reason: "c", feed: "local" }),
    view("10.0.0.0/8", { reason: "a", expires: "2026-11-30T00:00:00.000Z" }),
    view("10.0.0.0", { reason: "d", feed: "reputation" }),
  ];
  async function* pages() {
    yield await Promise.resolve(all.slice(0, 3));
    yield all.slice(3);
  }

  it.each([
    ["range", ["9.0.0.1", "10.0.0.0/8", "10.0.0.0", "2001:db8::/32"]],
    ["until", ["10.0.0.0/8", "2001:db8::/32", "9.0.0.1", "10.0.0.0"]],
    ["feed", ["9.0.0.1", "10.0.0.0", "2001:db8::/32", "10.0.0.0/8"]],
    ["reason", ["10.0.0.0/8", "2001:db8::/32", "9.0.0.1", "10.0.0.0"]],
  ] as const)("by %s", async (by, ranges) => {
    const { bans } = await sortedBans(pages(), { by, desc: false, most: 9 });
    expect(bans.map(({ range }) => range)).toEqual(ranges);
    expect(sortFields).toContain(by);
  });

  it("keeps as many as are wanted, of however many come", async () => {
    async function* many() {
      for (let i = 0; i < 100; i++) {
        yield await Promise.resolve(
          Array.from({ length: 1_000 }, (_, j) =>
            view(`10.${i}.${j >> 8}.${j & 255}`),
          ),
        );
      }
    }
    const sorting = { by: "range", desc: true, most: 2 } as const;
    const { bans, seen } = await sortedBans(many(), sorting);
    expect(seen).toBe(100_000);
    expect(bans.map(({ range }) => range)).toEqual([
      "10.99.3.231",
      "10.99.3.230",
    ]);
  });
});
