import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  agentOrders,
  agentsAsked,
  type AgentPlace,
  type AgentsOf,
} from "../../../cloud/api/asked/agents.js";
import { FirstOf } from "../../../cloud/api/asked/first-of.js";
import type { RosterRow } from "../../../cloud/fleet/roster-row.js";
import { GivenUp, Turns } from "../../../cloud/rate/turns.js";
import { ticking, turnsDuring } from "../../support/time/turns.js";

const row: RosterRow = {
  ...{ id: "agt-1", org: "acme", hostname: "web1", tags: [], groups: [] },
  ...{ version: "0.1.0", system: "debian", protocol: 2, enrolledAt: 0 },
  ...{
    revokedAt: null,
    lastSeen: null,
    leftAt: null,
    mode: "enforce",
    behind: null,
  },
  ...{ codes: [], dropped: 0, cloned: 0 },
  ...{ kernel: null, arch: null, bans: null, observed: null, held: null },
};

const portsOf = (rows: readonly RosterRow[]) => ({
  roster: { rows: () => Promise.resolve(rows) },
  gateway: { isConnected: () => false, heardAt: () => undefined },
  telemetryOverSince: () => null,
  clock: ticking(),
});

const all: AgentsOf = {
  ...{ query: undefined, order: "enrolled", desc: false, limit: 10 },
  ...{ from: undefined, isMeant: () => true },
};

const vendor = { org: null };

const fleets = fc.array(
  fc.record({
    hostname: fc.constantFrom("db1", "web1", "web2"),
    org: fc.constantFrom("acme", "globex"),
    version: fc.constantFrom("0.9.0", "0.10.2", "1.0.0"),
    enrolledAt: fc.integer({ min: 0, max: 5 }),
    lastSeen: fc.constantFrom(null, 1, 2),
    behind: fc.constantFrom(null, 0, 7),
    bans: fc.constantFrom(null, 3, 4),
  }),
  { maxLength: 40 },
);

describe("hosts that are asked for", () => {
  it("come on pages as one list in its order has them", async () => {
    const asked = fc.record({
      order: fc.constantFrom(...agentOrders),
      desc: fc.boolean(),
      limit: fc.integer({ min: 1, max: 7 }),
    });
    const shape = fc.tuple(fleets, asked);
    await fc.assert(
      fc.asyncProperty(shape, async ([fleet, { limit, ...how }]) => {
        const rows = fleet.map((each, nth): RosterRow => {
          return { ...row, ...each, id: `agt-${nth}` };
        });
        const page = (most: number, from?: AgentPlace) => {
          const turns = new Turns(ticking());
          const of = { ...all, ...how, limit: most, from };
          return agentsAsked(vendor, of, portsOf(rows), turns);
        };
        const { ids: whole, next } = await page(100);
        expect([new Set(whole).size, next]).toEqual([rows.length, null]);
        const pages: string[] = [];
        for (let from: AgentPlace | undefined; ;) {
          const found = await page(limit, from);
          expect(found.total).toBe(rows.length);
          pages.push(...found.ids);
          if (found.next === null) break;
          expect(found.ids).toHaveLength(limit);
          from = found.next;
        }
        expect(pages).toEqual(whole);
      }),
    );
  });

  it("let others have their turn, whatever a query costs", async () => {
    const rows = Array.from({ length: 500 }, (_, n) => {
      return { ...row, id: `agt-${n}` };
    });
    const turns = await turnsDuring(() =>
      agentsAsked(vendor, all, portsOf(rows), new Turns(ticking())),
    );
    expect(turns).toBeGreaterThan(500 / 10);
  });

  it("are looked for no longer once nobody waits", async () => {
    const gone = new AbortController();
    const rows = Array.from({ length: 500 }, () => row);
    let looked = 0;
    const isMeant = () => {
      looked += 1;
      if (looked === 100) gone.abort();
      return true;
    };
    const turns = new Turns(ticking(), gone.signal);
    const found = agentsAsked(
      vendor,
      { ...all, isMeant },
      portsOf(rows),
      turns,
    );
    await expect(found).rejects.toThrow(GivenUp);
    expect(looked).toBeLessThan(120);
  });
});

it("the first of many are those that a sort has in front", () => {
  const shape = fc.tuple(
    fc.array(fc.integer()),
    fc.integer({ min: 1, max: 9 }),
  );
  fc.assert(
    fc.property(shape, ([numbers, most]) => {
      const first = new FirstOf<number>(most, (a, b) => a - b);
      for (const each of numbers) first.take(each);
      const sorted = numbers.toSorted((a, b) => a - b);
      expect(first.kept).toEqual(sorted.slice(0, most));
      expect(first.hasMore).toBe(numbers.length > most);
    }),
  );
});
