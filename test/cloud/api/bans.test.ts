import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { TestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator } from "../../support/cloud/people.js";
import { cloudWithBans } from "../../support/cloud/some-bans.js";

interface Row {
  readonly range: string;
  readonly feed: string;
  readonly since?: string;
}

interface Page {
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total: number;
  readonly from?: number;
  readonly scanned?: number;
}

/** A problem, as far as it is looked at here. */
interface Refused {
  readonly code: string;
  readonly errors: readonly { readonly field: string; message: string }[];
}

describe("the list of bans, by query and order", () => {
  let cloud: TestCloud;
  let viewer: string;

  beforeAll(async () => {
    const reasons = { first: "SSH brute force", last: "spam" };
    ({ cloud, viewer } = await cloudWithBans(reasons));
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const ask = async (
    asked: Readonly<Record<string, string>>,
    token = cloud.operator,
  ) => {
    const path = `/bans?${String(new URLSearchParams(asked))}`;
    return askAsOperator<Page & Refused>(cloud, token, ["GET", path]);
  };

  const page = async (...asked: Parameters<typeof ask>): Promise<Page> => {
    const { status, body } = await ask(...asked);
    expect([status, body.scanned]).toEqual([200, 1]);
    return body;
  };

  const ranges = async (...asked: Parameters<typeof ask>) =>
    (await page(...asked)).items.map(({ range }) => range);

  it.each<[string, readonly string[]]>([
    ["", ["198.51.100.5", "203.0.113.1", "203.0.113.9", "2001:db8::7"]],
    ["feed:urgent", ["203.0.113.9", "2001:db8::7"]],
    ["org:*", ["198.51.100.5", "203.0.113.1"]],
    ["not org:globex", ["203.0.113.1", "203.0.113.9", "2001:db8::7"]],
    ["observed:yes", ["203.0.113.1"]],
    ["brute", ["203.0.113.9"]],
    ["203.0.113", ["203.0.113.1", "203.0.113.9"]],
    ["range:203.0.113.0/24 feed:urgent", ["203.0.113.9"]],
    ["until:<90m", ["2001:db8::7"]],
    ["until:>7d", ["198.51.100.5"]],
    ["since:>1h", []],
    ["rings:yes", []],
  ])("has what is asked for: %s", async (q, expected) => {
    const { items, total, from } = await page({ q, sort: "range" });
    expect(items.map(({ range }) => range)).toEqual(expected);
    expect([total, from]).toEqual([expected.length, 0]);
  });

  it("goes by what it is asked to go by, from either end", async () => {
    const newest = [
      "2001:db8::7",
      "198.51.100.5",
      "203.0.113.1",
      "203.0.113.9",
    ];
    expect(await ranges({ sort: "newest" })).toEqual(newest);
    const oldest = { sort: "newest", desc: "true" };
    expect(await ranges(oldest)).toEqual([...newest].reverse());
    const [first, ...more] = await ranges({ sort: "until" });
    expect([first, more.at(-1)]).toEqual(["2001:db8::7", "198.51.100.5"]);
    const { items } = await page({ sort: "place" });
    expect(items.map(({ feed }) => feed)).toEqual([
      ...["org/acme", "org/globex", "urgent", "urgent"],
    ]);
  });

  it("begins at a row, and goes on by its cursor", async () => {
    const order = { sort: "range", limit: "2" };
    const { items, from, total, next } = await page({ ...order, at: "1" });
    expect(items.map(({ range }) => range)).toEqual([
      ...["203.0.113.1", "203.0.113.9"],
    ]);
    expect([from, total]).toEqual([1, 4]);
    const cursor = next ?? "";
    const last = await page({ ...order, cursor });
    expect(last.items.map(({ range }) => range)).toEqual(["2001:db8::7"]);
    expect([last.from, last.next]).toEqual([3, null]);
    const beyond = await page({ ...order, at: "99" });
    expect([beyond.from, beyond.items, beyond.next]).toEqual([4, [], null]);
  });

  it("begins at an address, a time or a feed", async () => {
    const jump = async (asked: Readonly<Record<string, string>>) => {
      const { from, items } = await page({ ...asked, limit: "1" });
      return [from, items[0]?.range];
    };
    const at = async (to: string) => jump({ sort: "range", to });
    expect(await at("203.0.113.2")).toEqual([2, "203.0.113.9"]);
    expect(await at("203.0.113.0/24")).toEqual([1, "203.0.113.1"]);
    expect(await at("2001::")).toEqual([3, "2001:db8::7"]);
    expect(await jump({ to: "urgent" })).toEqual([2, "203.0.113.9"]);
    const { items } = await page({ sort: "newest" });
    const since = items[1]?.since ?? "";
    expect(await jump({ sort: "newest", to: since })).toEqual([
      ...[1, "198.51.100.5"],
    ]);
  });

  it("shows an org's people their own, and what is everybody's", async () => {
    const { items, total } = await page({ sort: "range" }, viewer);
    expect(items.map(({ range }) => range)).toEqual([
      ...["203.0.113.1", "203.0.113.9", "2001:db8::7"],
    ]);
    expect(total).toBe(3);
    expect(await ranges({ q: "org:globex" }, viewer)).toEqual([]);
    expect(await ranges({ q: "198.51.100.5" }, viewer)).toEqual([]);
    const theirs = await ask({ feed: "org/globex", q: "" }, viewer);
    expect(theirs.status).toBe(404);
  });

  it.each([
    ["q", { q: "nonsense:1" }, "at 1: "],
    ["sort", { sort: "colour" }, ""],
    ["to", { to: "somewhere" }, "is no address, no time"],
    ["to", { to: "203.0.113.1", sort: "newest" }, "a time is expected"],
    ["to", { to: "2026-11-28T14:00:00Z", sort: "range" }, "an address"],
    ["to", { to: "urgent", at: "1" }, "at says already"],
    ["at", { at: "-1" }, "whole number"],
  ])("says what is wrong with %s: %j", async (field, asked, said) => {
    const { status, body } = await ask(asked);
    expect([status, body.errors[0]?.field]).toEqual([400, field]);
    expect(body.errors[0]?.message).toContain(said);
  });

  it("is as before where nothing of that is asked", async () => {
    const { body } = await ask({});
    expect(Object.keys(body)).toEqual(["items", "next", "total"]);
    expect(body.items[0]).not.toHaveProperty("since");
  });
});
