import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import fc from "fast-check";
import { Records, type RecordsQuery } from "../../../cloud/audit/records.js";
import type { CallMade } from "../../../cloud/journal/call-events.js";
import { SCHEMA } from "../../../cloud/journal/sqlite-decisions.js";
import { GivenUp, Turns } from "../../../cloud/rate/turns.js";
import { ticking } from "../../support/time/turns.js";

/** Calls in a log: every so many are by anna, the others by bert. */
function recordsOf(count: number, every: number): Records {
  const database = new BetterSqlite3(":memory:");
  database.exec(SCHEMA);
  const put = database.prepare(
    "INSERT INTO decisions (seq, at, body) VALUES (?, ?, ?)",
  );
  for (let seq = 1; seq <= count; seq++) {
    const name = seq % every === 0 ? "anna" : "bert";
    const call: CallMade = {
      ...{ kind: "call", call: `call-${seq}`, operation: "addOrg" },
      ...{ operator: `opr-${name}`, name, role: "admin", org: null },
      ...{ credential: "tok-1", from: "127.0.0.1", why: "" },
      ...{ before: null, made: 0 },
    };
    put.run(seq, seq, JSON.stringify(call));
  }
  return new Records(database);
}

async function pagesOf(records: Records, query: RecordsQuery) {
  const pages = [];
  for (let { before } = query; ;) {
    const turns = new Turns(ticking());
    const page = await records.page({ ...query, before }, turns);
    pages.push(page.records.map(({ seq }) => seq));
    if (page.next === null) return pages;
    before = page.next;
  }
}

describe("calls that are asked for", () => {
  it("come on pages, the newest first, each of them once", async () => {
    const shape = fc.record({
      count: fc.integer({ min: 0, max: 450 }),
      every: fc.integer({ min: 1, max: 120 }),
      limit: fc.integer({ min: 1, max: 150 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, every, limit }) => {
        const records = recordsOf(count, every);
        const pages = await pagesOf(records, { by: "anna", limit });
        const asked = Array.from({ length: count }, (_, n) => count - n);
        expect(pages.flat()).toEqual(asked.filter((n) => n % every === 0));
      }),
      { numRuns: 30 },
    );
  });

  it("are looked for on several pages where there are too many", async () => {
    const pages = await pagesOf(recordsOf(6_000, 5_999), {
      ...{ by: "anna", limit: 10 },
    });
    expect(pages).toEqual([[5_999], []]);
  });

  it("let others have their turn, and are looked for no longer for nobody", async () => {
    const gone = new AbortController();
    let looked = 0;
    const is = () => {
      looked += 1;
      return false;
    };
    // It comes between two turns, or not at all.
    setImmediate(() => setImmediate(() => gone.abort()));
    const turns = new Turns(ticking(), gone.signal);
    const page = recordsOf(2_000, 1).page({ is, limit: 10 }, turns);
    await expect(page).rejects.toThrow(GivenUp);
    expect(looked).toBeLessThan(2_000);
  });
});
